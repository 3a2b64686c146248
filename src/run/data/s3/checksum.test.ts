import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { checksumOf, plainEtag, readContent } from './checksum.ts';

const content = Buffer.from('some content');
const md5 = createHash('md5').update(content).digest('hex');
const crcNumber = Buffer.alloc(4);
crcNumber.writeUInt32BE(crc32(content));
const ChecksumCRC32 = crcNumber.toString('base64');

test.each([
  { answer: { ETag: `"${md5}"` }, algorithm: 'md5' },
  { answer: { ETag: `"${md5}"`, ChecksumCRC32 }, algorithm: 'crc32' },
  { answer: { ETag: `"${md5}"`, ServerSideEncryption: 'AES256' }, algorithm: 'md5' },
  { answer: { ETag: `"${md5}"`, ServerSideEncryption: 'aws:kms' }, algorithm: undefined },
  { answer: { ETag: `"${md5}-3"` }, algorithm: undefined },
  { answer: { ETag: `"${md5}-3"`, ChecksumCRC32: `${ChecksumCRC32}-3` }, algorithm: undefined },
  { answer: { ETag: `"${md5}-3"`, ChecksumCRC32, ChecksumType: 'COMPOSITE' }, algorithm: undefined },
  { answer: { ETag: `"${md5}-3"`, ChecksumCRC32, ChecksumType: 'FULL_OBJECT' }, algorithm: 'crc32' },
])('of $answer the checksum of the whole is $algorithm', ({ answer, algorithm }) => {
  const checksum = checksumOf(answer);
  expect(checksum?.algorithm).toBe(algorithm);
  for (const [bytes, isGood] of [
    [content, true],
    [Buffer.from('some CONTENT'), algorithm === undefined],
  ] as const) {
    const read = readContent(checksum, true);
    for (const byte of bytes) read.add(Uint8Array.of(byte));
    expect(read.isGood()).toBe(isGood);
    expect(read.sha256()).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
});

test('quotation marks and the mark of weak ETags are no part of an ETag', () => {
  expect([plainEtag('"a-1"'), plainEtag('W/"a"'), plainEtag(undefined)]).toEqual(['a-1', 'a', '']);
});
