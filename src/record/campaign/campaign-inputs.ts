/** What a campaign was asked for, so that `run --resume` and `runs reproduce` can go on with it. All of it is scrubbed. */
import { join } from 'node:path';
import type * as z from 'zod/mini';
import { MadError } from '../../foundation/error.ts';
import { writeFileAtomic } from '../../foundation/file/atomic-write.ts';
import { readJsonFile } from '../../foundation/file/json-file.ts';
import { mask } from '../../foundation/secret.ts';
import type { CampaignAsked, CampaignPlanned } from './campaign-inputs-schema.ts';

export type { CampaignAsked, CampaignPlanned } from './campaign-inputs-schema.ts';

const askedFile = 'options.json';
const plannedFile = 'jobs.json';

export const writeAsked = (folder: string, asked: CampaignAsked): Promise<void> =>
  write(join(folder, askedFile), { schema: 'madengine.options/1', ...asked });

export const writePlanned = (folder: string, planned: CampaignPlanned): Promise<void> =>
  write(join(folder, plannedFile), { schema: 'madengine.jobs/1', ...planned });

/** Undefined for campaigns of other commands, and of versions that did not keep it. */
export const readAsked = async (folder: string): Promise<CampaignAsked | undefined> =>
  read(join(folder, askedFile), (await import('./campaign-inputs-schema.ts')).askedSchema);

/** Undefined when the campaign did not come as far as its first run. */
export const readPlanned = async (folder: string): Promise<CampaignPlanned | undefined> =>
  read(join(folder, plannedFile), (await import('./campaign-inputs-schema.ts')).plannedSchema);

/** Paths of the values that were secrets when they were written, and so are not there. */
export function maskedPaths(data: unknown, path = ''): string[] {
  if (typeof data === 'string') return data.includes(mask) ? [path] : [];
  if (data === null || typeof data !== 'object') return [];
  return Object.entries(data).flatMap(([key, value]) =>
    maskedPaths(value, path === '' ? key : `${path}.${key}`),
  );
}

const write = (path: string, data: unknown): Promise<void> =>
  writeFileAtomic(path, `${JSON.stringify(data)}\n`, { mode: 0o600 });

async function read<T>(path: string, schema: z.ZodMiniType<T>): Promise<T | undefined> {
  let data: unknown;
  try {
    data = await readJsonFile(path);
  } catch (error) {
    if (error instanceof MadError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MadError('INVALID_FILE', `${path}: ${issue?.path.join('.')}: ${issue?.message}`, {
    hint: 'It is damaged, or a newer madengine wrote it; start anew with --manifest-file or --tags.',
  });
}
