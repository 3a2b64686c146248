import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Checksum } from './stored-object.ts';

/** Takes content piece by piece; `matches` ends it. */
export interface Checker {
  add(piece: Uint8Array): void;
  matches(): boolean;
}

/** All that is to be known of an object's content, in one pass over it. */
export interface ContentRead {
  add(piece: Uint8Array): void;
  /** Whether it comes to the checksum; true where there is none. */
  isGood(): boolean;
  /** In hex, where it was asked for; ends the reading. */
  sha256(): string | undefined;
}

export function readContent(checksum: Checksum | undefined, wantsSha256: boolean): ContentRead {
  const checker = checksum && checkerFor(checksum);
  const sha256 = wantsSha256 ? createHash('sha256') : undefined;
  return {
    add(piece) {
      checker?.add(piece);
      sha256?.update(piece);
    },
    isGood: () => checker?.matches() ?? true,
    sha256: () => sha256?.digest('hex'),
  };
}

export function checkerFor({ algorithm, hex }: Checksum): Checker {
  if (algorithm === 'crc32') {
    let value = 0;
    return {
      add: (piece) => {
        value = crc32(piece, value);
      },
      matches: () => value === Number.parseInt(hex, 16),
    };
  }
  const hash: Hash = createHash(algorithm);
  return { add: (piece) => hash.update(piece), matches: () => hash.digest('hex') === hex };
}

/** The answer of a store, as far as checksums go. */
export interface ChecksumAnswer {
  ETag?: string | undefined;
  ChecksumType?: string | undefined;
  ChecksumCRC32?: string | undefined;
  ChecksumSHA1?: string | undefined;
  ChecksumSHA256?: string | undefined;
  ServerSideEncryption?: string | undefined;
  SSECustomerAlgorithm?: string | undefined;
}

/**
 * The checksum of an object's whole content, the quickest first. Those of objects that were uploaded in parts are
 * checksums of the parts' checksums, and say so by a `-N` behind them. The ETag is the MD5 of content that isn't encrypted
 * with keys of its own (Amazon S3 API reference, "Object").
 */
export function checksumOf(answer: ChecksumAnswer): Checksum | undefined {
  if (answer.ChecksumType !== 'COMPOSITE') {
    const crc = hexOf(answer.ChecksumCRC32, 4);
    if (crc) return { algorithm: 'crc32', hex: crc };
  }
  const hidden = answer.ServerSideEncryption?.startsWith('aws:kms') || answer.SSECustomerAlgorithm;
  const etag = plainEtag(answer.ETag);
  if (!hidden && isMd5(etag)) return { algorithm: 'md5', hex: etag };
  if (answer.ChecksumType === 'COMPOSITE') return undefined;
  const sha256 = hexOf(answer.ChecksumSHA256, 32);
  if (sha256) return { algorithm: 'sha256', hex: sha256 };
  const sha1 = hexOf(answer.ChecksumSHA1, 20);
  return sha1 ? { algorithm: 'sha1', hex: sha1 } : undefined;
}

export const plainEtag = (etag: string | undefined): string => (etag ?? '').replace(/^(?:W\/)?"?|"$/g, '');

export const isMd5 = (etag: string): boolean => /^[0-9a-f]{32}$/.test(etag);

function hexOf(base64: string | undefined, bytes: number): string | undefined {
  if (base64 === undefined || base64.includes('-')) return undefined;
  const value = Buffer.from(base64, 'base64');
  return value.length === bytes ? value.toString('hex') : undefined;
}
