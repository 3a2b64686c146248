import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { Scrubber, Secret } from '../../foundation/secret.ts';
import { maskCompressed } from './mask-compressed.ts';

const secret = 's3cret-t0ken';
const scrubber = new Scrubber([new Secret('token', secret)]);

async function fileOf(content: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'compressed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'trace.json.gz');
  await writeFile(file, content);
  return file;
}

/** Random enough that pieces of it end within the secret. */
const filler = Array.from({ length: 40_000 }, (_, index) =>
  ((index * 2_654_435_761) >>> 5).toString(36),
).join();

test('a secret is masked wherever it stands, and all else stays', async () => {
  for (const at of [0, 16_380, 65_530, 131_071, filler.length]) {
    const text = (what: string): string => filler.slice(0, at) + what + filler.slice(at);
    const file = await fileOf(gzipSync(text(secret)));
    expect(await maskCompressed(file, scrubber)).toBe(true);
    expect(gunzipSync(await readFile(file)).toString() === text('******'), String(at)).toBe(true);
    expect(await readdir(join(file, '..'))).toEqual(['trace.json.gz']);
  }
});

test('a secret that line ends break is masked', async () => {
  const file = await fileOf(gzipSync(filler + Buffer.from(secret).toString('hex').replace(/.{4}/g, '$&\n')));
  expect(await maskCompressed(file, scrubber)).toBe(true);
  expect(gunzipSync(await readFile(file)).toString()).toBe(
    `${filler}${'******\n'.repeat(secret.length / 2)}`,
  );
});

test('what holds no secret, is no gzip file or a damaged one stays byte for byte', async () => {
  const whole = gzipSync(filler);
  for (const content of [whole, whole.subarray(0, 9000), Buffer.from([0x1f, 0x8b, 1]), Buffer.from(filler)]) {
    const file = await fileOf(content);
    expect(await maskCompressed(file, scrubber)).toBe(false);
    expect((await readFile(file)).equals(content)).toBe(true);
  }
});

test('one that is damaged behind a secret, or unpacks to more than there can be, is refused', async () => {
  const text = secret + filler;
  const cut = await fileOf(gzipSync(text).subarray(0, 9000));
  await expect(maskCompressed(cut, scrubber)).rejects.toThrow('unexpected end of file');
  const bomb = await fileOf(gzipSync(Buffer.alloc(1_000_000)));
  await expect(maskCompressed(bomb, scrubber, 100_000)).rejects.toThrow('unpacks to more than 100000 bytes');
});
