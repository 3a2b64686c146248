import { rmSync, symlinkSync } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Scrubber, Secret } from '../../foundation/secret.ts';
import { finishLog, linkOrCopy } from './final-log.ts';

let folder = '';
let from = '';
let to = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'final-log-'));
  from = join(folder, 'control.log');
  to = join(folder, 'output.log');
});
afterEach(() => rm(folder, { recursive: true }));

const secret = 'tok-1234567890';
const scrubber = new Scrubber([new Secret('GITHUB.token', secret)]);
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

test('output without secrets becomes the log itself, for its owner alone', async () => {
  await writeFile(from, 'hello\n', { mode: 0o644 });
  const before = await stat(from);
  expect(await finishLog({ from, to, scrubber })).toEqual({ bytes: 6, scrubbed: false });
  expect((await stat(to)).ino).toBe(before.ino);
  expect(await modeOf(to)).toBe(0o600);
  expect(await readdir(folder)).toEqual(['output.log']);
});

test('output with a secret is replaced by a scrubbed copy, and is gone', async () => {
  await writeFile(from, `a ${secret} b ${Buffer.from(secret).toString('base64')} c\n`);
  expect(await finishLog({ from, to, scrubber })).toEqual({ bytes: 22, scrubbed: true });
  expect(await readFile(to, 'utf8')).toMatch(/^a \*{6} b \*{6}\S* c\n$/);
  expect(await modeOf(to)).toBe(0o600);
  expect(await readdir(folder)).toEqual(['output.log']);
});

test('a secret across the border of what is read at once is found', async () => {
  const chunk = 256 * 1024;
  for (const shift of [0, 1, secret.length - 1, secret.length]) {
    const content = Buffer.alloc(2 * chunk, 'x');
    content.write(secret, chunk - shift);
    await writeFile(from, content);
    expect((await finishLog({ from, to, scrubber })).scrubbed).toBe(true);
    const log = await readFile(to, 'latin1');
    expect(log).toBe(`${'x'.repeat(chunk - shift)}******${'x'.repeat(chunk + shift - secret.length)}`);
  }
});

test('a secret that lines of any width break is found, also across the border of what is read at once', async () => {
  const chunk = 256 * 1024;
  const lines = `${Buffer.from(`TOKEN=${secret}; `)
    .toString('base64')
    .match(/.{1,7}/g)
    ?.join('\r\n')}\n`;
  for (const before of [0, chunk - 30, chunk - 12, chunk - 1]) {
    await writeFile(from, `${'x'.repeat(before)}${lines}${'\n'.repeat(chunk)}${lines}`);
    expect((await finishLog({ from, to, scrubber })).scrubbed).toBe(true);
    const log = (await readFile(to, 'utf8')).slice(before);
    expect(log).toMatch(/^VE9LRU4\r\n9.?\*{6}\r\n\*{6}\r\n\*{6}.{0,4}\r\n/);
    expect(log.match(/\*{6}/g)).toHaveLength(6);
  }
});

test('without secrets nothing is searched, and an empty output is a log too', async () => {
  await writeFile(from, '');
  expect(await finishLog({ from, to, scrubber: new Scrubber([]) })).toEqual({ bytes: 0, scrubbed: false });
  expect(await readFile(to, 'utf8')).toBe('');
});

test('an output that the run removed or replaced is an error, and nothing else is read in its place', async () => {
  await expect(finishLog({ from, to, scrubber })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await symlink('/etc/hostname', from);
  await expect(finishLog({ from, to, scrubber })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await rm(from);
  await mkdir(from);
  await expect(finishLog({ from, to, scrubber })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  expect(await readdir(folder)).toEqual(['control.log']);
});

test('the second name is a hard link, and replaces what stood there', async () => {
  await writeFile(from, 'new');
  await writeFile(to, 'old');
  await linkOrCopy(from, to);
  expect((await stat(to)).ino).toBe((await stat(from)).ino);
  await linkOrCopy(from, to);
  expect(await readFile(to, 'utf8')).toBe('new');
  expect((await readdir(folder)).sort()).toEqual(['control.log', 'output.log']);
});

test('across file systems it is a copy', async () => {
  const other = await mkdtemp('/dev/shm/final-log-');
  try {
    await writeFile(from, 'text');
    await chmod(from, 0o600);
    await linkOrCopy(from, join(other, 'log'));
    expect(await readFile(join(other, 'log'), 'utf8')).toBe('text');
    expect(await modeOf(join(other, 'log'))).toBe(0o600);
    expect(await finishLog({ from, to: join(other, 'final'), scrubber })).toEqual({
      bytes: 4,
      scrubbed: false,
    });
    expect((await readdir(other)).sort()).toEqual(['final', 'log']);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(other, { recursive: true });
  }
});

test('a link that somebody laid at the second name is replaced, not followed', async () => {
  await writeFile(from, 'new');
  await writeFile(join(folder, 'target'), 'untouched');
  await symlink(join(folder, 'target'), to);
  await linkOrCopy(from, to);
  expect(await readFile(join(folder, 'target'), 'utf8')).toBe('untouched');
  expect(await readFile(to, 'utf8')).toBe('new');
});

test('a log with more names than one keeps them', async () => {
  await writeFile(from, 'x');
  await link(from, join(folder, 'other'));
  await finishLog({ from, to, scrubber });
  expect((await readdir(folder)).sort()).toEqual(['other', 'output.log']);
});

test('what takes the place of the output while it is looked at does not become the log', async () => {
  await writeFile(from, 'hello\n');
  class Meddler extends Scrubber {
    override get needles(): readonly string[] {
      rmSync(from);
      symlinkSync('/etc/passwd', from);
      return [];
    }
  }
  expect(await finishLog({ from, to, scrubber: new Meddler([]) })).toEqual({ bytes: 6, scrubbed: false });
  expect((await lstat(to)).isFile()).toBe(true);
  expect(await readFile(to, 'utf8')).toBe('hello\n');
});
