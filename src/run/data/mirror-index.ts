/** What a mirror holds: the file beside the data that says whether it can be trusted. */
import { join } from 'node:path';
import * as z from 'zod/mini';
import { MadError } from '../../foundation/error.ts';
import { writeFileAtomic } from '../../foundation/file/atomic-write.ts';
import { parseJson } from '../../foundation/file/json-file.ts';
import { readPackageText } from '../../package/json-file.ts';
import { controlCharacters, quoted } from '../../package/package-path.ts';

/** Whether a path of an index stays below the data's folder. */
const isBelow = (path: string): boolean =>
  path !== '' && !path.split('/').some((part) => part === '' || part === '.' || part === '..');

const fileSchema = z.object({
  size: z.number(),
  /** Nanoseconds, as text: they have more digits than a number keeps. */
  mtime_ns: z.string(),
  ctime_ns: z.string(),
  inode: z.string(),
  /** Of the content in hex, or of a link's target. */
  sha256: z.string(),
});

const indexSchema = z.object({
  schema: z.literal('madengine.mirror/1'),
  state: z.enum(['incomplete', 'complete']),
  source: z.object({ provider: z.string(), path: z.string(), version: z.nullable(z.string()) }),
  bytes: z.number(),
  /** By path below the data's folder; of an incomplete mirror, those whose content is known. */
  files: z.record(z.string().check(z.refine(isBelow, 'leaves the folder')), fileSchema),
});

export type MirrorIndex = z.infer<typeof indexSchema>;
export type MirrorFile = z.infer<typeof fileSchema>;

/** Folder of indexes and locks in a mirror; also what a provider's own files are named like. */
export const ownName = '.madengine';

export interface MirrorPlace {
  /** Where the data lies. */
  folder: string;
  index: string;
  lock: string;
}

/** Throws INVALID_FILE for a name that can't be a folder's. */
export function mirrorPlace(mirror: string, name: string): MirrorPlace {
  const isPlain = !name.includes('/') && !name.startsWith('.') && !controlCharacters.test(name);
  if (!isPlain || Buffer.byteLength(name) > 200) {
    throw new MadError('INVALID_FILE', `data named ${quoted(name)} can't have a folder in a mirror`, {
      hint: 'Rename it in data.json: without "/", no point in front, 200 characters at most.',
    });
  }
  const own = join(mirror, ownName);
  return { folder: join(mirror, name), index: join(own, `${name}.json`), lock: join(own, `${name}.lock`) };
}

/** undefined where there is none, or one that can't be read: what lies there is then looked at as if it were new. */
export function readIndex(path: string): MirrorIndex | undefined {
  try {
    const text = readPackageText(path, path);
    const result = text === undefined ? undefined : indexSchema.safeParse(parseJson(text, path));
    return result?.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

export const writeIndex = (path: string, index: MirrorIndex): Promise<void> =>
  writeFileAtomic(path, `${JSON.stringify(index)}\n`);
