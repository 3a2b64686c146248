import { readFile, stat } from 'node:fs/promises';
import { MadError } from '../error.ts';
import { errnoOf } from './errno.ts';
import { findJsonError } from './json-error.ts';

/** Reads a JSON file: FILE_NOT_FOUND, or INVALID_FILE with line and column. What is in it is for the caller to check. */
export async function readJsonFile(path: string): Promise<unknown> {
  return parseJson(await readTextFile(path), path);
}

/** The same for text at hand; `file` is what messages call it. A byte order mark is passed over. */
export function parseJson(text: string, file: string): unknown {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    return JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Node's own messages differ from version to version, and not all say where.
    const found = findJsonError(body);
    if (!found)
      throw new MadError('INVALID_FILE', `${file} is not valid JSON: ${error.message}`, { cause: error });
    const { line, column, problem, hint } = found;
    throw new MadError('INVALID_FILE', `${file}:${line}:${column}: not valid JSON: ${problem}`, {
      hint,
      cause: error,
    });
  }
}

async function readTextFile(path: string): Promise<string> {
  try {
    await requireNoNamedPipe(path);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof MadError) throw error;
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      throw new MadError('FILE_NOT_FOUND', `There is no file ${path}`, {
        hint: 'Check the path; a relative one counts from the current folder.',
        cause: error,
      });
    }
    const reason = errno === 'EISDIR' ? 'it is a folder' : (error as Error).message;
    throw new MadError('INVALID_FILE', `${path} cannot be read: ${reason}`, {
      hint: 'Give a readable file with JSON in it.',
      cause: error,
    });
  }
}

/**
 * The wait for its writer could not be ended, not even by a signal. Those that a shell makes (`<(…)`, /dev/stdin) have
 * one.
 */
async function requireNoNamedPipe(path: string): Promise<void> {
  if (/^\/(?:dev|proc)\//.test(path) || !(await stat(path)).isFIFO()) return;
  throw new MadError('INVALID_FILE', `${path} cannot be read: it is a named pipe`, {
    hint: 'Give a readable file with JSON in it.',
  });
}
