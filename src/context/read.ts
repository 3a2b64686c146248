import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ErrorCode, MadError } from '../foundation/error.ts';
import type { Context } from './context.ts';
import { checkKnownKeys, type MoreNames } from './known-keys.ts';
import { type ContextLayer, isPlainObject, mergeContext } from './merge.ts';
import { LiteralError, parseLiteral } from './python-literal.ts';

/** What a person gives as context, in the order in which one wins over the other: the string over the file. */
export interface ContextSources {
  /** `--additional-context` as typed: JSON or a Python literal. */
  additionalContext?: string | undefined;
  /** `--additional-context-file`, relative to `cwd`. */
  additionalContextFile?: string | undefined;
  /** The process's environment. Its `MAD_SECRETS*` are no context values: they travel as secrets. */
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
}

/** Larger than any context that a person or a script writes. */
const largestFile = 16 * 1024 * 1024;

/** Reads what was given, weakest layer first. Throws INVALID_ARGUMENT, INVALID_FILE or FILE_NOT_FOUND. */
export async function readContextLayers(sources: ContextSources): Promise<ContextLayer[]> {
  const layers: ContextLayer[] = [];
  const test = await readTestFile(sources.cwd);
  if (test !== undefined) layers.push({ origin: 'detected', values: { ctx_test: test } });
  if (sources.additionalContextFile) {
    const values = await readContextFile(sources.additionalContextFile, sources.cwd);
    layers.push({ origin: '--additional-context-file', values });
  }
  if (sources.additionalContext?.trim()) {
    const values = parseContext(sources.additionalContext, {
      code: 'INVALID_ARGUMENT',
      what: '--additional-context',
      hint: argumentHint(sources.additionalContext),
    });
    layers.push({ origin: '--additional-context', values });
  }
  return layers;
}

/**
 * The effective context: defaults, then the layers in their order. Known keys are checked and brought to their form
 * (see `known-keys.ts`); all others are kept as they are. Throws INVALID_ARGUMENT with a line for each wrong key.
 */
export function finishContext(
  layers: readonly ContextLayer[],
  defaults: Record<string, unknown>,
  more?: MoreNames,
): Context {
  const merged = mergeContext([{ origin: 'default', values: defaults }, ...layers.map(withoutEmptyFilters)]);
  return checkKnownKeys(merged, more);
}

/** Manifests of the Python tool hold `''` where it knew no vendor or system: that hides no default. */
function withoutEmptyFilters(layer: ContextLayer): ContextLayer {
  const says = ([key, value]: [string, unknown]): boolean =>
    !((key === 'gpu_vendor' || key === 'guest_os') && (value === '' || value === null));
  return { ...layer, values: Object.fromEntries(Object.entries(layer.values).filter(says)) };
}

/** The Python tool's own tests steer Dockerfiles by the text of a file of this name (v1-formats, 2). */
async function readTestFile(cwd: string): Promise<string | undefined> {
  try {
    const path = resolve(cwd, 'ctx_test');
    const facts = await stat(path);
    return facts.isFile() && facts.size < 1024 ? (await readFile(path, 'utf8')).trim() : undefined;
  } catch {
    return undefined;
  }
}

async function readContextFile(file: string, cwd: string): Promise<Record<string, unknown>> {
  const text = await readText(file, resolve(cwd, file));
  return parseContext(text, {
    code: 'INVALID_FILE',
    what: `context file ${file}`,
    hint: 'The file holds one JSON object, such as {"gpu_vendor": "AMD", "guest_os": "UBUNTU"}.',
  });
}

async function readText(file: string, path: string): Promise<string> {
  const what = `--additional-context-file ${file}`;
  try {
    const facts = await stat(path);
    const hint = 'Name a file with one JSON object or Python dict in it.';
    if (!facts.isFile()) throw new MadError('INVALID_FILE', `${what}: this is not a file.`, { hint });
    if (facts.size > largestFile) {
      throw new MadError('INVALID_FILE', `${what}: ${facts.size} bytes are too many for a context.`, {
        hint,
      });
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof MadError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new MadError(
      missing ? 'FILE_NOT_FOUND' : 'INVALID_FILE',
      missing
        ? `${what}: there is no such file (looked at ${path}).`
        : `${what}: ${(error as Error).message}`,
      { hint: 'Name a file that you can read; a relative path starts at the current folder.', cause: error },
    );
  }
}

interface ContextText {
  code: ErrorCode;
  /** How the source is called in messages. */
  what: string;
  hint: string;
}

function parseContext(text: string, source: ContextText): Record<string, unknown> {
  if (text.trim() === '') return {};
  const value = parsedValue(text, source);
  if (isPlainObject(value)) return value;
  const kind = Array.isArray(value) ? 'a list' : value === null ? 'nothing (null)' : `a ${typeof value}`;
  throw new MadError(source.code, `${source.what}: expected an object with keys and values, found ${kind}.`, {
    hint: source.hint,
  });
}

function parsedValue(text: string, source: ContextText): unknown {
  try {
    return parseLiteral(text);
  } catch (error) {
    if (!(error instanceof LiteralError)) throw error;
    throw new MadError(source.code, `${source.what}, ${error.message}.`, { hint: source.hint, cause: error });
  }
}

/** What usually went wrong on a command line. */
function argumentHint(text: string): string {
  const example = `--additional-context '{"gpu_vendor": "AMD", "guest_os": "UBUNTU"}'`;
  if (!/^\s*\{/.test(text)) {
    return `Write an object: ${example}. For a file, use --additional-context-file.`;
  }
  if (!/["']/.test(text)) {
    return `The shell took the quotes away: put single quotes around all of it, ${example}.`;
  }
  return `JSON or a Python dict, in single quotes for the shell: ${example}.`;
}
