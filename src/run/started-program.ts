/**
 * What a controller knew of a program when it started it, kept in the run's folder until the record is written: another
 * process can then go on with it when the first one dies.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { writeFileAtomic } from '../foundation/file/atomic-write.ts';
import { readJsonFile } from '../foundation/file/json-file.ts';
import { parseMarks } from '../stage/marks.ts';
import { controlFiles } from '../stage/stage.ts';
import type { Job } from './job.ts';
import type { JobPlan } from './plan-job.ts';
import type { Progress } from './progress.ts';
import { hostPaths } from './run-folder.ts';

export interface StartedProgram {
  /** The exec's secrets are not in it, and nothing needs them any more. */
  plan: JobPlan;
  /** Reference of the image. */
  image: string;
  /** UTC, ISO 8601. */
  started_at: string;
  /** What the run had found out by then. */
  progress: Progress;
  /** It has ended: its results lie there, also where its container is gone. */
  isOver: boolean;
}

const schema = 'madengine.started/1';
const fileIn = (runFolder: string): string => join(runFolder, 'started.json');

/** `scrub` takes secrets out of plain data. */
export async function writeStarted(
  runFolder: string,
  started: Omit<StartedProgram, 'isOver'>,
  scrub: <T>(data: T) => T,
): Promise<void> {
  const { job: _, exec, ...plan } = started.plan;
  const kept = { ...started, plan: { ...plan, exec: { ...exec, secretEnv: {} } } };
  // Whoever loses power loses the container, too.
  const durable = false;
  await writeFileAtomic(fileIn(runFolder), JSON.stringify({ schema, ...scrub(kept) }), {
    durable,
    mode: 0o600,
  });
}

/** Undefined where no program has begun, or another version started it. */
export async function readStarted(runFolder: string, job: Job): Promise<StartedProgram | undefined> {
  let data: unknown;
  try {
    data = await readJsonFile(fileIn(runFolder));
  } catch (error) {
    if (error instanceof MadError) return undefined;
    throw error;
  }
  // The folder is ours alone (mode 700), and only this version's own words are believed.
  if ((data as { schema?: unknown } | null)?.schema !== schema) return undefined;
  const started = data as StartedProgram;
  // Between a container's start and its program's there is nothing to go on with.
  const marks = join(hostPaths(runFolder, '').control, controlFiles.marks);
  const noted = parseMarks(await readFile(marks, 'utf8').catch(() => ''));
  if (noted.length === 0) return undefined;
  const isOver = noted.some(({ kind }) => kind === 'over');
  return { ...started, plan: { ...started.plan, job }, isOver };
}

export const removeStarted = (runFolder: string): Promise<void> => rm(fileIn(runFolder), { force: true });
