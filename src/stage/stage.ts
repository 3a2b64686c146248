/**
 * The stages of one run as plain data. `program.ts` turns them into one POSIX sh program, so that a card means the
 * same in a container, a pod, a Slurm step and a process on the host.
 */

export const stageNames = [
  'clone',
  'data',
  'pre_script',
  'environment',
  'run',
  'post_script',
  'collect',
  'give_back',
] as const;
export type StageName = (typeof stageNames)[number];

/**
 * A word of a command line: literal text and references to variables of the run's environment. `split` makes several
 * words, or none, of the variable's value, as a shell does with one outside quotes.
 */
export type WordPiece = { text: string } | { variable: string; split?: true };
export type Word = readonly WordPiece[];

export interface Stage {
  name: StageName;
  /** What a person calls it, such as the path of a pre-script. */
  title: string;
  /** Absolute path, or relative to the workspace. */
  cwd: string;
  /** Shell text that users wrote as such (`encapsulate_script`, a tool's `cmd`), put before the words as it stands. */
  prefix: string;
  words: readonly Word[];
  /** Runs even when an earlier stage failed (giving files back, collecting). */
  always: boolean;
  /** Not run with the others: it is there for whoever enters the container. */
  byHand?: true;
}

/** What the program needs to know besides its stages. */
export interface StageProgram {
  stages: readonly Stage[];
  /** The run's working folder as the program sees it, such as `/myworkspace`. */
  workspace: string;
  /** Where output, marks and the program itself lie, as the program sees it. */
  control: string;
}

/** Names of the files in the control folder. */
export const controlFiles = { program: 'stages.sh', output: 'output.log', marks: 'stages.tsv' } as const;

/**
 * One line of the marks file, read back. `offset` is the length of the output file, in bytes, at that moment; where the
 * program could not tell it, 0 for a start and the largest safe integer for an end.
 */
export type StageMark =
  | { kind: 'start'; index: number; name: StageName; uptimeS: number; offset: number }
  | { kind: 'end'; index: number; name: StageName; uptimeS: number; offset: number; exitCode: number }
  /** The whole program is over: the exit code of its first failed stage, or 0. */
  | { kind: 'over'; uptimeS: number; offset: number; exitCode: number };
