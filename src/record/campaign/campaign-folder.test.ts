import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../foundation/clock.ts';
import { newId } from '../../foundation/id.ts';
import { readCampaignFile } from './campaign-file.ts';
import { type CampaignFolder, createCampaign } from './campaign-folder.ts';
import { reserveRoom } from './reserve.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'campaign-'));
});
afterEach(() => rm(root, { recursive: true }));

const create = (): Promise<CampaignFolder> =>
  createCampaign({
    resultsRoot: join(root, 'results'),
    perfCsv: 'perf.csv',
    id: newId(),
    command: 'run',
    argv: ['run', '--tags', 'dummy'],
    version: '0.1.0',
    host: 'node1',
    clock: systemClock,
  });
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

test('a campaign has a folder that others cannot look into, hidden from git', async () => {
  const campaign = await create();
  const state = join(root, 'results', '.madengine');
  expect(campaign.path).toBe(join(state, 'campaigns', campaign.id));
  expect(campaign.perfCsv).toBe(join(root, 'results', 'perf.csv'));
  expect(await modeOf(campaign.path)).toBe(0o700);
  expect(await readFile(join(state, '.gitignore'), 'utf8')).toBe('*\n');
  expect(await readCampaignFile(campaign.path)).toMatchObject({
    id: campaign.id,
    command: 'run',
    host: 'node1',
    pid: process.pid,
    ended_at: null,
    settled: false,
  });
  await campaign.close({ exitCode: 0 });
});

test('a closed campaign is marked as such, and no start looks at it again', async () => {
  const campaign = await create();
  const open = join(root, 'results', '.madengine', 'open');
  expect(await readdir(open)).toEqual([campaign.id, `${campaign.id}.lock`]);
  await campaign.close({ exitCode: 3 });
  expect(await readdir(open)).toEqual([]);
  expect(await readCampaignFile(campaign.path)).toMatchObject({ exit_code: 3, settled: true });
});

test('a campaign that ended before its runs leaves no room reserved for their records', async () => {
  const campaign = await create();
  await reserveRoom(campaign.path, 10);
  await campaign.close({ exitCode: 4 });
  expect(await readdir(campaign.path)).toEqual(['campaign.json', 'journal.ndjson', 'runs']);
});

test('a campaign whose record has no row yet, or that left something outside, stays open for the next start', async () => {
  for (const leave of ['row', 'container']) {
    const campaign = await create();
    await campaign.journal.append({ act: 'record.final', run: newId() });
    const run = newId();
    await campaign.journal.append({ act: 'record.final', run });
    if (leave === 'row') await campaign.journal.append({ act: 'row.appended', run });
    await campaign.close({ exitCode: 3, ...(leave === 'container' && { settled: false }) });
    expect(await readCampaignFile(campaign.path)).toMatchObject({ exit_code: 3, settled: false });
  }
  expect(await readdir(join(root, 'results', '.madengine', 'open'))).toHaveLength(4);
});

test('a run folder is made once, for run ids only', async () => {
  const campaign = await create();
  const run = newId();
  expect(await campaign.runFolder(run)).toBe(join(campaign.path, 'runs', run));
  expect(await campaign.runFolder(run)).toBe(await campaign.runFolder(run));
  await expect(campaign.runFolder('../../etc')).rejects.toThrow('no run id');
  await campaign.close({ exitCode: 0 });
});

test('equal data is stored once, whatever the order of its keys', async () => {
  const campaign = await create();
  const first = await campaign.storeByHash('host', { a: 1, b: { c: [1, 2], d: null } });
  const second = await campaign.storeByHash('host', { b: { d: null, c: [1, 2] }, a: 1 });
  const other = await campaign.storeByHash('host', { b: { d: null, c: [2, 1] }, a: 1 });
  expect(second).toBe(first);
  expect(await readdir(join(campaign.path, 'host'))).toEqual([`${first}.json`, `${other}.json`].toSorted());
  expect(JSON.parse(await readFile(join(campaign.path, 'host', `${first}.json`), 'utf8'))).toEqual({
    a: 1,
    b: { c: [1, 2], d: null },
  });
  await campaign.close({ exitCode: 0 });
});
