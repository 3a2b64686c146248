/**
 * The tools that a run may ask for: ours (`tools/scripts/common/tools.json` of the npm package), under the package's
 * `scripts/common/tools.json` or the file of `--tools-config`. Loaded for runs with tools only.
 */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { MadError } from '../foundation/error.ts';
import { nearestNames } from '../foundation/nearest-name.ts';
import { invalidFile } from '../foundation/schema-problem.ts';
import { readPackageJson } from './json-file.ts';
import { packagePath, quoted } from './package-path.ts';
import { shippedTools } from './shipped-tools.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()], 'text, a number or a boolean');
const noNul = z
  .string('text')
  .check(z.refine((text) => !text.includes('\0') && text.length <= 100_000, 'text without NUL'));

const script = z.union(
  [
    z.string(),
    z.looseObject({
      /** Relative to the package, such as `scripts/common/pre_scripts/trace.sh`. */
      path: z.string(),
      args: z.optional(z.union([z.string(), z.number()])),
    }),
  ],
  'a path, or an object with path and args',
);

const toolSchema = z.looseObject(
  {
    /** What it is for, for people. */
    description: z.optional(z.string()),
    /** Run before the model, in its folder. */
    pre_scripts: z.optional(z.array(script)),
    /** Shell text that is put before the model's command; '' for a tool that works beside it. */
    cmd: z.optional(noNul),
    /** Variables of the run; the card's and the context's win. */
    env_vars: z.optional(
      z.record(z.string().check(z.regex(/^[A-Za-z_][\w-]*$/, 'the name of a variable')), scalar),
    ),
    /** Run after the model, also where it failed. */
    post_scripts: z.optional(z.array(script)),
    /** Programs that the image must have; `a|b` is one of them. */
    requires: z.optional(z.array(z.string().check(z.regex(/^[\w.+|-]+$/, 'names of programs')))),
    /** Names of files and folders that it leaves in the working folder or the model's, with `*`; kept with the run. */
    outputs: z.optional(z.array(z.string().check(z.regex(/^(?!\.)[^/\0]+$/, 'a name without folders')))),
  },
  'an object with cmd, env_vars, pre_scripts, post_scripts',
);

export const toolsSchema = z.looseObject(
  { tools: z.record(z.string(), toolSchema) },
  'an object with the key tools',
);

export interface ToolScript {
  /** Relative to the package and to the workspace. */
  path: string;
  args: string;
  /** Where it lies on this machine, absolute, where the package doesn't have it at `path`. */
  from?: string;
}

export interface Tool {
  cmd: string;
  envVars: Readonly<Record<string, string>>;
  preScripts: readonly ToolScript[];
  postScripts: readonly ToolScript[];
  /** Each a list of programs of which the image must have one. */
  requires: readonly (readonly string[])[];
  outputs: readonly string[];
  /** Further files of a plugin's tool; see `ToolScript`. */
  files?: readonly Required<Omit<ToolScript, 'args'>>[];
}

/** A tool of a plugin; `replaces`: may take the place of one of the same name. */
export interface ToolOfPlugin {
  tool: Tool;
  /** The plugin, in words. */
  shown: string;
  replaces: boolean;
}

export interface ToolTable {
  tools: ReadonlyMap<string, Tool>;
  /** For the user, once. */
  warnings: readonly string[];
}

export interface ToolsConfigOptions {
  /** Absolute. */
  packageDir: string;
  /** As typed; relative to `cwd`. */
  toolsConfig: string | undefined;
  cwd: string;
  /** Names that the context asks for. */
  wanted: readonly string[];
  /** Of plugins, by name. */
  plugins?: ReadonlyMap<string, ToolOfPlugin>;
}

const ownFile = join('scripts', 'common', 'tools.json');
const toolKeys = new Set([
  'description',
  'pre_scripts',
  'cmd',
  'env_vars',
  'post_scripts',
  'requires',
  'outputs',
]);

/**
 * Throws FILE_NOT_FOUND for a `--tools-config` that isn't there, INVALID_FILE for one that can't be used or a script that
 * is missing, INVALID_ARGUMENT for a tool that nobody knows.
 */
export async function readTools(options: ToolsConfigOptions): Promise<ToolTable> {
  const ours = readFile(join(shippedTools(), ownFile), 'tools.json of madengine');
  const given = givenFile(options);
  const theirs = readFile(given.path, given.shown);
  if (options.toolsConfig !== undefined && theirs === undefined) {
    throw new MadError('FILE_NOT_FOUND', `no file at ${options.toolsConfig}`, {
      hint: 'Correct --tools-config, or leave it out: the tools of scripts/common/tools.json and our own then count.',
    });
  }
  const tools = new Map([...(ours?.tools ?? []), ...(theirs?.tools ?? [])]);
  const { plugins = new Map<string, ToolOfPlugin>() } = options;
  for (const [name, { tool, shown, replaces }] of plugins) {
    if (tools.has(name) && !replaces)
      throw takenName(name, shown, theirs?.tools.has(name) ? given.shown : 'madengine');
    tools.set(name, tool);
  }
  const places = [
    ...(plugins.size > 0 ? ['plugins'] : []),
    ...(theirs ? [given.shown] : []),
    "madengine's own tools",
  ];
  for (const name of options.wanted) {
    const tool = tools.get(name);
    if (!tool) throw unknownTool(name, tools.keys(), places);
    await requireScripts(name, tool, options.packageDir);
  }
  return { tools, warnings: theirs?.warnings ?? [] };
}

const givenFile = ({ toolsConfig, cwd, packageDir }: ToolsConfigOptions): { path: string; shown: string } =>
  toolsConfig === undefined
    ? { path: join(packageDir, ownFile), shown: ownFile }
    : { path: resolve(cwd, toolsConfig), shown: toolsConfig };

function readFile(path: string, shown: string): { tools: Map<string, Tool>; warnings: string[] } | undefined {
  const data = readPackageJson(path, shown);
  if (data === undefined) return undefined;
  const parsed = toolsSchema.safeParse(data);
  if (!parsed.success) {
    throw invalidFile(
      shown,
      parsed.error,
      data,
      'Write it as {"tools": {"name": {"cmd": "program", "env_vars": {}}}}; docs/tools.md tells of all keys.',
    );
  }
  const tools = new Map<string, Tool>();
  const unknown: string[] = [];
  for (const [name, entry] of Object.entries(parsed.data.tools)) {
    tools.set(name, toolOf(entry, name, shown));
    for (const key of Object.keys(entry)) if (!toolKeys.has(key)) unknown.push(`${name}.${key}`);
  }
  const warnings =
    unknown.length === 0 ? [] : [`${shown}: ${unknown.slice(0, 10).map(quoted).join(', ')}: no such key`];
  return { tools, warnings };
}

/** An entry that isn't one of a file, such as a plugin's. Throws INVALID_FILE. */
export function parseTool(entry: unknown, name: string, shown: string): Tool {
  const parsed = toolSchema.safeParse(entry);
  if (!parsed.success) throw invalidFile(shown, parsed.error, entry, 'docs/tools.md tells of all keys.');
  return toolOf(parsed.data, name, shown);
}

function toolOf(entry: z.infer<typeof toolSchema>, name: string, file: string): Tool {
  const scripts = (key: 'pre_scripts' | 'post_scripts'): ToolScript[] =>
    (entry[key] ?? []).map((item, index) => {
      const { path, args = '' } = typeof item === 'string' ? { path: item } : item;
      const found = path === '' ? undefined : packagePath(path);
      if (found === undefined || found === '.') {
        throw new MadError(
          'INVALID_FILE',
          `${file}: tools.${name}.${key}[${index}].path: ${quoted(path)} is no path inside the package`,
          { hint: 'Name a script of the package, such as scripts/common/pre_scripts/start.sh.' },
        );
      }
      return { path: found, args: String(args) };
    });
  return {
    cmd: entry.cmd ?? '',
    envVars: Object.fromEntries(
      Object.entries(entry.env_vars ?? {}).map(([key, value]) => [key, textOf(value)]),
    ),
    preScripts: scripts('pre_scripts'),
    postScripts: scripts('post_scripts'),
    requires: (entry.requires ?? []).map((names) => names.split('|').filter((one) => one !== '')),
    outputs: entry.outputs ?? [],
  };
}

/** Booleans as the Python tool passed them on. */
const textOf = (value: string | number | boolean): string =>
  typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);

const takenName = (name: string, shown: string, place: string): MadError =>
  new MadError('INVALID_FILE', `${shown}: ${place} has a tool named ${quoted(name)} already`, {
    hint: 'Give it another name, or write `replaces: true` into the plugin to take its place.',
  });

function unknownTool(name: string, known: Iterable<string>, places: readonly string[]): MadError {
  const names = [...known];
  const near = nearestNames(name, names).map(quoted);
  return new MadError(
    'INVALID_ARGUMENT',
    `there is no tool ${quoted(name.slice(0, 100))}: looked in ${places.join(', then in ')}`,
    {
      hint: near.length > 0 ? `Did you mean ${near.join(', ')}?` : `There are: ${names.sort().join(', ')}.`,
    },
  );
}

async function requireScripts(name: string, tool: Tool, packageDir: string): Promise<void> {
  for (const { path, from } of [...tool.preScripts, ...tool.postScripts]) {
    if (from !== undefined) continue;
    const isThere = (
      await Promise.all([packageDir, shippedTools()].map((folder) => isFile(join(folder, path))))
    ).includes(true);
    if (isThere) continue;
    throw new MadError('INVALID_FILE', `tool ${quoted(name)}: the package has no script ${quoted(path)}`, {
      hint: 'Add the script, or correct its path, which counts from the root of the package.',
    });
  }
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
