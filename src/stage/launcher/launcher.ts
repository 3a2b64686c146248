/** What a launcher is: one file each, plain data in, plain data out, and one line in `registry.ts`. */
import type { NamedHost } from '../../context/launch-values.ts';
import type { Word, WordPiece } from '../stage.ts';

/**
 * How a model is spread over processes and nodes. All of it was checked (`context/launch-values.ts`): scripts use the
 * runner's text without quotes.
 */
export interface Launch {
  /** Machines that take part. */
  nodes: number;
  /** This machine's rank among them, the first is 0; a variable where one text serves all nodes. */
  rank: WordPiece;
  /** Where processes of several machines meet. */
  meeting: { address: WordPiece; port: number };
  /** In the order of their ranks; may be empty. */
  hosts: readonly NamedHost[];
  /** GPUs that the model has on each machine. */
  gpus: number;
  /** Processes to start on each machine, 1 or more. */
  processes: number;
  /** Network interfaces for NCCL and RCCL, and for Gloo. */
  ncclInterfaces?: string;
  glooInterfaces?: string;
  /** Such as `nccl`. */
  backend?: string;
  /** Blocks of settings that launchers have of their own, such as `primus` and `sglang_disagg`. */
  blocks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Of the card. */
  model: string;
  /** The folder, as the run sees it, that `files` of the answer lie in. */
  filesFolder: string;
}

export interface Launched {
  /** The words of `MAD_MULTI_NODE_RUNNER`; none for what starts its processes itself. */
  runner: readonly Word[];
  /** Variables besides those that all launchers have (`node-variables.ts`). */
  env: Readonly<Record<string, Word>>;
  /** Files by their name, with their content. */
  files?: Readonly<Record<string, string>>;
}

export interface Launcher {
  name: string;
  /** The only target whose jobs can have it. */
  onlyIn?: 'slurm';
  /** Throws INVALID_ARGUMENT for what it can't do. */
  launch(launch: Launch): Launched;
}

export const word = (text: string | number): Word => [{ text: String(text) }];

/** An option with its value in one word. */
export const option = (name: string, value: WordPiece | number): Word =>
  typeof value === 'number' ? word(`${name}=${value}`) : [{ text: `${name}=` }, value];

/** A word as text, with variables as a shell between double quotes reads them. */
export const wordText = (pieces: Word): string =>
  pieces.map((piece) => ('text' in piece ? piece.text : `\${${piece.variable}}`)).join('');

export const runnerText = (runner: readonly Word[]): string => runner.map(wordText).join(' ');
