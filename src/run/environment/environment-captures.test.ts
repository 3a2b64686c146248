import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Scrubber } from '../../foundation/secret.ts';
import { environmentCaptures } from './environment-captures.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'captures-'));
});
afterEach(() => rm(folder, { recursive: true }));

const open = () =>
  environmentCaptures({ mode: 'lite', campaign: join(folder, 'campaign'), scrubber: new Scrubber([]) });

/** A run's control folder, with what the script would have left in it. */
async function control(name: string, index?: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, 'environment'), { recursive: true });
  if (index !== undefined) {
    await writeFile(join(path, 'environment/index.tsv'), index);
    await writeFile(join(path, 'environment/os_information.txt'), `${name}\n`);
  }
  return path;
}

const through = 'os_information\tok\nover\n';

test('the first run of an image looks, later ones refer to what it saw, another image is looked at anew', async () => {
  const captures = open();
  const first = captures.begin('image', await control('first', through));
  await first.prepare();
  expect(await readFile(join(folder, 'first/environment.sh'), 'utf8')).toMatch(/^#!\/bin\/sh\n/);
  const seen = await first.collect(true);
  const second = captures.begin('image', await control('second'));
  expect([first.isOwn, second.isOwn, captures.begin('other', '').isOwn]).toEqual([true, false, true]);
  expect((await second.collect(false)).kept).toBe(seen.kept);
  expect(seen.kept?.hash).toMatch(/^[0-9a-f]{64}$/);
});

test('a run that never came to look leaves it to the next', async () => {
  const captures = open();
  captures.begin('image', await control('broken')).letGo();
  expect(captures.begin('image', await control('next')).isOwn).toBe(true);
  const ended = captures.begin('third', await control('ended early'));
  expect(await ended.collect(false)).toEqual({ problems: [] });
  expect(captures.begin('third', '').isOwn).toBe(true);
});

test('beside a run that still goes on, another one takes what the first is through with, and nothing before', async () => {
  const captures = open();
  const place = await control('first', 'os_information\tok\n');
  const first = captures.begin('image', place);
  const second = captures.begin('image', await control('second'));
  expect(await second.collect(false)).toMatchObject({ problems: [expect.stringContaining('still')] });
  await writeFile(join(place, 'environment/index.tsv'), through);
  const early = await second.collect(false);
  expect(early.kept?.path).toMatch(/^environment\//);
  expect((await first.collect(true)).kept).toBe(early.kept);
});

test('what can not be kept is a problem in words, and is not tried by every later run', async () => {
  const captures = open();
  await writeFile(join(folder, 'campaign'), 'a file where the folder should be');
  const first = captures.begin('image', await control('first', through));
  expect(await first.collect(true)).toEqual({ problems: [expect.stringMatching(/ENOTDIR|EEXIST/)] });
  first.letGo();
  const second = captures.begin('image', await control('second'));
  expect(second.isOwn).toBe(false);
  expect((await second.collect(false)).kept).toBeUndefined();
});
