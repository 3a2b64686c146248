/** What the context's `tools` make of a run: what stands before its command, and what is done before and after it. */
import type { Context } from '../context/context.ts';
import { MadError } from '../foundation/error.ts';
import type { Tool, ToolScript } from '../package/tools-config.ts';

/** One entry of the context's `tools`. */
export interface ToolUse {
  name: string;
  /** In place of the tool's own. */
  cmd?: string;
  /** Over the tool's own. */
  envVars: Readonly<Record<string, string>>;
}

export interface ChainScript extends ToolScript {
  tool: string;
}

/** Programs of which the image must have one, and the tool that needs them. */
export interface ChainCheck {
  tool: string;
  programs: readonly string[];
  /** Our scripts find them in the vendors' folders, too. */
  alsoOffPath: boolean;
}

export interface ToolChain {
  /** Shell text before everything else that stands before the model's command. */
  prefix: string;
  /** From the outermost tool to the innermost; the context's own come behind them. */
  preScripts: readonly ChainScript[];
  /** From the innermost to the outermost; the context's own come before them. */
  postScripts: readonly ChainScript[];
  /** Looked at after all pre-scripts, which may install something. */
  checks: readonly ChainCheck[];
  env: Readonly<Record<string, string>>;
  /** Names with `*` of what the tools leave behind. */
  outputs: readonly string[];
  /** Scripts of plugins' tools: their path in the workspace, and where they lie on this machine. */
  files: readonly { path: string; from: string }[];
}

/** The tools that a context asks for, in its order. Throws INVALID_ARGUMENT with the position of an entry that is none. */
export function wantedTools(context: Context): ToolUse[] {
  const { tools } = context.values;
  if (tools === undefined || tools === null) return [];
  if (!Array.isArray(tools)) throw invalid(context, 'is no list');
  return tools.map((item: unknown, index) => {
    const use = readUse(item);
    if (!use) throw invalid(context, `has no usable entry at position ${index + 1}`);
    return use;
  });
}

/**
 * The first tool of the list is the innermost, the last the outermost, as in the Python tool. The same command or script,
 * asked for twice, is there once.
 */
export function toolChain(uses: readonly ToolUse[], known: ReadonlyMap<string, Tool>): ToolChain {
  const chosen = uses.flatMap((use) => {
    const tool = known.get(use.name);
    return tool ? [{ use, tool, cmd: use.cmd ?? tool.cmd }] : [];
  });
  const outerFirst = [...chosen].reverse();
  const commands = distinct(
    chosen.map(({ cmd }) => cmd.trim()).filter((cmd) => cmd !== ''),
    (cmd) => cmd,
  );
  const scripts = (key: 'preScripts' | 'postScripts'): ChainScript[] =>
    distinct(
      outerFirst.flatMap(({ use, tool }) => {
        const own = tool[key].map((script) => ({ ...script, tool: use.name }));
        return key === 'preScripts' ? own : own.reverse();
      }),
      ({ path, args }) => `${path}\0${args}`,
    );
  return {
    prefix: commands
      .reverse()
      .map((cmd) => `${cmd} `)
      .join(''),
    preScripts: scripts('preScripts'),
    postScripts: scripts('postScripts').reverse(),
    checks: outerFirst.flatMap(({ use, tool, cmd }) => checksOf(use, tool, cmd)),
    env: Object.fromEntries(
      chosen.flatMap(({ use, tool }) =>
        Object.entries({ ...tool.envVars, ...use.envVars }).map(([name, value]) => [exportable(name), value]),
      ),
    ),
    outputs: distinct(
      chosen.flatMap(({ tool }) => tool.outputs),
      (name) => name,
    ),
    files: chosen.flatMap(({ tool }) => filesOf(tool)),
  };
}

const filesOf = ({ preScripts, postScripts, files = [] }: Tool): { path: string; from: string }[] =>
  [...preScripts, ...postScripts, ...files].flatMap(({ path, from }) =>
    from === undefined ? [] : [{ path, from }],
  );

/** No shell passes a variable such as `DUAL-GCD` on. */
const exportable = (name: string): string => name.replaceAll('-', '_');

/** Words at the start of a command that are no program, or one that every shell has. */
const shellWords =
  /^(?:[A-Za-z_]\w*=.*|sh|if|for|while|case|until|!|\{|\(|:|\.|cd|echo|eval|exec|export|printf|set|test|trap|true|ulimit|umask|unset)$/;

/** What the entry names, and the program that its command begins with, where that can be told. */
function checksOf(use: ToolUse, tool: Tool, cmd: string): ChainCheck[] {
  const named =
    use.cmd === undefined
      ? tool.requires.map((programs) => ({ tool: use.name, programs, alsoOffPath: true }))
      : [];
  const [first = ''] = cmd.trim().split(/\s+/, 1);
  const isPlain = /^[\w.+/-]+$/.test(first) && !shellWords.test(first);
  return isPlain ? [...named, { tool: use.name, programs: [first], alsoOffPath: false }] : named;
}

/** The first of each. */
const distinct = <T>(items: readonly T[], keyOf: (item: T) => string): T[] => [
  ...new Map(items.map((item) => [keyOf(item), item])).values(),
];

function readUse(item: unknown): ToolUse | undefined {
  if (typeof item === 'string') return item === '' ? undefined : { name: item, envVars: {} };
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined;
  const { name, cmd, env_vars: variables } = item as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') return undefined;
  if (cmd !== undefined && cmd !== null && (typeof cmd !== 'string' || cmd.includes('\0'))) return undefined;
  const envVars = readVariables(variables ?? {});
  if (!envVars) return undefined;
  return { name, ...(typeof cmd === 'string' ? { cmd } : {}), envVars };
}

function readVariables(value: unknown): Record<string, string> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value).map(([name, one]) => [
    name,
    typeof one === 'boolean' ? (one ? 'True' : 'False') : one,
  ]);
  return entries.every(
    ([name, one]) => /^[A-Za-z_][\w-]*$/.test(String(name)) && ['string', 'number'].includes(typeof one),
  )
    ? Object.fromEntries(entries.map(([name, one]) => [name, String(one)]))
    : undefined;
}

function invalid(context: Context, what: string): MadError {
  const origin = context.origins.tools;
  return new MadError('INVALID_ARGUMENT', `tools of the context${origin ? ` (${origin})` : ''} ${what}`, {
    hint: 'Write tools as a list such as ["trace", {"name": "rocprof", "env_vars": {"NAME": "value"}}].',
  });
}
