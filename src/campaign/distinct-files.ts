/** Files that must not be one another: what is written last would silently take the place of what is needed. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { MadError } from '../foundation/error.ts';

/** What names it, such as `--junit`, and the path as typed. */
export type NamedFile = readonly [what: string, typed: string | undefined];

/** Written beside `perf.csv`. */
const besideOutput = [
  'perf_entry.csv',
  'perf_entry.json',
  'perf_super.csv',
  'perf_super.json',
  'perf_entry_super.csv',
  'perf_entry_super.json',
  'common_info.json',
  'results_summary.json',
];

/** Read from the package. */
const ofPackage = ['models.json', 'data.json', 'credential.json', 'madengine.config.json'];

export interface FilesOfCommand {
  /** `--output`. */
  output: string;
  /** Written whole; none of them may be another one, a result or an input. */
  written: readonly NamedFile[];
  /** Only read. */
  inputs: readonly NamedFile[];
}

/** Throws INVALID_ARGUMENT for two that are one file, links looked through. */
export async function requireDistinctFiles(
  { output, written, inputs }: FilesOfCommand,
  cwd: string,
): Promise<void> {
  if (besideOutput.includes(basename(output))) {
    throw new MadError('INVALID_ARGUMENT', `--output ${output}: madengine writes another file of that name`, {
      hint: `Name the table of results otherwise, such as ${join(dirname(output), 'perf.csv')}.`,
    });
  }
  const taken = new Map<string, string>();
  const take = async (what: string, path: string): Promise<void> => {
    for (const key of await keysOf(path)) taken.set(key, what);
  };
  for (const [what, typed] of inputs) if (typed !== undefined) await take(what, resolve(cwd, typed));
  for (const name of ofPackage) await take(`the package's ${name}`, resolve(cwd, name));
  const folder = dirname(resolve(cwd, output));
  for (const name of besideOutput) await take(`${name} beside --output`, join(folder, name));
  await take('--output', resolve(cwd, output));
  for (const [what, typed] of written) {
    if (typed === undefined) continue;
    const path = resolve(cwd, typed);
    const other = (await keysOf(path)).map((key) => taken.get(key)).find((found) => found !== undefined);
    if (other !== undefined) {
      throw new MadError('INVALID_ARGUMENT', `${what} ${typed} would be written over ${other}`, {
        hint: 'Name another file.',
      });
    }
    await take(what, path);
  }
}

async function keysOf(path: string): Promise<string[]> {
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isFile()) return [path, `${facts.dev}:${facts.ino}`];
  // Devices such as /dev/null take anything.
  return facts ? [] : [path];
}
