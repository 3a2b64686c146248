import { posix } from 'node:path';
import { quote, quoteWord } from './quote.ts';
import type { Stage, StageProgram, Word } from './stage.ts';
import { supervisor } from './supervisor.ts';

/** Variables that the program offers to the words of its stages; they are not exported. */
export const programVariables = {
  /** `bash` where there is one, else `sh`. */
  shell: 'madengine_shell',
  workspace: 'madengine_workspace',
  control: 'madengine_control',
} as const;

/**
 * The stages as one POSIX sh program, to be started as `sh <control>/stages.sh`. It runs them in order, each in a
 * process of its own, with all output going to the output file; it notes their starts and ends in the marks file, and
 * ends with the exit code of the first stage that failed. After a TERM, INT or HUP it ends the running stage, runs
 * those that run always, and ends with 128 and the signal's number.
 */
export function renderProgram(program: StageProgram): string {
  return `#!/bin/sh
# The stages of one run. Without an argument: all of them. With a number: that stage alone, in this process.
madengine_control=${quote(program.control)}
madengine_workspace=${quote(program.workspace)}
${usesShell(program) ? findShell : ''}
case \${1-} in
${program.stages.map(stageCase).join('')}esac
${supervisor}
${program.stages.flatMap(stageCall).join('\n')}
madengine_over
`;
}

const findShell = `if command -v bash >/dev/null 2>&1; then madengine_shell=bash; else madengine_shell=sh; fi
`;

const usesShell = ({ stages }: StageProgram): boolean =>
  stages.some((stage) =>
    stage.words.some((word) =>
      word.some((piece) => 'variable' in piece && piece.variable === programVariables.shell),
    ),
  );

const stageCase = (stage: Stage, index: number): string => `  ${index}) # ${commentOf(stage)}
    cd ${folder(stage.cwd)} || exit 126
    ${commandOf(stage)}
    exit ;;
`;

const stageCall = (stage: Stage, index: number): string[] =>
  stage.byHand ? [] : [`madengine_stage ${index} ${stage.name} ${stage.always ? 'always' : 'unless_failed'}`];

function commentOf({ name, title }: Stage): string {
  const shown = title.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
  return shown === '' || shown === name ? name : `${name}: ${shown}`;
}

function folder(cwd: string): string {
  if (posix.isAbsolute(cwd)) return quote(cwd);
  const below: Word = cwd === '' ? [] : [{ text: `/${cwd}` }];
  return quoteWord([{ variable: programVariables.workspace }, ...below]);
}

/** A stage's command as one line of shell. */
export const shellText = ({ prefix, words }: Pick<Stage, 'prefix' | 'words'>): string =>
  `${prefix}${prefix === '' || /\s$/.test(prefix) ? '' : ' '}${words.map(quoteWord).join(' ')}`;

/**
 * Users' own shell text goes through eval: a mistake in its syntax then fails its stage, and not the whole program
 * before it has noted anything.
 */
function commandOf({ prefix, words }: Stage): string {
  if (prefix.trim() === '') return `exec ${shellText({ prefix: '', words })}`;
  return `eval ${quote(shellText({ prefix, words }))}`;
}
