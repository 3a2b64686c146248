import { existsSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleDraft } from '../../../test/sample/record.ts';
import { systemClock as clock } from '../../foundation/clock.ts';
import { silent } from '../../foundation/event.ts';
import { newId } from '../../foundation/id.ts';
import { fakeEngine } from '../../image/fake-engine.ts';
import { fakeRunner } from '../../machine/command/fake-runner.ts';
import { createCampaign } from '../../record/campaign/campaign-folder.ts';
import { hasRecord } from '../../record/record-file.ts';
import { takeOver } from './take-over.ts';

let root = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'take-over-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const version = '0';
const host = 'node1';

/** A campaign that died in its only run, and what is done with that; `bootId`: of the machine at that time. */
async function takenOver(found: { container: boolean; mayGoOn: boolean; bootId?: string }) {
  const id = newId();
  const names = { resultsRoot: root, perfCsv: 'perf.csv', id, command: 'run', argv: [] };
  const campaign = await createCampaign({ ...names, version, host, clock });
  const draft = sampleDraft({ campaign: id });
  await campaign.journal.append({ act: 'run.started', run: draft.run, draft });
  const runFolder = await campaign.runFolder(draft.run);
  await writeFile(join(runFolder, 'started.json'), '{}');
  const file = join(campaign.path, 'campaign.json');
  const before = JSON.parse(await readFile(file, 'utf8'));
  await campaign.close({ exitCode: 0, settled: false });
  await writeFile(file, JSON.stringify({ ...before, ...(found.bootId && { boot_id: found.bootId }) }));

  const labels = { 'madengine.campaign': id, 'madengine.run': draft.run, 'madengine.results_root': '/moved' };
  const container = { id: 'c', name: 'c', running: true, labels };
  const removed: string[] = [];
  const engine = {
    ...fakeEngine(),
    list: async () => (found.container ? [container] : []),
    remove: async (one: string) => void removed.push(one),
  };
  const asked: { isThere: boolean }[] = [];
  const options = { engine, runner: fakeRunner([]), resultsRoot: root, host, clock, emit: silent, version };
  const { folder, goingOn } = await takeOver(id, options, async (_, { isThere }) => {
    asked.push({ isThere });
    return found.mayGoOn;
  });
  await folder.close({ exitCode: 0 });
  return {
    ...{ asked, removed },
    goesOn: goingOn.map(({ run }) => run === draft.run),
    recorded: await hasRecord(runFolder),
    isStartedKept: existsSync(join(runFolder, 'started.json')),
  };
}

test('a run whose container is there goes on: nothing of it is removed or recorded, wherever its results lay then', async () => {
  expect(await takenOver({ container: true, mayGoOn: true })).toEqual({
    ...{ asked: [{ isThere: true }], removed: [] },
    ...{ goesOn: [true], recorded: false, isStartedKept: true },
  });
});

test('one that may not go on loses its container and what was kept for that, and is recorded as interrupted', async () => {
  expect(await takenOver({ container: true, mayGoOn: false })).toEqual({
    ...{ asked: [{ isThere: true }], removed: ['c'] },
    ...{ goesOn: [], recorded: true, isStartedKept: false },
  });
});

test('what ended while nobody watched is asked for without its container, but not after another start of the machine', async () => {
  const here = await takenOver({ container: false, mayGoOn: true });
  expect(here).toMatchObject({ asked: [{ isThere: false }], goesOn: [true], recorded: false });
  const before = await takenOver({ container: false, mayGoOn: true, bootId: 'another' });
  expect(before).toMatchObject({ asked: [], goesOn: [], recorded: true });
});
