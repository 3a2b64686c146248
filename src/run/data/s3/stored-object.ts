import type { Readable } from 'node:stream';

/** One object as a listing shows it. */
export interface StoredObject {
  key: string;
  /** Bytes. */
  size: number;
  /** Without its quotation marks; changes with the content. */
  etag: string;
}

/** What the whole content of an object must come to; lower-case hex. */
export type Checksum = { algorithm: 'crc32' | 'md5' | 'sha256' | 'sha1'; hex: string };

export interface OpenedObject {
  body: Readable;
  /** Undefined where the store says nothing that a reader can check. */
  checksum: Checksum | undefined;
}

/** What downloads need of an object store. Everything throws what the store's client throws; see error.ts. */
export interface ObjectStore {
  /** All objects whose key begins with this, in pages. */
  list(prefix: string): AsyncIterable<readonly StoredObject[]>;
  /** What the store says of one object; undefined where there is none. */
  look(key: string): Promise<(StoredObject & { checksum: Checksum | undefined }) | undefined>;
  /** Bytes of the first of the parts in which an object was uploaded. */
  firstPartBytes(key: string): Promise<number | undefined>;
  /** Bytes `from` to `to`, both included, or the whole; fails when the object isn't the one of that ETag any more. */
  open(
    object: StoredObject,
    range: { from: number; to: number } | undefined,
    signal: AbortSignal,
  ): Promise<OpenedObject>;
  close(): void;
}
