import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../foundation/clock.ts';
import { newId } from '../../foundation/id.ts';
import { type CampaignFolder, campaignsFolder, createCampaign } from './campaign-folder.ts';
import { campaignIds } from './campaign-list.ts';
import { bytesIn, eraseHidden, hiddenCampaigns, hideCampaign } from './remove-campaign.ts';

async function resultsRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'madengine-prune-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return root;
}

const create = (root: string): Promise<CampaignFolder> =>
  createCampaign({
    resultsRoot: root,
    perfCsv: 'perf.csv',
    id: newId(),
    command: 'run',
    argv: ['run'],
    version: '0.0.0',
    host: 'here',
    clock: systemClock,
  });

test('a campaign goes out of sight at once and then off the disk; what a link leads to stays', async () => {
  const root = await resultsRoot();
  const campaign = await create(root);
  await campaign.close({ exitCode: 0 });
  await writeFile(join(root, 'precious'), 'text');
  await symlink(root, join(campaign.path, 'out'));
  await symlink(join(root, 'precious'), join(campaign.path, 'runs', 'file'));

  expect(await hideCampaign(root, campaign.id)).toBeUndefined();
  expect(await campaignIds(root)).toEqual([]);
  expect((await hiddenCampaigns(root)).map(({ id }) => id)).toEqual([campaign.id]);
  await eraseHidden(root);
  expect(await hiddenCampaigns(root)).toEqual([]);
  expect(await readFile(join(root, 'precious'), 'utf8')).toBe('text');
  expect(await readdir(join(root, '.madengine', 'open'))).toEqual([]);
});

test('a campaign that runs or is not settled stays', async () => {
  const root = await resultsRoot();
  const live = await create(root);
  expect(await hideCampaign(root, live.id)).toBe('it runs');
  await live.close({ exitCode: 0, settled: false });
  expect(await hideCampaign(root, live.id)).toBe('it was taken up again');
  expect(await campaignIds(root)).toEqual([live.id]);
});

test('a link in the place of a campaign is not followed', async () => {
  const root = await resultsRoot();
  const campaign = await create(root);
  await campaign.close({ exitCode: 0 });
  const id = newId();
  await symlink(campaign.path, join(campaignsFolder(root), id));
  expect(await hideCampaign(root, id)).toBeUndefined();
  await eraseHidden(root);
  expect(await campaignIds(root)).toEqual([campaign.id]);
});

test('what somebody else removed in the middle is no error, and a link has no size', async () => {
  const root = await resultsRoot();
  expect(await hideCampaign(root, newId())).toBeUndefined();
  await eraseHidden(root);
  await writeFile(join(root, 'big'), Buffer.alloc(64 * 1024, 1));
  const campaign = await create(root);
  const before = await bytesIn(campaign.path);
  await symlink(root, join(campaign.path, 'out'));
  expect(await bytesIn(campaign.path)).toBe(before);
  expect(await bytesIn(root)).toBeGreaterThan(before + 64 * 1024 - 1);
  await campaign.close({ exitCode: 0 });
});
