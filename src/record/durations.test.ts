import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sampleRecord } from '../../test/sample/record.ts';
import { newId } from '../foundation/id.ts';
import { executionS, pastDurations, writeDurations } from './durations.ts';

async function campaigns(): Promise<{ root: string; folder: string; add(): Promise<string> }> {
  const root = await mkdtemp(join(tmpdir(), 'madengine-durations-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const folder = join(root, '.madengine', 'campaigns');
  let time = Date.now();
  const add = async (): Promise<string> => {
    const path = join(folder, newId(time++));
    await mkdir(path, { recursive: true });
    return path;
  };
  return { root, folder, add };
}

test('each job has the median of the last campaigns, and a damaged file costs no more than itself', async () => {
  const { root, folder, add } = await campaigns();
  for (const seconds of [1, 2, 9]) await writeDurations(await add(), new Map([['job', seconds]]));
  await writeFile(
    join(await add(), 'durations.json'),
    '{"schema": "madengine.durations/1", "jobs": {"job": "x"',
  );
  await writeFile(
    join(await add(), 'durations.json'),
    '{"schema": "madengine.durations/1", "jobs": {"job": -1}}',
  );
  await add();
  expect(await pastDurations(folder, root)).toEqual(new Map([['job', 2]]));
});

test('of many campaigns only the last ones are read', async () => {
  const { root, folder, add } = await campaigns();
  for (let at = 0; at < 15; at++) await writeDurations(await add(), new Map([['job', at]]));
  expect((await pastDurations(folder, root)).get('job')).toBe(9.5);
});

test('a campaign that is resumed keeps what its first process wrote', async () => {
  const { root, folder, add } = await campaigns();
  const path = await add();
  await writeDurations(path, new Map([['one', 1]]));
  await writeDurations(path, new Map([['two', 2]]));
  expect(await pastDurations(folder, root)).toEqual(
    new Map([
      ['one', 1],
      ['two', 2],
    ]),
  );
});

test('a run says how long one execution takes, unless it was skipped, stopped or never placed', () => {
  const durations = { total_s: 30, pull_s: null, stages_s: null };
  const sample = { metrics: [], duration_s: 10, status: 'SUCCESS' as const };
  expect(executionS(sampleRecord({ durations }))).toBe(30);
  expect(executionS(sampleRecord({ durations, samples: [sample, sample, sample] }))).toBe(10);
  expect(executionS(sampleRecord({ status: 'SKIPPED' }))).toBeUndefined();
  expect(executionS(sampleRecord({ placement: null }))).toBeUndefined();
  const failure = { class: 'interrupted' as const, stage: null, message: '' };
  expect(executionS(sampleRecord({ status: 'FAILURE', failure }))).toBeUndefined();
});
