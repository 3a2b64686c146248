import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { posix, relative, resolve, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../context/context.ts';
import { buildArgsOf } from '../context/known-keys.ts';
import { isPlainObject } from '../context/merge.ts';
import { LiteralError, parseLiteral } from '../context/python-literal.ts';
import { MadError } from '../foundation/error.ts';
import type { ModelCard } from '../package/card.ts';
import { type DockerfileFacts, readDockerfileText, substituted } from './dockerfile-text.ts';
import { architectureArgument, madeFor } from './gpu-architecture.ts';

/** A Dockerfile of a model that fits the context. */
export interface Dockerfile {
  /** Relative to the package, with `/`. */
  path: string;
  /** Of its `# CONTEXT` line; undefined when it has none, which fits everything. */
  context: Record<string, unknown> | undefined;
  /** The base image: `BASE_DOCKER` of the context, else of the file, else its first `FROM`. */
  base: string;
  declaredArgs: readonly string[];
  /** In upper case: of the CONTEXT line, else of the file's name, else of what the base looks like. */
  gpuVendor?: string;
  /** Default or given value of `MAD_SYSTEM_GPU_ARCHITECTURE`. */
  gpuArchitecture?: string;
  /** The only architectures that it is made for; see {@link madeFor}. */
  madeFor?: readonly string[];
  /** Ids of `RUN --mount=type=secret`. */
  usesSecretMounts: readonly string[];
  /** Names that it copies from and that are no stage of its own: images, or named build contexts. */
  copiesFrom: readonly string[];
}

const largestDockerfile = 1024 * 1024;
/** How far down the CONTEXT line may stand. */
const contextLines = 5;

/**
 * All Dockerfiles of a card that fit the context, sorted by path; none when nothing fits (see {@link explainNoMatch}).
 * Throws INVALID_FILE for a path that leaves the package and for a CONTEXT line that can't be read.
 */
export async function findDockerfiles(
  root: string,
  card: ModelCard,
  context: Context,
): Promise<Dockerfile[]> {
  const candidates = await readCandidates(root, card);
  return candidates
    .filter((candidate) => misfit(candidate.context, context) === undefined)
    .map((candidate) => describe(candidate, context));
}

/** Why no Dockerfile fits: which files there are, and the key that excludes each. */
export async function explainNoMatch(root: string, card: ModelCard, context: Context): Promise<string> {
  const candidates = await readCandidates(root, card);
  if (candidates.length === 0) {
    return `there is no Dockerfile ${card.dockerfile} or ${card.dockerfile}.* for the model ${card.name}`;
  }
  const reasons = candidates.map(
    ({ path, context: wants }) => `${path} (${misfit(wants, context) ?? 'fits'})`,
  );
  return `no Dockerfile of the model ${card.name} fits the context: ${reasons.join('; ')}`;
}

interface Candidate {
  path: string;
  text: string;
  context: Record<string, unknown> | undefined;
}

/** All Dockerfiles of a card, whatever context they want. */
export async function readCandidates(root: string, card: ModelCard): Promise<Candidate[]> {
  const prefix = posix.normalize(card.dockerfile);
  if (prefix.startsWith('../') || prefix === '..' || posix.isAbsolute(prefix) || prefix.includes('\0')) {
    throw outside(card, card.dockerfile);
  }
  const folder = posix.dirname(prefix);
  const base = posix.basename(prefix);
  const candidates: Candidate[] = [];
  for (const name of await filesOf(resolve(root, folder))) {
    if (name !== base && !isVariant(name, base)) continue;
    const candidate = await readCandidate(root, posix.join(folder, name), card);
    if (candidate) candidates.push(candidate);
  }
  return candidates;
}

/** `<file>.dockerignore` is BuildKit's ignore list of a Dockerfile, not one itself. */
const isVariant = (name: string, base: string): boolean =>
  name.startsWith(`${base}.`) && !name.endsWith('.dockerignore');

async function filesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

async function readCandidate(root: string, path: string, card: ModelCard): Promise<Candidate | undefined> {
  const real = await realpath(resolve(root, path)).catch(() => undefined);
  if (real === undefined) return undefined;
  const within = relative(await realpath(root), real);
  if (within === '..' || within.startsWith(`..${sep}`)) throw outside(card, path);
  const facts = await stat(real);
  if (!facts.isFile()) return undefined;
  if (facts.size > largestDockerfile) {
    throw new MadError('INVALID_FILE', `${path}: ${facts.size} bytes are too many for a Dockerfile.`, {
      hint: `Files named ${card.dockerfile}.* are taken for Dockerfiles of ${card.name}: rename this one if it is none.`,
    });
  }
  const text = await readFile(real, 'utf8');
  return { path, text, context: readContextLine(path, text) };
}

function outside(card: ModelCard, path: string): MadError {
  return new MadError(
    'INVALID_FILE',
    `The Dockerfile ${JSON.stringify(path)} of the model ${card.name} lies outside of the package.`,
    { hint: "Put it into the package, and name it in `dockerfile` by its path from the package's folder." },
  );
}

/** `# CONTEXT {'gpu_vendor': 'AMD'}`; several lines count together. */
export function readContextLine(path: string, text: string): Record<string, unknown> | undefined {
  let found: Record<string, unknown> | undefined;
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/, contextLines);
  lines.forEach((line, index) => {
    const [, lead = '', literal] = /^(\s*#\s*CONTEXT\s+)(.*)$/.exec(line) ?? [];
    if (literal === undefined) return;
    const value = parsedContext(path, index + 1, lead.length, literal);
    found = Object.fromEntries([...Object.entries(found ?? {}), ...Object.entries(value)]);
  });
  return found;
}

function parsedContext(path: string, line: number, lead: number, literal: string): Record<string, unknown> {
  const hint = "Write it as # CONTEXT {'gpu_vendor': 'AMD', 'guest_os': 'UBUNTU'}.";
  try {
    const value = parseLiteral(literal);
    if (isPlainObject(value)) return value;
  } catch (error) {
    if (!(error instanceof LiteralError)) throw error;
    const column = lead + error.column;
    const message = `${path}, line ${line}, column ${column}: the CONTEXT line needs ${error.expected} there.`;
    throw new MadError('INVALID_FILE', message, { hint, cause: error });
  }
  throw new MadError('INVALID_FILE', `${path}, line ${line}: the CONTEXT line holds no object.`, { hint });
}

/** Keys whose values are names that people write in any letter case. */
const caseless = new Set(['gpu_vendor', 'guest_os']);

/** The first key that speaks against a Dockerfile, in words; undefined when it fits. */
function misfit(wants: Record<string, unknown> | undefined, context: Context): string | undefined {
  for (const [key, wanted] of Object.entries(wants ?? {})) {
    if (!Object.hasOwn(context.values, key)) continue;
    const given = context.values[key];
    const compared = caseless.has(key) ? upper : same;
    if (isDeepStrictEqual(compared(wanted), compared(given))) continue;
    return `needs ${key} ${shown(wanted)}, the context says ${shown(given)}`;
  }
  return undefined;
}

const same = (value: unknown): unknown => value;
const upper = (value: unknown): unknown => (typeof value === 'string' ? value.trim().toUpperCase() : value);

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function describe({ path, text, context: wants }: Candidate, context: Context): Dockerfile {
  const facts = readDockerfileText(text);
  const values = argumentValues(facts, buildArgsOf(context));
  const base = values.get('BASE_DOCKER') ?? filledIn(facts.bases[0] ?? '', values);
  const gpuVendor = vendorOf(path, wants, facts, base);
  const gpuArchitecture = values.get(architectureArgument);
  const targets = madeFor(facts.declaredArgs, values);
  return {
    path,
    context: wants,
    base,
    declaredArgs: facts.declaredArgs,
    ...(gpuVendor ? { gpuVendor } : {}),
    ...(gpuArchitecture ? { gpuArchitecture } : {}),
    ...(targets ? { madeFor: targets } : {}),
    usesSecretMounts: facts.secretIds,
    copiesFrom: facts.outsideNames,
  };
}

/** What was given, and the defaults of the rest; a default sees only what stands before it. */
function argumentValues(
  facts: DockerfileFacts,
  given: Readonly<Record<string, string>>,
): Map<string, string> {
  const values = new Map(Object.entries(given));
  for (const [name, text] of facts.defaults) {
    if (!values.has(name)) values.set(name, filledIn(text, values));
  }
  return values;
}

/** Longer values are cut: those that refer to others could grow without limit. */
const longestValue = 1024;

const filledIn = (text: string, values: ReadonlyMap<string, string>): string =>
  substituted(text.slice(0, longestValue), (name) => values.get(name)).slice(0, longestValue);

function vendorOf(
  path: string,
  wants: Record<string, unknown> | undefined,
  facts: DockerfileFacts,
  base: string,
): string | undefined {
  const stated = wants?.gpu_vendor;
  if (typeof stated === 'string' && stated !== '') return stated.trim().toUpperCase();
  const [, inName] = /\.(amd|nvidia|intel)(?:\.|$)/i.exec(posix.basename(path)) ?? [];
  if (inName) return inName.toUpperCase();
  const images = [base, ...facts.bases].join(' ').toLowerCase();
  if (/rocm/.test(images)) return 'AMD';
  return /nvidia|nvcr\.io|cuda/.test(images) ? 'NVIDIA' : undefined;
}
