import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleRecord } from '../../../test/sample/record.ts';
import { systemClock } from '../../foundation/clock.ts';
import { newId } from '../../foundation/id.ts';
import { writeRecord } from '../record-file.ts';
import { type CampaignFolder, createCampaign } from './campaign-folder.ts';
import { listCampaigns, recordsOf } from './campaign-list.ts';
import { findById } from './find-by-id.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'campaign-list-'));
});
afterEach(() => rm(root, { recursive: true }));

const create = (id = newId()): Promise<CampaignFolder> =>
  createCampaign({
    resultsRoot: root,
    perfCsv: 'perf.csv',
    id,
    command: 'run',
    argv: ['run', '--tags', 'dummy'],
    version: '0',
    host: 'node1',
    clock: systemClock,
  });

async function runIn(campaign: CampaignFolder, run: string): Promise<void> {
  await writeRecord(await campaign.runFolder(run), { ...sampleRecord(), run, campaign: campaign.id });
}

test('campaigns are listed in the order of their starts, with their state and the counts of their end', async () => {
  const first = await create(newId(1000));
  const end = { type: 'campaign.ended', succeeded: 3, failed: 1, skipped: 2, duration_s: 9 };
  await writeFile(join(first.path, 'events.ndjson'), `{"type":"run.ended"}\n${JSON.stringify(end)}\n`);
  await first.close({ exitCode: 3 });
  const second = await create(newId(2000));
  const { campaigns } = await listCampaigns(root);
  expect(campaigns.map(({ id, progress }) => [id, progress])).toEqual([
    [first.id, 'ended'],
    [second.id, 'running'],
  ]);
  expect(campaigns[0]?.counts).toEqual({ succeeded: 3, failed: 1, skipped: 2, known_failures: 0 });
  expect(campaigns[0]?.info.exit_code).toBe(3);
  expect(campaigns[1]?.counts).toBeUndefined();
  await second.close({ exitCode: 0 });
});

test('a campaign whose process is gone before its end has died, whatever its log ends in', async () => {
  const campaign = await create();
  await writeFile(join(campaign.path, 'events.ndjson'), '{"type":"campaign.end');
  const before = await readFile(join(campaign.path, 'campaign.json'));
  await campaign.close({ exitCode: 0, settled: false });
  await writeFile(join(campaign.path, 'campaign.json'), before);
  const { campaigns } = await listCampaigns(root);
  expect(campaigns[0]).toMatchObject({ progress: 'died', counts: undefined });
});

test.skipIf(process.getuid?.() !== 0)(
  'what another user may not look at is of unknown state, and hides no run of others',
  async () => {
    const campaign = await create(newId(1000));
    const folders = ['', '.madengine', '.madengine/campaigns'].map((path) => join(root, path));
    for (const folder of [...folders, campaign.path]) await chmod(folder, 0o755);
    await chmod(join(campaign.path, 'campaign.json'), 0o644);
    await chmod(join(root, '.madengine', 'open'), 0o700);
    const hidden = await create(newId(2000));
    const run = newId();
    await campaign.runFolder(run);
    await chmod(join(campaign.path, 'runs'), 0o755);
    const here = (file: string): string => JSON.stringify(join(import.meta.dirname, file));
    const program = `
      const { listCampaigns } = await import(${here('campaign-list.ts')});
      const { findById } = await import(${here('find-by-id.ts')});
      // Whatever that loads; nobody may not be able to read it later.
      await listCampaigns(${JSON.stringify(root)});
      process.setgid(65534);
      process.setuid(65534);
      const { campaigns, unreadable } = await listCampaigns(${JSON.stringify(root)});
      const found = await findById(${JSON.stringify(root)}, ${JSON.stringify(run)});
      const missing = await findById(${JSON.stringify(root)}, 'ffffffff').catch(({ message }) => message);
      console.log(JSON.stringify([campaigns.map(({ progress }) => progress), unreadable.map(({ id }) => id), found, missing]));`;
    const argv = ['--input-type=module', '--no-warnings', '--eval', program];
    expect(JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' }))).toEqual([
      ['unknown'],
      [hidden.id],
      { campaign: campaign.id, run },
      expect.stringContaining("apart from those of campaigns that can't be read"),
    ]);
    for (const one of [campaign, hidden]) await one.close({ exitCode: 0 });
  },
);

test('a damaged campaign hides no other, and a folder without any is empty', async () => {
  expect(await listCampaigns(root)).toEqual({ campaigns: [], unreadable: [] });
  const good = await create();
  await good.close({ exitCode: 0 });
  const bad = join(root, '.madengine', 'campaigns', newId());
  await mkdir(bad);
  await writeFile(join(bad, 'campaign.json'), '{"schema": 1}');
  const { campaigns, unreadable } = await listCampaigns(root);
  expect(campaigns.map(({ id }) => id)).toEqual([good.id]);
  expect(unreadable).toHaveLength(1);
});

test('records come in the order of their runs, and runs without one are named', async () => {
  const campaign = await create();
  const [a, b, c] = [newId(1), newId(2), newId(3)];
  await runIn(campaign, b);
  await runIn(campaign, a);
  await campaign.runFolder(c);
  const { records, without } = await recordsOf(campaign.path);
  expect(records.map(({ run }) => run)).toEqual([a, b]);
  expect(without).toEqual([c]);
  await campaign.close({ exitCode: 0 });
});

test('an id is found by its whole, its beginning or its end, and nothing means the latest campaign', async () => {
  const old = await create('01900000-0000-7000-8000-00000000aaaa');
  const late = await create('01900000-0001-7000-8000-00000000bbbb');
  const run = '01900000-0002-7000-8000-00000000cccc';
  await runIn(old, run);
  expect(await findById(root, undefined)).toEqual({ campaign: late.id });
  expect(await findById(root, 'aaaa')).toEqual({ campaign: old.id });
  expect(await findById(root, old.id)).toEqual({ campaign: old.id });
  expect(await findById(root, '01900000-0001')).toEqual({ campaign: late.id });
  expect(await findById(root, 'CCCC')).toEqual({ campaign: old.id, run });
  expect(await findById(root, run)).toEqual({ campaign: old.id, run });
  await expect(findById(root, '0190')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(findById(root, 'dddd')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await expect(findById(root, '../x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await old.close({ exitCode: 0 });
  await late.close({ exitCode: 0 });
});

test('without any campaign an id is told to have none', async () => {
  await appendFile(join(root, 'perf.csv'), '');
  await expect(findById(root, undefined)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});
