import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { basename, extname, join, resolve, sep } from 'node:path';
import { csvFields, RowSplitter } from '../record/perf/csv-rows.ts';
import { splitWords } from '../stage/words.ts';
import type { HiddenEntry } from './run-folder.ts';

const credentialFile = 'credential.json';
/** More settings than this are no settings. */
const mostBytes = 1024 * 1024;
const deepest = 100;

/**
 * What the file holds that a model's arguments name behind `--config`: JSON and YAML as data, the rows of a CSV file as
 * objects, any other, and what can't be read as that, as text; undefined without one. It is looked for in the folder of
 * the model's scripts and above, up to the package; nothing outside of that is read, nor what runs must not see.
 */
export async function readConfigFile(
  args: string,
  packageDir: string,
  scriptsDir: string,
  hidden: readonly HiddenEntry[] = [],
): Promise<unknown> {
  const name = configArgument(args);
  if (name === undefined) return undefined;
  const root = await realpath(packageDir).catch(() => undefined);
  if (root === undefined) return undefined;
  const covered = await Promise.all(
    hidden.map(({ path }) => realpath(join(root, path)).catch(() => join(root, path))),
  );
  for (const folder of [...foldersUpTo(scriptsDir), 'scripts']) {
    const text = await readInside(resolve(join(root, folder), name), root, covered);
    if (text !== undefined) return await parsed(text, extname(name).toLowerCase());
  }
  return undefined;
}

function configArgument(args: string): string | undefined {
  const words = wordsOf(args);
  const at = words.findIndex((word) => word === '--config' || word.startsWith('--config='));
  const word = words[at];
  const value = word === '--config' ? words[at + 1] : word?.slice('--config='.length);
  return value === '' ? undefined : value;
}

/** What can't be read as words is told where the program of stages is made. */
function wordsOf(args: string): string[] {
  try {
    return splitWords(args).map((word) => word.map((piece) => ('text' in piece ? piece.text : '')).join(''));
  } catch {
    return [];
  }
}

function foldersUpTo(folder: string): string[] {
  const parts = folder.split('/').filter((part) => part !== '' && part !== '.');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/')).concat('');
}

async function readInside(
  path: string,
  root: string,
  covered: readonly string[],
): Promise<string | undefined> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined || !real.startsWith(root + sep) || basename(real) === credentialFile)
    return undefined;
  if (covered.some((one) => real === one || real.startsWith(one + sep))) return undefined;
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!file) return undefined;
  try {
    const facts = await file.stat();
    return facts.isFile() && facts.size <= mostBytes ? await file.readFile('utf8') : undefined;
  } finally {
    await file.close();
  }
}

async function parsed(text: string, extension: string): Promise<unknown> {
  try {
    if (extension === '.csv') return csvObjects(text);
    if (extension === '.json') return shallow(JSON.parse(text) as unknown);
    if (extension === '.yaml' || extension === '.yml') return shallow(await yamlData(text));
    return text;
  } catch {
    return text;
  }
}

/** Throws for what is nested deeper than settings are: whoever walks through a record does so by recursion. */
function shallow(data: unknown): unknown {
  let level = [data];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw new Error('it is nested too deep');
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return data;
}

/** As plain JSON data. Throws for what is no YAML, and for aliases that would make far more of it than was written. */
async function yamlData(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  const json = JSON.stringify(parse(text, { merge: true, maxAliasCount: 100, logLevel: 'error' }) ?? null);
  if (json.length > 4 * mostBytes) throw new Error('its aliases stand for too much');
  return JSON.parse(json) as unknown;
}

function csvObjects(text: string): Record<string, string>[] {
  const splitter = new RowSplitter();
  const rows = splitter.push(Buffer.from(text.replace(/^\uFEFF/, '')));
  const last = splitter.end();
  const [header = [], ...cells] = [...rows, ...(last ? [last] : [])]
    .filter(({ bytes }) => bytes.length > 0)
    .map(({ bytes }) => csvFields(bytes).map((value) => value.trim()));
  return cells.map((values) => Object.fromEntries(header.map((name, index) => [name, values[index] ?? ''])));
}
