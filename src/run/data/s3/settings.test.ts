import { expect, test } from 'vitest';
import { MadError } from '../../../foundation/error.ts';
import { readCredentials } from '../../../package/credential-file.ts';
import { readS3Address } from './address.ts';
import { s3Settings } from './settings.ts';

async function settings(kind: 'minio' | 'aws', env: Record<string, string>) {
  return s3Settings(kind, await readCredentials('/nonexistent', env), env);
}

test.each([
  { USERNAME: 'id', PASSWORD: 'the-secret', MINIO_ENDPOINT: 'http://host:9000/' },
  { username: 'id', password: 'the-secret', minio_endpoint: 'http://host:9000' },
  { USERNAME: 'id', PASSWORD: 'the-secret', AWS_ENDPOINT_URL_S3: 'http://host:9000' },
  { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'the-secret', endpoint_url: 'http://host:9000' },
])('MAD_MINIO may say it as %j', async (entry) => {
  const env = { MAD_MINIO: JSON.stringify(entry), AWS_ACCESS_KEY_ID: 'other', AWS_SECRET_ACCESS_KEY: 'x' };
  const found = await settings('minio', env);
  expect(found).toMatchObject({ endpoint: 'http://host:9000', login: { accessKeyId: 'id' } });
  expect(found.login?.secretAccessKey.reveal()).toBe('the-secret');
  expect(JSON.stringify(found)).not.toContain('the-secret');
});

test('without an entry, the variables of the AWS tools hold', async () => {
  const env = {
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 's',
    AWS_SESSION_TOKEN: 't',
    AWS_ENDPOINT_URL: 'https://all',
    AWS_ENDPOINT_URL_S3: 'https://s3',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_PROFILE: 'p',
  };
  const found = await settings('aws', env);
  expect(found).toMatchObject({ endpoint: 'https://s3', region: 'eu-west-1', profile: 'p' });
  expect(found.login?.sessionToken?.reveal()).toBe('t');
  expect(await settings('aws', {})).toMatchObject({
    endpoint: undefined,
    login: undefined,
    region: undefined,
  });
});

test.each([
  [{ USERNAME: 'id' }, 'only one half'],
  [{ MINIO_ENDPOINT: 'host:9000' }, 'does not start with http'],
  [{ MINIO_ENDPOINT: 'http://me:hidden-word@host' }, 'has a login in it'],
  [{ MINIO_ENDPOINT: 'no address' }, 'is no address'],
])('%j is refused, and its secret not shown', async (entry, why) => {
  const error = await settings('minio', { MAD_MINIO: JSON.stringify(entry) }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(MadError);
  expect(error.message).toContain(why);
  expect(error.message).not.toContain('hidden-word');
});

test.each([
  ['s3://bucket', { bucket: 'bucket', prefix: '' }],
  ['s3://bucket/', { bucket: 'bucket', prefix: '' }],
  ['S3://my.bucket-1/a/b c/', { bucket: 'my.bucket-1', prefix: 'a/b c/' }],
  ['/bucket/a', { wrong: expect.stringContaining('s3://bucket/folder') }],
  ['s3:///a', { wrong: expect.stringContaining('no bucket') }],
  ['s3://b..c/a', { wrong: expect.stringContaining('letters') }],
  ['s3://bucket/a\0', { wrong: expect.stringContaining('control') }],
])('the address %j', (path, expected) => {
  expect(readS3Address(path)).toEqual(expected);
});
