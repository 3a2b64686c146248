import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock as clock } from '../foundation/clock.ts';
import { type Emit, type EventBody, silent } from '../foundation/event.ts';
import { newId } from '../foundation/id.ts';
import { fakeEngine } from '../image/fake-engine.ts';
import type { RunningCommand } from '../machine/command/command.ts';
import { fakeRunner } from '../machine/command/fake-runner.ts';
import type { ContainerSummary } from '../machine/engine/engine.ts';
import { type CampaignFolder, createCampaign } from '../record/campaign/campaign-folder.ts';
import { cleanUpAfterDead } from './clean-up.ts';

let root = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'clean-up-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const create = (resultsRoot = root): Promise<CampaignFolder> =>
  createCampaign({
    resultsRoot,
    perfCsv: 'perf.csv',
    id: newId(),
    command: 'run',
    argv: [],
    version: '0',
    host: 'node1',
    clock,
  });

/** As `kill -9` leaves it. */
async function die(campaign: CampaignFolder): Promise<void> {
  const file = join(campaign.path, 'campaign.json');
  const before = await readFile(file);
  await campaign.close({ exitCode: 0, settled: false });
  await writeFile(file, before);
}

function container(campaign: string, changes: Record<string, string> = {}): ContainerSummary {
  const labels = { 'madengine.campaign': campaign, 'madengine.results_root': root, ...changes };
  return { id: `c-${campaign}`, name: `n-${campaign}`, running: true, labels };
}

/** What a start removes of these containers, and what it says. */
async function start(
  containers: ContainerSummary[],
  remove = async (): Promise<void> => {},
  giveBackTo?: { uid: number; gid: number },
) {
  const removed: string[] = [];
  const said: EventBody[] = [];
  const emit: Emit = Object.assign((body: EventBody) => void said.push(body), { within: () => silent });
  const engine = {
    ...fakeEngine(),
    exec: (id: string, { argv }: { argv: readonly string[] }): RunningCommand => {
      removed.push(`${argv.slice(0, 3).join(' ')} in ${id}`);
      return { pid: undefined, result: Promise.reject(new Error('gone')), kill() {} };
    },
    list: async () => containers,
    remove: async (id: string) => {
      await remove();
      removed.push(id);
    },
  };
  const runner = fakeRunner([]);
  await cleanUpAfterDead({ engine, runner, resultsRoot: root, host: 'node1', clock, emit, giveBackTo });
  return { removed, said };
}

test('containers of the dead go; those of the living, and those that were kept, stay', async () => {
  const [dead, live, kept] = [await create(), await create(), await create()];
  await die(dead);
  await die(kept);
  const containers = [
    container(dead.id),
    container(live.id),
    container(kept.id, { 'madengine.keep': 'true' }),
  ];
  expect((await start(containers)).removed).toEqual([`c-${dead.id}`]);
  await live.close({ exitCode: 0 });
});

test('a container that came up when its campaign had died and was put right already goes too', async () => {
  const campaign = await create();
  await campaign.close({ exitCode: 0 });
  const { removed, said } = await start([container(campaign.id)]);
  expect(removed).toEqual([`c-${campaign.id}`]);
  expect(said).toMatchObject([{ code: 'CONTAINER_REMOVED' }]);
});

test('a container of another results folder goes when its campaign is dead; where that is gone, it is told', async () => {
  const other = join(root, 'other');
  const [dead, live] = [await create(other), await create(other)];
  await die(dead);
  const at = (id: string, folder: string) => container(id, { 'madengine.results_root': folder });
  const lost = newId();
  const { removed, said } = await start([
    at(dead.id, other),
    at(live.id, other),
    at(lost, join(root, 'none')),
  ]);
  expect(removed).toEqual([`c-${dead.id}`]);
  expect(said).toMatchObject([{ code: 'CONTAINER_REMOVED' }, { code: 'LEFT_ALONE' }]);
  await live.close({ exitCode: 0 });
});

test('a container that cannot be removed does not keep a start from going on', async () => {
  const [dead, over] = [await create(), await create()];
  await die(dead);
  await over.close({ exitCode: 0 });
  const fail = () => Promise.reject(new Error('the engine hangs'));
  const { said } = await start([container(dead.id), container(over.id)], fail);
  const codes = said.map((event) => ('code' in event ? event.code : event.type));
  expect(codes).toEqual(['CLEAN_UP_FAILED', 'CAMPAIGN_RECONCILED', 'LEFT_ALONE']);
});

test('folders with secrets go, and nothing that a link in the campaign leads to', async () => {
  const dead = await create();
  const victim = join(root, 'home');
  await mkdir(join(victim, 'documents'), { recursive: true });
  await symlink(victim, join(dead.path, 'link'));
  await mkdir(join(dead.path, 'secrets'));
  for (const path of ['secrets', 'link/documents', 'gone/deeper']) {
    await dead.journal.append({ act: 'secrets.dir', path: join(dead.path, path) });
  }
  await die(dead);
  await start([]);
  expect(await readdir(victim)).toEqual(['documents']);
  expect(await readdir(dead.path)).not.toContain('secrets');
});

test('files in what a dead campaign left running are given back before it goes', async () => {
  const dead = await create();
  await die(dead);
  const left = container(dead.id);
  const { removed } = await start([left], undefined, { uid: 5, gid: 6 });
  expect(removed).toEqual([`chown -hR 5:6 in ${left.id}`, left.id]);
});
