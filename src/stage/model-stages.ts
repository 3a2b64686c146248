import type { Context } from '../context/context.ts';
import { MadError } from '../foundation/error.ts';
import type { ModelCard } from '../package/card.ts';
import { type CaptureStageOptions, environmentStage } from './environment-stage.ts';
import { interpreterFor } from './interpreter.ts';
import { programVariables } from './program.ts';
import type { Stage, Word } from './stage.ts';
import type { ChainCheck, ToolChain } from './tool-chain.ts';
import { splitWords } from './words.ts';

export interface ModelStagesOptions {
  card: ModelCard;
  /** Name of the script to run, as it lies in the model's folder. */
  scriptFile: string;
  /** The model's folder, relative to the workspace. */
  modelDir: string;
  interpreter: readonly string[];
  context: Context;
  tools?: ToolChain;
  /** Everything but the model itself is run. */
  skipModelRun: boolean;
  /** The container stays, for a person to go on in. */
  keepAlive?: boolean;
  /** Absent where nobody wants to know what the model runs on. */
  capture?: CaptureStageOptions;
  /** Bring data, between the pre-scripts and the model (v1-formats, 5). */
  dataStages?: readonly Stage[];
  /** Run when all else is over. */
  lastStages?: readonly Stage[];
  /** Owner of all files at the end; absent where the program runs as that user anyway. */
  giveBackTo?: { uid: number; gid: number };
}

/** The stages of a model. Throws INVALID_ARGUMENT for a context and INVALID_FILE for a card that can't be read. */
export function modelStages(options: ModelStagesOptions): Stage[] {
  const { modelDir, context, tools, skipModelRun } = options;
  return [
    ...(tools?.preScripts ?? []).map((script) => scriptStage('pre_script', script, modelDir)),
    ...scriptsOf(context, 'pre_scripts').map((script) => scriptStage('pre_script', script, modelDir)),
    // Before data that may take hours.
    ...(skipModelRun ? [] : (tools?.checks ?? [])).map((check) => checkStage(check, modelDir)),
    ...(options.capture ? [environmentStage(options.capture)] : []),
    ...(options.dataStages ?? []),
    ...(skipModelRun ? [] : [runStage(options)]),
    ...scriptsOf(context, 'post_scripts').map((script) => scriptStage('post_script', script, modelDir)),
    ...(tools?.postScripts ?? []).map((script) => ({
      ...scriptStage('post_script', script, modelDir),
      // What a tool saw of a model that failed is what one wants to look at.
      always: true,
    })),
    ...(options.lastStages ?? []),
    ...(options.giveBackTo ? [giveBackStage(options.giveBackTo)] : []),
    ...(skipModelRun && options.keepAlive ? [{ ...runStage(options), byHand: true as const }] : []),
  ];
}

function runStage({ card, scriptFile, modelDir, interpreter, context, tools }: ModelStagesOptions): Stage {
  return {
    name: 'run',
    title: 'run',
    cwd: modelDir,
    prefix: (tools?.prefix ?? '') + textAt(context, 'encapsulate_script'),
    words: [
      ...interpreterWords(interpreter),
      literal(asFile(scriptFile)),
      ...splitWords(argsOf(card, context)),
    ],
    always: false,
  };
}

/** `model_args` takes the place of the card's own arguments, even when it is empty (v1-formats, 2). */
const argsOf = (card: ModelCard, context: Context): string =>
  context.values.model_args === undefined || context.values.model_args === null
    ? card.args
    : textAt(context, 'model_args');

interface ContextScript {
  path: string;
  args: string;
  /** The tool that it belongs to. */
  tool?: string;
}

function scriptStage(name: 'pre_script' | 'post_script', script: ContextScript, modelDir: string): Stage {
  const path: Word = script.path.startsWith('/')
    ? literal(script.path)
    : [{ variable: programVariables.workspace }, { text: `/${script.path}` }];
  return {
    name,
    title: script.tool === undefined ? script.path : `tool ${script.tool}: ${script.path}`,
    cwd: modelDir,
    prefix: '',
    words: [
      ...interpreterWords(script.path.endsWith('.py') ? interpreterFor(script.path, '') : ['bash']),
      path,
      ...splitWords(script.args),
    ],
    always: false,
  };
}

const findOneOf = `for program in "$@"; do
  command -v "$program" >/dev/null 2>&1 && exit 0
done
echo "tool $0: this image has no $(echo "$@" | sed 's/ / and no /g')" >&2
exit 127`;

/** Ends with 127 where the image has none of the programs. */
function checkStage({ tool, programs, alsoOffPath }: ChainCheck, modelDir: string): Stage {
  const path = alsoOffPath
    ? `PATH=$PATH:\${ROCM_PATH:-/opt/rocm}/bin:/opt/rocm/bin:/usr/local/cuda/bin\n`
    : '';
  return {
    name: 'pre_script',
    title: `tool ${tool} needs ${programs.join(' or ')}`,
    cwd: modelDir,
    prefix: '',
    words: ['sh', '-c', path + findOneOf, tool, ...programs].map(literal),
    always: false,
  };
}

/**
 * The control folder must be given back, or its owner can't read the output; in the workspace there may be things that
 * nobody can (read-only mounts), so that what it can't do there is shown and no failure.
 */
function giveBackStage({ uid, gid }: { uid: number; gid: number }): Stage {
  const owner = `${uid}:${gid}`;
  return {
    name: 'give_back',
    title: 'give_back',
    cwd: '',
    prefix: '',
    words: [
      literal('sh'),
      literal('-c'),
      literal('chown -hR "$1" "$2"; chown -hR "$1" "$3"'),
      literal('give_back'),
      literal(owner),
      [{ variable: programVariables.workspace }],
      [{ variable: programVariables.control }],
    ],
    always: true,
  };
}

const literal = (text: string): Word => [{ text }];

function interpreterWords(interpreter: readonly string[]): Word[] {
  const [program, ...rest] = interpreter;
  const first: Word = program === 'bash' ? [{ variable: programVariables.shell }] : literal(program ?? 'sh');
  return [first, ...rest.map(literal)];
}

/** A name that no program takes for an option. */
const asFile = (name: string): string => (name.startsWith('-') ? `./${name}` : name);

function textAt(context: Context, key: string): string {
  const value = context.values[key];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw invalid(context, key, 'is no text', `Write ${key} as one text in quotes.`);
}

function scriptsOf(context: Context, key: string): ContextScript[] {
  const value = context.values[key];
  if (value === undefined || value === null) return [];
  const hint = `Write ${key} as a list such as [{"path": "scripts/common/${key}/a.sh", "args": "1"}].`;
  if (!Array.isArray(value)) throw invalid(context, key, 'is no list', hint);
  return value.map((item: unknown, index) => {
    const script = readScript(item);
    if (!script) throw invalid(context, key, `has no script's path at position ${index + 1}`, hint);
    return script;
  });
}

function readScript(item: unknown): ContextScript | undefined {
  if (typeof item === 'string') return item === '' ? undefined : { path: item, args: '' };
  if (typeof item !== 'object' || item === null) return undefined;
  const { path, args = '' } = item as Record<string, unknown>;
  if (typeof path !== 'string' || path === '') return undefined;
  if (typeof args !== 'string' && typeof args !== 'number') return undefined;
  return { path, args: String(args) };
}

function invalid(context: Context, key: string, what: string, hint: string): MadError {
  const origin = context.origins[key];
  return new MadError('INVALID_ARGUMENT', `${key} of the context${origin ? ` (${origin})` : ''} ${what}`, {
    hint,
  });
}
