/** A JSON list in a file that grows at its end, an entry a line, however long it is. */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { MadError } from '../../foundation/error.ts';
import { linkTarget, writeFileAtomic } from '../../foundation/file/atomic-write.ts';

/** What may stand behind the last entry: line ends, blanks and the bracket. */
const tailBytes = 1024;

/**
 * Adds objects; the caller holds the file's lock. A file whose end was cut off by a crash is mended first: what is whole
 * in it stays. INVALID_FILE when it holds anything but a list of objects; it is then left alone.
 */
export async function appendToList(path: string, entries: readonly object[]): Promise<void> {
  if (entries.length === 0) return;
  const file = linkTarget(path);
  if (appendAtEnd(file, entries)) return;
  await writeFileAtomic(file, listOf(linesOf(readFileSync(file, 'utf8'), path)));
  if (!appendAtEnd(file, entries)) throw noList(path);
}

const listOf = (lines: readonly string[]): string =>
  `[\n${lines.join(',\n')}${lines.length > 0 ? '\n' : ''}]\n`;

/** False when the file doesn't end as a list of objects does. */
function appendAtEnd(file: string, entries: readonly object[]): boolean {
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o666);
  try {
    const lines = entries.map((entry) => JSON.stringify(entry)).join(',\n');
    const { size } = fstatSync(descriptor);
    if (size === 0) return replaceFrom(descriptor, 0, `[\n${lines}\n]\n`);
    const end = endOfList(descriptor, size);
    return end !== undefined && replaceFrom(descriptor, end.at, `${end.isEmpty ? '' : ','}\n${lines}\n]\n`);
  } finally {
    closeSync(descriptor);
  }
}

/** Where the next entry goes: behind the last one, or the opening bracket. */
function endOfList(descriptor: number, size: number): { at: number; isEmpty: boolean } | undefined {
  const from = Math.max(0, size - tailBytes);
  const tail = textAt(descriptor, from, size - from);
  const start = textAt(descriptor, 0, Math.min(size, tailBytes));
  if (!/^(?:\xEF\xBB\xBF)?\s*\[/.test(start)) return undefined;
  // A line of ours that was cut off may end like a whole list.
  const listEnd = start.startsWith('[\n{') ? /^(.*([[}]))\n\]\s*$/s : /^(.*([[}]))\s*\]\s*$/s;
  const [, kept, last] = listEnd.exec(tail) ?? [];
  if (kept === undefined) return undefined;
  const at = from + Buffer.byteLength(kept, 'latin1');
  if (last === '}') return { at, isEmpty: false };
  return from === 0 && /^\s*\[$/.test(kept) ? { at, isEmpty: true } : undefined;
}

/** Latin-1, so that a character is a byte. */
function textAt(descriptor: number, position: number, length: number): string {
  const bytes = Buffer.alloc(length);
  return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, length, position));
}

/** Takes back what a full disk cut short. */
function replaceFrom(descriptor: number, at: number, text: string): true {
  const before = Buffer.from(textAt(descriptor, at, fstatSync(descriptor).size - at), 'latin1');
  const bytes = Buffer.from(text, 'utf8');
  try {
    // One write where the system allows it: who reads meanwhile sees the list before or after.
    for (let done = 0; done < bytes.length; )
      done += writeSync(descriptor, bytes, done, bytes.length - done, at + done);
  } catch (error) {
    writeSync(descriptor, before, 0, before.length, at);
    ftruncateSync(descriptor, at + before.length);
    throw error;
  }
  ftruncateSync(descriptor, at + bytes.length);
  return true;
}

/** The whole entries of a list that we wrote and that was cut off. */
function linesOf(text: string, path: string): string[] {
  const [first = '', ...lines] = text.split('\n');
  const whole = lines.map((line) => line.replace(/,$/, '')).filter(isObject);
  if (
    !'[\n'.startsWith(first) ||
    (lines.some((line) => line.trim() !== '') && whole.length < lines.length - 2)
  )
    throw noList(path);
  return whole;
}

function isObject(line: string): boolean {
  try {
    return line.startsWith('{') && typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
}

/** The entries of a list; none when there is no file. Reads all of it. INVALID_FILE as `appendToList`. */
export function readList(path: string): Readonly<Record<string, unknown>>[] {
  const text = textIfThere(path);
  if (text.trim() === '') return [];
  const data = parsed(text) ?? linesOf(text, path).map((line) => JSON.parse(line) as unknown);
  const isEntry = (one: unknown): one is Record<string, unknown> =>
    typeof one === 'object' && one !== null && !Array.isArray(one);
  if (Array.isArray(data) && data.every(isEntry)) return data;
  throw noList(path);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

function textIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

const noList = (path: string): MadError =>
  new MadError('INVALID_FILE', `${path} holds no list of results, and nothing was added to it`, {
    hint: 'Move it away; the next run makes a new one.',
  });
