import { controlCharacters } from '../../../package/package-path.ts';

/** Where data lies in an object store. */
export interface S3Address {
  bucket: string;
  /** As written: a folder with or without its slash, or one object; '' for the whole bucket. */
  prefix: string;
}

/** Reads `s3://bucket/prefix`; what is wrong with it otherwise, in words for a person. */
export function readS3Address(path: string): S3Address | { wrong: string } {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/is.exec(path) ?? [];
  if (!/^s3:\/\//i.test(path)) return { wrong: 'it has to look like s3://bucket/folder' };
  if (bucket === '') return { wrong: 'it names no bucket: s3://bucket/folder' };
  // What S3 allowed over the years; MinIO and Ceph allow no more.
  if (!/^[a-z0-9][\w.-]{1,254}$/i.test(bucket) || bucket.includes('..')) {
    return { wrong: 'a bucket has a name of letters, digits, points and hyphens' };
  }
  if (controlCharacters.test(prefix)) return { wrong: 'there are control characters in it' };
  return { bucket, prefix };
}

export const s3Url = ({ bucket, prefix }: S3Address): string => `s3://${bucket}/${prefix}`;
