import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { writeFileAtomic } from '../../foundation/file/atomic-write.ts';
import { readJsonFile } from '../../foundation/file/json-file.ts';
import type { CampaignInfo } from './campaign-schema.ts';

export type { CampaignInfo } from './campaign-schema.ts';

const fileIn = (folder: string): string => join(folder, 'campaign.json');

export async function writeCampaignFile(folder: string, info: CampaignInfo): Promise<void> {
  await writeFileAtomic(fileIn(folder), `${JSON.stringify(info, null, 2)}\n`);
}

/** Undefined when there is none; INVALID_FILE when it is damaged or a later version wrote it. */
export async function readCampaignFile(folder: string): Promise<CampaignInfo | undefined> {
  const data = await readIfThere(fileIn(folder));
  if (data === undefined) return undefined;
  const { campaignSchema } = await import('./campaign-schema.ts');
  const parsed = campaignSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new MadError('INVALID_FILE', `${fileIn(folder)}: ${issue?.path.join('.')}: ${issue?.message}`, {
    hint: 'A newer madengine may have written it; look at its campaign with that one.',
  });
}

async function readIfThere(path: string): Promise<unknown> {
  try {
    return await readJsonFile(path);
  } catch (error) {
    if (error instanceof MadError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}
