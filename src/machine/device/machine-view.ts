import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandRunner, runCommand, succeeded } from '../command/command.ts';
import type { GpuFacts } from './gpu-facts.ts';

/** Looked for after PATH, in this order. */
const toolFolders = ['/opt/rocm/bin', '/usr/local/cuda/bin', '/usr/local/bin', '/usr/bin'];
/** Vendor tools can take half a minute where they lie on shared storage or the driver wakes up; 5 s was too short. */
export const toolTimeoutMs = 60_000;

/** Programs and files, any of which says that it is worth asking this vendor's tools. */
export interface Traces {
  programs: readonly string[];
  files: readonly string[];
}

/** Says what this vendor has here; a count of 0 when nothing can be used. */
export type Detector = (machine: MachineView) => Promise<GpuFacts>;

/** What detectors see of a machine: its files and its tools. Nothing here throws. */
export interface MachineView {
  has(traces: Traces): Promise<boolean>;
  exists(path: string): Promise<boolean>;
  /** Trimmed; undefined when it can't be read. */
  text(path: string): Promise<string | undefined>;
  /** Names in a folder, sorted; none when it can't be read. */
  names(path: string): Promise<string[]>;
  /** The last part of where a link leads. */
  linkName(path: string): Promise<string | undefined>;
  /** Group id of a file. */
  group(path: string): Promise<number | undefined>;
  /** What a tool says; undefined when it isn't installed, or hung when it was asked before. */
  tool(program: string, args: readonly string[]): Promise<ToolAnswer | undefined>;
  /** Absolute path of a tool. */
  which(program: string): Promise<string | undefined>;
  /** A variable of our own environment. */
  variable(name: string): string | undefined;
  /** The same machine with the tools of another folder: `first` before PATH, else behind it. */
  withTools(folder: string, place: 'first' | 'after'): MachineView;
}

export interface ToolAnswer {
  /** Standard output, also of a tool that failed: one lost GPU must not hide the others. */
  output: string;
  /** How it failed, in words. */
  problem?: string;
  /** It was ended because it gave no answer in time. */
  isHung?: boolean;
}

export interface MachineViewOptions {
  /** Where `/dev`, `/sys` and `/opt` are looked for. */
  root?: string;
  signal?: AbortSignal;
  env?: Readonly<Record<string, string | undefined>>;
  /** Tools that gave no answer in time, by path: these are not asked, and others that hang are added. */
  hung?: Set<string>;
  /** Called with the path of a tool that was wanted and gave no answer, now or before. */
  onHung?(path: string): void;
}

export function machineView(runner: CommandRunner, options: MachineViewOptions): MachineView {
  return viewWith(runner, options, { first: [], after: toolFolders, hung: options.hung ?? new Set() });
}

interface ToolPlaces {
  first: readonly string[];
  after: readonly string[];
  /** Tools that gave no answer in time, which are not asked again: each costs a minute once, not for each question. */
  hung: Set<string>;
}

function viewWith(runner: CommandRunner, options: MachineViewOptions, places: ToolPlaces): MachineView {
  const at = (path: string): string => join(options.root ?? '/', path);
  const exists = async (path: string): Promise<boolean> => (await quietly(stat(at(path)))) !== undefined;
  const which = (program: string): Promise<string | undefined> => findTool(runner, program, places);
  return {
    exists,
    async has({ programs, files }) {
      const found = await Promise.all([
        ...files.map(exists),
        ...programs.map(async (program) => (await which(program)) !== undefined),
      ]);
      return found.includes(true);
    },
    text: async (path) => (await quietly(readFile(at(path), 'utf8')))?.trim(),
    names: async (path) => ((await quietly(readdir(at(path)))) ?? []).sort(),
    linkName: async (path) => (await quietly(readlink(at(path))))?.split('/').pop(),
    group: async (path) => (await quietly(stat(at(path))))?.gid,
    tool: async (program, args) => {
      const path = await which(program);
      if (path === undefined) return undefined;
      const answer = places.hung.has(path)
        ? undefined
        : await askTool(runner, [path, ...args], options.signal);
      if (answer?.isHung) places.hung.add(path);
      if (places.hung.has(path)) options.onHung?.(path);
      return answer;
    },
    which,
    variable: (name) => options.env?.[name],
    withTools: (folder, place) =>
      viewWith(runner, options, {
        ...places,
        first: place === 'first' ? [folder, ...places.first] : places.first,
        after: place === 'after' ? [folder, ...places.after] : places.after,
      }),
  };
}

async function findTool(
  runner: CommandRunner,
  program: string,
  places: ToolPlaces,
): Promise<string | undefined> {
  for (const folder of places.first) {
    const path = await runner.which(join(folder, program));
    if (path !== undefined) return path;
  }
  return runner.which(program, places.after);
}

async function askTool(
  runner: CommandRunner,
  argv: readonly [string, ...string[]],
  signal: AbortSignal | undefined,
): Promise<ToolAnswer> {
  const result = await quietly(
    runCommand(runner, { argv, timeoutMs: toolTimeoutMs, ...(signal ? { signal } : {}) }),
  );
  if (result === undefined) return { output: '', problem: `${argv[0]} could not be started` };
  if (succeeded(result)) return { output: result.stdout };
  const words = (result.stderr.trim() || result.stdout.trim()).split('\n')[0]?.slice(0, 200) ?? '';
  const end = result.end.kind === 'exited' ? `exit code ${result.end.exitCode}` : result.end.kind;
  const problem = `${argv.join(' ')}: ${end}${words === '' ? '' : `: ${words}`}`;
  return { output: result.stdout, problem, isHung: result.end.kind === 'timed-out' };
}

async function quietly<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch {
    return undefined;
  }
}
