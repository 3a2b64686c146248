import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandRunner, runCommand, succeeded } from '../command/command.ts';
import type { GpuFacts } from './gpu-facts.ts';

/** Looked for after PATH, in this order. */
const toolFolders = ['/opt/rocm/bin', '/usr/local/bin', '/usr/bin'];
/** Vendor tools can take half a minute where they lie on shared storage or the driver wakes up; 5 s was too short. */
const toolTimeoutMs = 60_000;

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
  /** Standard output of a tool, or why there is none; undefined when the tool isn't installed. */
  tool(program: string, args: readonly string[]): Promise<ToolAnswer | undefined>;
}

export type ToolAnswer = { output: string } | { problem: string };

export function machineView(
  runner: CommandRunner,
  options: { root?: string; signal?: AbortSignal },
): MachineView {
  const at = (path: string): string => join(options.root ?? '/', path);
  const exists = async (path: string): Promise<boolean> => (await quietly(stat(at(path)))) !== undefined;
  return {
    exists,
    async has({ programs, files }) {
      const found = await Promise.all([
        ...files.map(exists),
        ...programs.map(async (program) => (await runner.which(program, toolFolders)) !== undefined),
      ]);
      return found.includes(true);
    },
    text: async (path) => (await quietly(readFile(at(path), 'utf8')))?.trim(),
    names: async (path) => ((await quietly(readdir(at(path)))) ?? []).sort(),
    linkName: async (path) => (await quietly(readlink(at(path))))?.split('/').pop(),
    group: async (path) => (await quietly(stat(at(path))))?.gid,
    tool: (program, args) => askTool(runner, program, args, options.signal),
  };
}

async function askTool(
  runner: CommandRunner,
  program: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ToolAnswer | undefined> {
  const path = await runner.which(program, toolFolders);
  if (path === undefined) return undefined;
  const result = await quietly(
    runCommand(runner, { argv: [path, ...args], timeoutMs: toolTimeoutMs, ...(signal ? { signal } : {}) }),
  );
  if (result === undefined) return { problem: `${path} could not be started` };
  if (succeeded(result)) return { output: result.stdout };
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n')[0]?.slice(0, 200) ?? '';
  const end = result.end.kind === 'exited' ? `exit code ${result.end.exitCode}` : result.end.kind;
  return { problem: `${[path, ...args].join(' ')}: ${end}${said === '' ? '' : `: ${said}`}` };
}

async function quietly<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch {
    return undefined;
  }
}
