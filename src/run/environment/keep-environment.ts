/** What the stage noted of a run's environment, taken out of the folder that the model could write in, and kept. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { lstat, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryBeside } from '../../foundation/file/atomic-write.ts';
import type { Scrubber } from '../../foundation/secret.ts';
import { maskSecretText } from '../../foundation/secret-text.ts';
import { type CaptureMode, captureFiles } from '../../stage/environment-stage.ts';
import { environmentCsv } from './environment-csv.ts';
import {
  environmentSections,
  type SectionState,
  type SeenSection,
  sectionHeader,
  sectionStates,
} from './environment-section.ts';

/** No section says more that anybody would read. */
const longestSection = 1024 * 1024;
const longestIndex = 64 * 1024;

export interface KeptFile {
  /** Relative to the kept folder. */
  path: string;
  bytes: number;
  sha256: string;
}

export interface KeptEnvironment {
  /** SHA-256 of the sections that are the same whenever the same software is looked at. */
  hash: string;
  mode: CaptureMode;
  /** Absolute; named by its content. */
  folder: string;
  /** The same, relative to the campaign. */
  path: string;
  files: readonly KeptFile[];
  /** Sections that were killed or failed, in words. */
  problems: readonly string[];
}

export interface KeepOptions {
  /** The run's control folder on this machine. */
  control: string;
  /** The campaign's folder. */
  campaign: string;
  mode: CaptureMode;
  scrubber: Scrubber;
  /** Keeps only what was ended properly; without it, whatever is there. */
  onlyWhole?: boolean;
}

/** undefined when the stage left nothing (or, with `onlyWhole`, is not through). */
export async function keepEnvironment(options: KeepOptions): Promise<KeptEnvironment | undefined> {
  const { control, mode, campaign } = options;
  const noted = join(control, captureFiles.folder);
  if (!(await lstat(noted).catch(() => undefined))?.isDirectory()) return undefined;
  const index = readOwn(join(noted, captureFiles.index), longestIndex);
  if (index === undefined || (options.onlyWhole && !/^over$/m.test(index))) return undefined;
  const sections = readSections(noted, statesOf(index), options);
  const hash = hashOf(sections);
  const contents = filesOf(sections, { hash, mode });
  const files = Object.entries(contents).map(([path, text]) => ({
    path,
    bytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
  }));
  const content = createHash('sha256');
  for (const { path, sha256 } of files) content.update(`${sha256}  ${path}\n`);
  const path = `environment/${content.digest('hex')}`;
  const folder = join(campaign, path);
  await writeOnce(folder, contents);
  return { hash, mode, folder, path, files, problems: problemsOf(sections) };
}

/** Name of the table in the kept folder; the sections are `<name>.txt`. */
const keptTable = 'environment.csv';

function filesOf(
  sections: readonly SeenSection[],
  facts: { hash: string; mode: CaptureMode },
): Record<string, string> {
  // Half of them are absent on most machines: that they are stands in environment.json.
  const texts = sections
    .filter(({ state }) => state !== 'absent')
    .map(({ section, text }) => [`${section.name}.txt`, `${sectionHeader(section.name)}\n${text}`]);
  const states = Object.fromEntries(sections.map(({ section, state }) => [section.name, state]));
  return {
    ...Object.fromEntries(texts),
    [keptTable]: environmentCsv(sections),
    'environment.json': `${JSON.stringify({ ...facts, sections: states }, null, 2)}\n`,
  };
}

function statesOf(index: string): Map<string, SectionState> {
  const states = new Map<string, SectionState>();
  for (const line of index.split('\n')) {
    const [name = '', state] = line.split('\t');
    const known = sectionStates.find((one) => one === state);
    if (known) states.set(name, known);
  }
  return states;
}

function readSections(
  noted: string,
  states: ReadonlyMap<string, SectionState>,
  { mode, scrubber }: KeepOptions,
): SeenSection[] {
  return environmentSections
    .filter(({ full }) => !full || mode === 'full')
    .map((section) => {
      const state = states.get(section.name) ?? 'late';
      if (state === 'absent') return { section, state, text: '' };
      const raw = readOwn(join(noted, `${section.name}.txt`), longestSection);
      const text = cleaned(raw ?? 'not asked: something before it did not answer\n', scrubber);
      return { section, state, text };
    });
}

/** Without secrets and without what would move a terminal's cursor. */
function cleaned(raw: string, scrubber: Scrubber): string {
  // What the script made of a line feed within a variable; in a secret it is one as any other.
  const lines = raw.replaceAll(/\r+/g, '').replaceAll('\u0001', '\r');
  const clean = scrubber.scrub(lines).replaceAll('\r', '\\n');
  const text = maskSecretText(clean.toWellFormed()).replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '');
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/**
 * A regular file, as far as `longest` bytes; links are not followed, pipes not waited for. At once, as all that goes over
 * these dozens of small files: while their promises took turns, the engine would lack a CPU to remove the container.
 */
function readOwn(path: string, longest: number): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const facts = fstatSync(file);
    if (!facts.isFile()) return undefined;
    const buffer = Buffer.alloc(Math.min(facts.size, longest));
    const bytesRead = readSync(file, buffer, 0, buffer.length, 0);
    const text = buffer.toString('utf8', 0, bytesRead);
    // A secret that is cut would not be found.
    return facts.size > longest ? text.slice(0, text.lastIndexOf('\n') + 1) : text;
  } finally {
    closeSync(file);
  }
}

/** SHA-256 of everything that lasts; a machine and an image that were looked at twice have the same one. */
function hashOf(sections: readonly SeenSection[]): string {
  const hash = createHash('sha256');
  for (const { section, state, text } of sections) {
    if (section.lasting) hash.update(`${section.name} ${state}\n${state === 'ok' ? text : ''}\n`);
  }
  return hash.digest('hex');
}

function problemsOf(sections: readonly SeenSection[]): string[] {
  const late = sections.filter(({ state }) => state === 'late').map(({ section }) => section.name);
  const more = late.length > 3 ? ` and ${late.length - 3} more` : '';
  return late.length === 0 ? [] : [`no answer in time for ${late.slice(0, 3).join(', ')}${more}`];
}

/** The folder appears whole; one that is there has the same content. */
async function writeOnce(folder: string, contents: Readonly<Record<string, string>>): Promise<void> {
  if (await isThere(folder)) return;
  const temporary = temporaryBeside(folder);
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(contents)) {
    writeFileSync(join(temporary, name), text, { mode: 0o600 });
  }
  await rename(temporary, folder).catch(async (error: unknown) => {
    await rm(temporary, { recursive: true, force: true });
    if (!(await isThere(folder))) throw error;
  });
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
