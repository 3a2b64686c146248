import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { basename, extname, join, resolve, sep } from 'node:path';
import { csvFields, RowSplitter } from '../record/csv-rows.ts';
import { splitWords } from '../stage/words.ts';

const credentialFile = 'credential.json';
/** More settings than this are no settings. */
const mostBytes = 1024 * 1024;

/**
 * What the file holds that a model's arguments name behind `--config`: JSON as it is, the rows of a CSV file as objects,
 * any other as text; undefined without one. It is looked for in the folder of the model's scripts and above, up to the
 * package; nothing outside of that is read.
 */
export async function readConfigFile(args: string, packageDir: string, scriptsDir: string): Promise<unknown> {
  const name = configArgument(args);
  if (name === undefined) return undefined;
  const root = await realpath(packageDir).catch(() => undefined);
  if (root === undefined) return undefined;
  for (const folder of [...foldersUpTo(scriptsDir), 'scripts']) {
    const text = await readInside(resolve(join(root, folder), name), root);
    if (text !== undefined) return parsed(text, extname(name).toLowerCase());
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

async function readInside(path: string, root: string): Promise<string | undefined> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined || !real.startsWith(root + sep) || basename(real) === credentialFile)
    return undefined;
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

function parsed(text: string, extension: string): unknown {
  if (extension === '.csv') return csvObjects(text);
  if (extension !== '.json') return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
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
