/** What tools left behind becomes artifacts of the run. Loaded for runs with tools only. */
import { createHash } from 'node:crypto';
import { constants, createReadStream, type Dirent } from 'node:fs';
import { copyFile, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toMadError } from '../../foundation/error.ts';
import type { Scrubber } from '../../foundation/secret.ts';
import { controlCharacters } from '../../package/package-path.ts';
import type { RunRecord } from '../../record/record-schema.ts';
import { finishLog, linkOrCopy } from './final-log.ts';
import { maskCompressed } from './mask-compressed.ts';
import { isOutputName } from './output-name.ts';
import { replaceFolder } from './replace-folder.ts';

export interface ToolOutputsOptions {
  /** Names with `*`, from the tools' entries. */
  patterns: readonly string[];
  workspace: string;
  /** Relative to the workspace. */
  modelDir: string;
  runFolder: string;
  /** Older files aren't the run's. */
  notBefore: Date;
  scrubber: Scrubber;
  /** Paths in the run's folder that are artifacts already. */
  taken: ReadonlySet<string>;
  /** The run's own folders stay, with what is in them. */
  keepOriginals: boolean;
}

export interface ToolOutputs {
  artifacts: RunRecord['artifacts'];
  /** Names at the top of the artifacts' folder. */
  names: readonly string[];
  warnings: readonly string[];
}

/** What the usual profilers write, whoever has started them. */
const usual = [
  '*_output',
  '*_output.csv',
  '*_trace.csv',
  '*.rpd',
  '*.pftrace',
  '*.nsys-rep',
  '*.ncu-rep',
  '*.qdrep',
  '*.nvvp',
  'trace.db',
  'trace.json',
  'trace.json.gz',
  'results.*',
];

/** More are no outputs of a tool, and a record that nobody can read. */
const mostFiles = 5000;
const mostWarnings = 100;
const deepest = 8;

/**
 * Moves them into `artifacts/`, each looked through for secrets as the output is, with size and SHA-256. Never throws for
 * a file that can't be kept: that is a warning. Neither links nor what isn't a file are followed.
 */
export async function collectToolOutputs(options: ToolOutputsOptions): Promise<ToolOutputs> {
  const found: ToolOutputs & { artifacts: RunRecord['artifacts']; names: string[]; warnings: string[] } = {
    artifacts: [],
    names: [],
    warnings: [],
  };
  const isWanted = matcher([...options.patterns, ...usual]);
  const keepFrom = async (folder: string, entry: Dirent): Promise<void> => {
    if (!isWanted(entry.name) || found.names.includes(entry.name)) return;
    if (options.taken.has(`artifacts/${entry.name}`)) return;
    const before = found.artifacts.length;
    await keep({ entry, path: join(folder, entry.name), name: entry.name, depth: 0 }, options, found);
    if (found.artifacts.length > before) found.names.push(entry.name);
  };
  await inFolder(options.workspace, async (workspace, entries) => {
    for (const entry of entries) await keepFrom(workspace, entry);
    await inFolder(join(workspace, options.modelDir), async (folder, inner) => {
      for (const entry of inner) await keepFrom(folder, entry);
    });
  });
  const more = found.warnings.splice(mostWarnings).length;
  if (more > 0) found.warnings.push(`${more} more warnings about outputs of tools were left out`);
  return found;
}

/**
 * A folder's entries in the order of their names; nothing is done for what is no folder. Its path is that of the opened
 * folder: whatever a process that outlived its program puts in its place leads nobody out of the run.
 */
async function inFolder(
  path: string,
  use: (opened: string, entries: readonly Dirent[]) => Promise<void>,
): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const handle = await open(path, flags).catch(() => undefined);
  if (!handle) return;
  try {
    const opened = `/proc/self/fd/${handle.fd}`;
    await use(opened, await entriesOf(opened));
  } finally {
    await handle.close();
  }
}

interface Output {
  entry: Dirent;
  /** Where it is now. */
  path: string;
  /** Its path below `artifacts/`. */
  name: string;
  depth: number;
}

async function keep(
  { entry, path, name, depth }: Output,
  options: ToolOutputsOptions,
  found: { artifacts: RunRecord['artifacts']; warnings: string[] },
): Promise<void> {
  if (controlCharacters.test(entry.name)) {
    found.warnings.push(`an output of a tool was left out: ${JSON.stringify(entry.name)} is no plain name`);
    return;
  }
  if (entry.isDirectory()) {
    if (depth >= deepest) return void found.warnings.push(`${name} is too deep: what is in it was not kept`);
    return inFolder(path, async (opened, entries) => {
      for (const inner of entries) {
        const place = { path: join(opened, inner.name), name: `${name}/${inner.name}` };
        await keep({ ...place, entry: inner, depth: depth + 1 }, options, found);
      }
    });
  }
  if (!entry.isFile()) return;
  if (found.artifacts.length >= mostFiles) {
    const words = `more than ${mostFiles} files were left by tools: the others were not kept`;
    if (!found.warnings.includes(words)) found.warnings.push(words);
    return;
  }
  try {
    const artifact = await keepFile(path, name, options, found.warnings);
    if (artifact) found.artifacts.push(artifact);
  } catch (thrown) {
    found.warnings.push(`${name} could not be kept: ${toMadError(thrown).message}`);
  }
}

async function keepFile(
  path: string,
  name: string,
  { runFolder, notBefore, scrubber, keepOriginals }: ToolOutputsOptions,
  warnings: string[],
): Promise<RunRecord['artifacts'][number] | undefined> {
  const facts = await lstat(path);
  // File systems may keep whole seconds only.
  if (!facts.isFile() || facts.mtimeMs < Math.floor(notBefore.getTime() / 1000) * 1000) return undefined;
  if (facts.size > 2 ** 30 && facts.blocks * 512 < facts.size / 16) {
    warnings.push(`${name} is ${facts.size} bytes long and mostly holes: it was not kept`);
    return undefined;
  }
  const target = join(runFolder, 'artifacts', name);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  // A file with several names would stay where the run can write.
  if (facts.nlink > 1) await replaceByCopy(path);
  const { scrubbed } = await finishLog({ from: path, to: target, scrubber });
  const unpacked = await maskCompressed(target, scrubber).catch(async (error: unknown) => {
    await rm(target, { force: true });
    throw error;
  });
  if (scrubbed || unpacked)
    warnings.push(`${name} held a secret, which was masked: it may be unreadable for its tool`);
  if (keepOriginals) await copyFile(target, path, constants.COPYFILE_FICLONE);
  const bytes = (await lstat(target)).size;
  return { path: `artifacts/${name}`, bytes, sha256: await sha256Of(target) };
}

async function replaceByCopy(path: string): Promise<void> {
  const copy = `${path}.madengine-copy`;
  await copyFile(path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await rename(copy, path);
}

async function sha256Of(path: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) sum.update(chunk);
  return sum.digest('hex');
}

/** In the order of their names; [] for what is no folder or went away. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function matcher(patterns: readonly string[]): (name: string) => boolean {
  const forms = patterns.map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .split('*')
          .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
          .join('[^/]*')}$`,
      ),
  );
  return (name) => forms.some((form) => form.test(name));
}

/** Puts the outputs beside `perf.csv`; one with that name is replaced whole. Returns the paths; throws for the first that fails. */
export async function nameOutputs(
  names: readonly string[],
  runFolder: string,
  resultsRoot: string,
): Promise<string[]> {
  const paths: string[] = [];
  for (const name of names.filter(isOutputName)) {
    const [from, to] = [join(runFolder, 'artifacts', name), join(resultsRoot, name)];
    if ((await lstat(from)).isDirectory()) await replaceFolder(to, (fresh) => linkTree(from, fresh));
    else await linkOrCopy(from, to);
    paths.push(to);
  }
  return paths;
}

async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await entriesOf(from)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else await linkOrCopy(source, target);
  }
}
