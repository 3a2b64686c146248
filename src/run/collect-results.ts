import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, lstat, mkdir, realpath } from 'node:fs/promises';
import { basename, isAbsolute, join, sep } from 'node:path';
import type { Observations } from '../record/judge.ts';
import { readMultipleResults } from '../record/multiple-results.ts';
import type { ScanResult } from '../record/output-scanner.ts';
import type { Metric, RunRecord } from '../record/record-schema.ts';

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
  runFolder: string;
  /** A file older than this isn't the run's. */
  notBefore: Date;
}

/**
 * The metrics of a declared result file, looked for in the working folder, then in the model's folder. The file becomes
 * an artifact of the run.
 */
export async function metricsOfFile(options: ResultFileOptions): Promise<Collected> {
  const { file, workspace, modelDir } = options;
  if (isAbsolute(file) || file.split('/').includes('..')) {
    return failed(`the result file ${file} lies outside the run's folder`);
  }
  let unusable: string | undefined;
  for (const folder of [workspace, join(workspace, modelDir)]) {
    const path = join(folder, file);
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
    const artifacts = [await keepArtifact(path, options.runFolder)];
    if (results.problem !== undefined) {
      return { metrics: results.metrics, problem: { message: `${file}: ${results.problem}` }, artifacts };
    }
    return { metrics: results.metrics, problem: undefined, artifacts };
  }
  return failed(unusable ?? `the result file ${file} was not written`);
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

async function keepArtifact(path: string, runFolder: string): Promise<RunRecord['artifacts'][number]> {
  const folder = join(runFolder, 'artifacts');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = basename(path);
  const kept = join(folder, name);
  await copyFile(path, kept, constants.COPYFILE_FICLONE);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(kept)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { path: `artifacts/${name}`, bytes, sha256: hash.digest('hex') };
}
