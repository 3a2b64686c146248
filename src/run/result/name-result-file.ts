/** A card's result file beside `perf.csv`, where the Python tool has it and scripts look for it. */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile } from 'node:fs/promises';
import { basename, join, normalize } from 'node:path';
import { writeFileAtomic } from '../../foundation/file/atomic-write.ts';
import { stateFolder } from '../../record/campaign/state-folder.ts';

/** Names that files of ours have, or may have one day. */
const ours = /^(?:\.|perf|common_info|results_summary)/i;

/** A longer one is not read to see whose it is. */
const longestKnown = 64 * 1024 * 1024;

/**
 * Copies the artifact there under its name. A file that madengine did not write stays: that folder is mostly the package.
 * `file` is as the card names it; returns the path, `'not ours'` where another file has it, or undefined for a name that is
 * no plain one of a CSV file.
 */
export async function nameResultFile(
  file: string,
  artifact: string,
  { resultsRoot, perfCsv }: { resultsRoot: string; perfCsv: string },
): Promise<string | 'not ours' | undefined> {
  const name = normalize(file);
  if (name !== basename(name) || !/\.csv$/i.test(name) || ours.test(name) || name === basename(perfCsv))
    return undefined;
  const to = join(resultsRoot, name);
  const content = await readFile(artifact);
  const marks = join(stateFolder(resultsRoot), 'result-files');
  const mark = join(marks, `${name}.sha256`);
  const there = await digestAt(to);
  const written = there === undefined ? [] : await readMark(mark);
  const digest = sha256(content);
  if (there !== undefined && there !== digest && !written.includes(there)) return 'not ours';
  await mkdir(marks, { recursive: true });
  // Before the file, with what stands there now: killed in between, either is known as ours.
  const known = [digest, ...(there === undefined || !written.includes(there) ? [] : [there])];
  if (there !== digest) {
    await writeFileAtomic(mark, `${known.join('\n')}\n`, { durable: false });
    await writeFileAtomic(to, content, { durable: false });
  }
  return to;
}

/** '' for what is no file to read; undefined where nothing is. */
async function digestAt(path: string): Promise<string | undefined> {
  const facts = await lstat(path).catch(() => undefined);
  if (!facts) return undefined;
  return facts.isFile() && facts.size <= longestKnown ? sha256(await readFile(path)) : '';
}

const readMark = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line));

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
