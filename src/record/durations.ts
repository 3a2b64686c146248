/** How long each job of a campaign took, in one small file, so that later campaigns can say how long they will take. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../foundation/file/atomic-write.ts';
import { campaignIds } from './campaign/campaign-list.ts';
import type { RunRecord } from './record-schema.ts';

const file = 'durations.json';
const schema = 'madengine.durations/1';
/** Campaigns that are read, and looked at: builds and old ones have no such file. */
const most = 10;
const mostLookedAt = 60;

/** Seconds of one execution by the job's key. */
export type Durations = ReadonlyMap<string, number>;

/** Undefined for a run that says nothing of how long its job takes. */
export function executionS({
  status,
  placement,
  failure,
  durations,
  samples,
}: RunRecord): number | undefined {
  if (status === 'SKIPPED' || placement === null) return undefined;
  if (failure?.class === 'interrupted' || failure?.class === 'not_run') return undefined;
  return durations.total_s / Math.max(1, samples.length);
}

/** Adds to what an earlier process of the campaign wrote. */
export async function writeDurations(campaignFolder: string, durations: Durations): Promise<void> {
  const all = { ...Object.fromEntries(await readOne(campaignFolder)), ...Object.fromEntries(durations) };
  const text = `${JSON.stringify({ schema, jobs: all })}\n`;
  await writeFileAtomic(join(campaignFolder, file), text, { durable: false });
}

/** The median of each job over the last campaigns of the results root. */
export async function pastDurations(campaignsFolder: string, resultsRoot: string): Promise<Durations> {
  const ids = (await campaignIds(resultsRoot)).slice(-mostLookedAt).toReversed();
  const found = new Map<string, number[]>();
  let read = 0;
  while (read < most && ids.length > 0) {
    const several = await Promise.all(
      ids.splice(0, most - read).map((id) => readOne(join(campaignsFolder, id))),
    );
    for (const jobs of several) {
      if (jobs.size > 0) read++;
      for (const [job, seconds] of jobs) found.set(job, [...(found.get(job) ?? []), seconds]);
    }
  }
  return new Map([...found].map(([job, list]) => [job, medianOf(list)]));
}

/** Empty where there is none, or somebody made something else of it: an estimate is worth no error. */
async function readOne(campaignFolder: string): Promise<Durations> {
  try {
    const data = JSON.parse(await readFile(join(campaignFolder, file), 'utf8')) as Record<string, unknown>;
    const jobs = data.schema === schema ? (data.jobs ?? {}) : {};
    const entries = Object.entries(jobs).filter(
      (entry): entry is [string, number] =>
        typeof entry[1] === 'number' && Number.isFinite(entry[1]) && entry[1] >= 0,
    );
    return new Map(entries);
  } catch {
    return new Map();
  }
}

export function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
