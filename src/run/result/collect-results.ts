import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, realpath, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { scrubBytes } from '../../foundation/scrub-stream.ts';
import type { Scrubber } from '../../foundation/secret.ts';
import type { Observations } from '../../record/judge.ts';
import { longestResultFile, readMultipleResults } from '../../record/output/multiple-results.ts';
import type { ScanResult } from '../../record/output/output-scanner.ts';
import type { Metric, RunRecord } from '../../record/record-schema.ts';

export interface Collected {
  metrics: Metric[];
  problem: Observations['metricProblem'];
  artifacts: RunRecord['artifacts'];
}

/** The metric of the output, where the card declares no result file. */
export function metricOfOutput(scan: ScanResult): Collected {
  const found = scan.metric;
  if (found) {
    const metric: Metric = {
      name: found.name,
      value: found.value,
      text: found.text,
      unit: null,
      direction: null,
      status: 'SUCCESS',
      row: null,
      columns: {},
    };
    return { metrics: [metric], problem: undefined, artifacts: [] };
  }
  const problem =
    scan.unreadLine === undefined
      ? undefined
      : {
          message: 'its `performance:` line has no number with a metric behind it',
          evidence: scan.unreadLine,
        };
  return { metrics: [], problem, artifacts: [] };
}

export interface ResultFileOptions {
  /** As the card names it. */
  file: string;
  workspace: string;
  modelDir: string;
  /** What card or context set `MAD_OUTPUT_CSV` to, as the run sees it; relative to the folder that its script starts in. */
  outputCsv?: string;
  /** The workspace, as the run sees it. */
  workspaceAsSeen: string;
  runFolder: string;
  /** A file older than this isn't the run's. */
  notBefore: Date;
  scrubber: Scrubber;
}

/**
 * The metrics of a declared result file, looked for in the working folder, then in the model's folder, then where
 * `MAD_OUTPUT_CSV` points. The file becomes an artifact of the run.
 */
export async function metricsOfFile(options: ResultFileOptions): Promise<Collected> {
  const { file, workspace, modelDir } = options;
  if (isAbsolute(file) || file.split('/').includes('..')) {
    return failed(`the result file ${file} lies outside the run's folder`);
  }
  let unusable: string | undefined;
  const pointed = pointedPath(options);
  const places = [file, join(modelDir, file), ...(pointed === undefined ? [] : [pointed])];
  for (const place of places) {
    const path = join(workspace, place);
    const trusted = await isOwnFile(path, workspace);
    if (trusted === undefined) continue;
    if (!trusted) {
      unusable ??= `the result file ${file} is no regular file of the run's folder`;
      continue;
    }
    const results = await readMultipleResults(path, { notBefore: options.notBefore });
    if (results.stale) {
      unusable ??= `the result file ${file} is older than the run`;
      continue;
    }
    const artifacts = await keepArtifact(path, options.runFolder, options.scrubber);
    if (results.problem !== undefined) {
      return { metrics: results.metrics, problem: { message: `${file}: ${results.problem}` }, artifacts };
    }
    return { metrics: results.metrics, problem: undefined, artifacts };
  }
  return failed(unusable ?? `the result file ${file} was not written`);
}

/** Relative to the workspace; undefined when it lies outside. */
function pointedPath({ outputCsv, workspaceAsSeen, modelDir }: ResultFileOptions): string | undefined {
  if (!outputCsv) return undefined;
  const path = relative(workspaceAsSeen, resolve(workspaceAsSeen, modelDir, outputCsv));
  return path === '' || path.split(sep)[0] === '..' ? undefined : path;
}

function failed(message: string): Collected {
  return { metrics: [], problem: { message }, artifacts: [] };
}

/** undefined when nothing is there; false for links out of the run and anything that is no regular file. */
async function isOwnFile(path: string, workspace: string): Promise<boolean | undefined> {
  const facts = await lstat(path).catch(() => undefined);
  if (!facts) return undefined;
  if (!facts.isFile()) return false;
  const [real, root] = await Promise.all([realpath(path), realpath(workspace)]);
  return real.startsWith(root + sep);
}

/** A scrubbed copy; none of a file that is too long to be one of results, or that is no file any more. */
async function keepArtifact(
  path: string,
  runFolder: string,
  scrubber: Scrubber,
): Promise<RunRecord['artifacts']> {
  const source = await openOwn(path);
  if (!source) return [];
  try {
    const facts = await source.stat();
    if (!facts.isFile() || facts.size > longestResultFile) return [];
    const text = Buffer.alloc(facts.size);
    const { bytesRead } = await source.read(text, 0, text.length, 0);
    const content = scrubBytes(text.subarray(0, bytesRead), scrubber);
    const folder = join(runFolder, 'artifacts');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const name = basename(path);
    await writeFile(join(folder, name), content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    return [{ path: `artifacts/${name}`, bytes: content.length, sha256 }];
  } finally {
    await source.close();
  }
}

/** A process that outlived its program may put anything in the file's place; links are not followed. */
const openOwn = (path: string): Promise<FileHandle | undefined> =>
  open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => undefined);
