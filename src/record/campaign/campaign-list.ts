/** The campaigns of a results root as they stand on disk, for those who look without taking part. */
import { existsSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { isId } from '../../foundation/id.ts';
import { readRecord, recordPath } from '../record-file.ts';
import type { RunRecord } from '../record-schema.ts';
import { readCampaignFile } from './campaign-file.ts';
import { campaignsFolder, runFolderIn } from './campaign-folder.ts';
import type { CampaignInfo } from './campaign-schema.ts';
import { campaignState } from './campaign-state.ts';

/** `died`: its process is gone and no start has settled it yet; `unknown`: this user may not see whether it runs. */
export type CampaignProgress = 'running' | 'ended' | 'died' | 'unknown';

export interface ListedCampaign {
  id: string;
  /** Absolute folder of the campaign. */
  path: string;
  info: CampaignInfo;
  progress: CampaignProgress;
  /** Of runs, or of builds where nothing was to run; undefined until it has ended. */
  counts: { succeeded: number; failed: number; skipped: number; known_failures: number } | undefined;
  durationS: number | undefined;
}

/** All campaigns, the earliest first; `unreadable` are those whose file is damaged, another user's or a later version's. */
export async function listCampaigns(
  resultsRoot: string,
): Promise<{ campaigns: ListedCampaign[]; unreadable: { id: string; reason: string }[] }> {
  const campaigns: ListedCampaign[] = [];
  const unreadable: { id: string; reason: string }[] = [];
  for (const id of await campaignIds(resultsRoot)) {
    try {
      const listed = await campaignAt(resultsRoot, id);
      if (listed) campaigns.push(listed);
    } catch (error) {
      if (!(error instanceof MadError) && errnoOf(error) === undefined) throw error;
      unreadable.push({ id, reason: (error as Error).message });
    }
  }
  return { campaigns, unreadable };
}

/** Ids sort by the time when they were made. */
export const campaignIds = async (resultsRoot: string): Promise<string[]> =>
  (await namesIn(join(resultsRoot, '.madengine', 'campaigns'))).filter(isId).toSorted();

/** Undefined where a campaign died before it wrote its first file. */
export async function campaignAt(resultsRoot: string, id: string): Promise<ListedCampaign | undefined> {
  const path = join(campaignsFolder(resultsRoot), id);
  const info = await readCampaignFile(path);
  if (!info) return undefined;
  const progress = progressOf(info, resultsRoot);
  const last = progress === 'running' ? undefined : await lastEvent(join(path, 'events.ndjson'));
  const count = (key: string): number => Number(last?.[key] ?? 0);
  return {
    id,
    path,
    info,
    progress,
    counts:
      last === undefined
        ? undefined
        : {
            succeeded: count('succeeded'),
            failed: count('failed'),
            skipped: count('skipped'),
            known_failures: count('known_failures'),
          },
    durationS:
      info.ended_at === null
        ? undefined
        : Math.max(0, (Date.parse(info.ended_at) - Date.parse(info.started_at)) / 1000),
  };
}

const progressByState = { live: 'running', dead: 'died', unknown: 'unknown' } as const;

function progressOf(info: CampaignInfo, resultsRoot: string): CampaignProgress {
  if (info.ended_at !== null) return 'ended';
  return progressByState[campaignState(resultsRoot, info.id)];
}

/** Records of a campaign in the order of their runs' ids; runs that have none yet are named apart. */
export async function recordsOf(path: string): Promise<{ records: RunRecord[]; without: string[] }> {
  const records: RunRecord[] = [];
  const without: string[] = [];
  for (const run of (await namesIn(join(path, 'runs'))).filter(isId).toSorted()) {
    const file = recordPath(runFolderIn(path, run));
    if (existsSync(file)) records.push(await readRecord(file));
    else without.push(run);
  }
  return { records, without };
}

/** Ids of a campaign's runs. */
export const runIds = async (path: string): Promise<string[]> =>
  (await namesIn(join(path, 'runs'))).filter(isId).toSorted();

const tailBytes = 8 * 1024;

/** The `campaign.ended` event at the end of a log, however long that is. */
async function lastEvent(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const buffer = Buffer.alloc(Math.min(size, tailBytes));
      await file.read(buffer, 0, buffer.length, size - buffer.length);
      const line = buffer.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
      const event = JSON.parse(line) as Record<string, unknown>;
      return event.type === 'campaign.ended' ? event : undefined;
    } finally {
      await file.close();
    }
  } catch (error) {
    // It died in the middle of a line, or before it had a log.
    if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
