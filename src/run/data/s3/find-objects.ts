import type { S3Address } from './address.ts';
import type { ObjectStore, StoredObject } from './stored-object.ts';

/** What an address names. */
export interface FoundObjects {
  /** What the keys of a folder begin with; the paths of files are what is behind it. */
  base: string;
  objects: readonly StoredObject[];
}

/** More would not fit into memory with ease, and no data set of one model is like that. */
const mostObjects = 5_000_000;

/** Thrown where an address names nothing. */
export class NothingThere extends Error {}

/**
 * All objects below the address as a folder, else the one object of that name. Like `aws s3 sync` of a folder: what merely
 * begins with the same letters (`data2/` for `data`) does not belong to it. Throws NothingThere.
 */
export async function findObjects(
  store: ObjectStore,
  address: S3Address,
  most: 'all' | 'first' = 'all',
): Promise<FoundObjects> {
  const { prefix } = address;
  const base = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const objects: StoredObject[] = [];
  let listingFailed: unknown;
  try {
    for await (const page of store.list(base)) {
      for (const object of page) objects.push(object);
      if (most === 'first' && objects.some(isFile)) break;
      if (objects.length > mostObjects) {
        throw new Error(`there are more than ${mostObjects} objects; name a smaller folder`);
      }
    }
  } catch (error) {
    // Who may read one object need not be allowed to list.
    if (base === prefix || !mayNotList(error)) throw error;
    listingFailed = error;
  }
  if (objects.some(isFile)) return { base, objects };
  if (base !== prefix) {
    const object = await store.look(prefix);
    if (object) return { base: prefix.slice(0, prefix.lastIndexOf('/') + 1), objects: [object] };
  }
  if (listingFailed !== undefined) throw listingFailed;
  throw new NothingThere(prefix === '' ? 'the bucket is empty' : 'there is nothing');
}

/** Keys with a slash at their end stand for empty folders; consoles make them. */
const isFile = ({ key }: StoredObject): boolean => !key.endsWith('/');

const mayNotList = (error: unknown): boolean => error instanceof Error && error.name === 'AccessDenied';
