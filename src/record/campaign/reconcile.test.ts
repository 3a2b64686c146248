import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sampleDraft, sampleMetric, sampleRecord } from '../../../test/sample/record.ts';
import { systemClock } from '../../foundation/clock.ts';
import { type Emit, type EventBody, silent } from '../../foundation/event.ts';
import { newId } from '../../foundation/id.ts';
import { finishRun } from '../finish-run.ts';
import { appendRows } from '../perf/perf-csv.ts';
import { readPerfCsv } from '../perf/perf-reader.ts';
import { type PerfRow, perfRows } from '../perf/perf-row.ts';
import { perfWriter } from '../perf/perf-writer.ts';
import { readRecord, recordPath, writeRecord } from '../record-file.ts';
import { type CampaignFolder, createCampaign } from './campaign-folder.ts';
import { findDeadCampaigns } from './dead-campaign.ts';
import type { JournalAct } from './journal.ts';
import { type ReconcileOptions, reconcile } from './reconcile.ts';

let root = '';
let perfCsv = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'reconcile-'));
  perfCsv = join(root, 'perf.csv');
});
afterEach(() => rm(root, { recursive: true }));

const clock = systemClock;
const create = (): Promise<CampaignFolder> =>
  createCampaign({
    resultsRoot: root,
    perfCsv: 'perf.csv',
    id: newId(),
    command: 'run',
    argv: [],
    version: '0',
    host: 'node1',
    clock,
  });
/** What a process that was killed leaves: the folder as it is, the lock's file, nobody who holds it. */
async function dead(
  acts: readonly JournalAct[] | ((path: string) => JournalAct[]) = [],
): Promise<CampaignFolder> {
  const campaign = await create();
  for (const act of typeof acts === 'function' ? acts(campaign.path) : acts)
    await campaign.journal.append(act);
  const file = join(campaign.path, 'campaign.json');
  const before = await readFile(file);
  await campaign.close({ exitCode: 0, settled: false });
  await writeFile(file, before);
  return campaign;
}
const options = (changes: Partial<ReconcileOptions> = {}): ReconcileOptions => ({
  resultsRoot: root,
  host: 'node1',
  clock,
  emit: silent,
  cleanUp: async () => {},
  ...changes,
});
const rows = async (): Promise<PerfRow[]> => {
  const found: PerfRow[] = [];
  for await (const row of readPerfCsv(perfCsv)) found.push(row);
  return found;
};
const openOnes = async (): Promise<string[]> =>
  (await readdir(join(root, '.madengine', 'open'))).filter((name) => !name.endsWith('.lock'));

test('without any campaign nothing is made', async () => {
  expect(await reconcile(options())).toEqual({ live: [], unjudged: [], settled: [] });
  expect(await readdir(root)).toEqual([]);
});

test('of a job whose next attempt had begun, only that one has a row', async () => {
  const first = sampleDraft();
  const second = sampleDraft({ job: first.job, attempt: 2 });
  const campaign = await dead(
    [first, second].map((draft) => ({ act: 'run.started' as const, run: draft.run, draft })),
  );
  await reconcile(options());
  const records = await Promise.all(
    [first, second].map(({ run }) => readRecord(recordPath(join(campaign.path, 'runs', run)))),
  );
  expect(records.map(({ retried, failure }) => [retried, failure?.class])).toEqual([
    [true, 'interrupted'],
    [undefined, 'interrupted'],
  ]);
  expect((await rows()).map((row) => row.run_id)).toEqual([second.run]);
});

test('a run that was started and has no record is recorded as interrupted, with its row', async () => {
  const draft = sampleDraft();
  const campaign = await dead([{ act: 'run.started', run: draft.run, draft }]);
  const result = await reconcile(options());
  expect(result.settled).toEqual([{ campaign: campaign.id, interrupted: [draft.run], rowsAppended: 1 }]);
  const record = await readRecord(recordPath(join(campaign.path, 'runs', draft.run)));
  expect(record).toMatchObject({ ...draft, status: 'FAILURE', failure: { class: 'interrupted' } });
  expect(await rows()).toMatchObject([
    { run_id: draft.run, status: 'FAILURE', failure_class: 'interrupted' },
  ]);
});

test('a run that was only planned gets none', async () => {
  await dead([{ act: 'run.planned', run: newId(), job: 'j', model: 'dummy', image: 'i' }]);
  expect((await reconcile(options())).settled).toMatchObject([{ interrupted: [], rowsAppended: 0 }]);
  expect(await rows()).toEqual([]);
});

test('a record without its row gets it, one with its row is left alone, and nothing happens twice', async () => {
  const campaign = await dead();
  const [withRow, withoutRow] = [sampleRecord(), sampleRecord()];
  for (const record of [withRow, withoutRow]) await writeRecord(await campaign.runFolder(record.run), record);
  await appendRows(perfCsv, perfRows(withRow), { clock });
  await reconcile(options());
  expect((await rows()).map((row) => row.run_id)).toEqual([withRow.run, withoutRow.run]);
  expect(await openOnes()).toEqual([]);
  expect((await reconcile(options())).settled).toEqual([]);
  expect(await rows()).toHaveLength(2);
});

test('of a run with several rows, those that a torn write lost come back', async () => {
  const campaign = await dead();
  const record = sampleRecord({ metrics: ['a', 'b', 'c'].map((row) => sampleMetric({ row })) });
  await writeRecord(await campaign.runFolder(record.run), record);
  await appendRows(perfCsv, perfRows(record), { clock });
  const text = await readFile(perfCsv, 'utf8');
  await writeFile(perfCsv, text.slice(0, text.lastIndexOf('dummy_b') + 20));
  await reconcile(options());
  expect((await rows()).map((row) => row.model)).toEqual(['dummy_a', 'dummy_b', 'dummy_c']);
});

test('a live campaign is never touched', async () => {
  const campaign = await create();
  const draft = sampleDraft();
  await campaign.journal.append({ act: 'run.started', run: draft.run, draft });
  expect(await reconcile(options())).toEqual({ live: [campaign.id], unjudged: [], settled: [] });
  const record = sampleRecord({ campaign: campaign.id, run: draft.run });
  await finishRun(campaign, perfWriter(perfCsv, { clock }), record);
  await campaign.close({ exitCode: 0 });
  expect(await rows()).toMatchObject([{ run_id: draft.run, status: 'SUCCESS' }]);
  expect(await openOnes()).toEqual([]);
});

test('rows that could not be written at the time are added by the next start', async () => {
  const campaign = await create();
  const record = sampleRecord();
  await mkdir(perfCsv);
  const finishing = finishRun(campaign, perfWriter(perfCsv, { clock }), record);
  await expect(finishing).rejects.toMatchObject({ code: 'NOT_WRITABLE' });
  await campaign.close({ exitCode: 1 });
  await rm(perfCsv, { recursive: true });
  await reconcile(options());
  expect(await rows()).toMatchObject([{ run_id: record.run, status: 'SUCCESS' }]);
});

test('what may be left outside is handed to the clean-up, what is gone or kept on purpose is not', async () => {
  const run = newId();
  const create = (name: string): JournalAct => ({ act: 'container.create', run, name, engine: 'docker' });
  const campaign = await dead((path) => [
    { act: 'secrets.dir', path: join(path, 'secrets') },
    { act: 'work.dir', run, path: join(path, 'work') },
    { act: 'dir.removed', path: join(path, 'work') },
    create('left'),
    create('removed'),
    create('kept'),
    { act: 'container.keep', run, name: 'kept' },
    { act: 'container.removed', run, name: 'removed' },
  ]);
  const handed: unknown[] = [];
  const cleanUp: ReconcileOptions['cleanUp'] = async ({ containers, folders }) => {
    handed.push({ containers, folders });
  };
  await reconcile(options({ cleanUp }));
  expect(handed).toEqual([
    { containers: [{ run, name: 'left', engine: 'docker' }], folders: [join(campaign.path, 'secrets')] },
  ]);
});

test('a journal can name nothing outside of its own campaign for removal', async () => {
  const run = newId();
  await dead((path) => [
    { act: 'secrets.dir', path: '/home' },
    { act: 'secrets.dir', path: join(path, '..', '..') },
    { act: 'secrets.dir', path },
    { act: 'work.dir', run, path: `${path}/runs/../../../open` },
    { act: 'work.dir', run, path: 'runs' },
  ]);
  const handed: unknown[] = [];
  await reconcile(options({ cleanUp: async ({ folders }) => void handed.push(...folders) }));
  expect(handed).toEqual([]);
});

test('a campaign file cannot send rows to a file outside of its results root', async () => {
  const campaign = await dead();
  const file = join(campaign.path, 'campaign.json');
  const info = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...info, perf_csv: '../perf.csv' }));
  expect(await reconcile(options())).toMatchObject({ settled: [], unjudged: [{ id: campaign.id }] });
});

test('a campaign that was killed before its first file leaves no folder behind', async () => {
  const campaign = await dead();
  await rm(join(campaign.path, 'campaign.json'));
  expect(await reconcile(options())).toMatchObject({ settled: [], unjudged: [] });
  await expect(readFile(join(campaign.path, 'journal.ndjson'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('what the dead had begun to write is removed, and what a live neighbour writes is not', async () => {
  const draft = sampleDraft();
  const campaign = await dead([{ act: 'run.started', run: draft.run, draft }]);
  const file = join(campaign.path, 'campaign.json');
  // A number that no process can have.
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), pid: 2 ** 30 }));
  const left = (folder: string, of: string, pid: number): string =>
    join(folder, `.${of}.${pid}.0123456789ab.tmp`);
  const run = await campaign.runFolder(draft.run);
  const neighbours = [left(root, 'a.run.live.log', process.pid), join(root, '.notes.tmp')];
  const all = [
    left(run, 'record.json', 2 ** 30),
    left(run, 'record.json', 7),
    left(campaign.path, 'campaign.json', 7),
    left(root, 'a.run.live.log', 2 ** 30),
    left(root, 'perf.csv', 7),
    ...neighbours,
  ];
  for (const path of all) await writeFile(path, 'half');
  await reconcile(options());
  const there = await Promise.all(
    all.map((path) =>
      stat(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  expect(there.flat()).toEqual(neighbours);
});

test('when the clean-up fails, rows are right all the same, and the next start tries it again', async () => {
  const draft = sampleDraft();
  await dead([{ act: 'run.started', run: draft.run, draft }]);
  const said: EventBody[] = [];
  const emit: Emit = Object.assign((body: EventBody) => said.push(body), { within: () => silent });
  const cleanUp = (): Promise<void> => Promise.reject(new Error('no engine'));
  await reconcile(options({ emit, cleanUp }));
  expect(said).toMatchObject([{ code: 'CLEAN_UP_FAILED' }, { code: 'CAMPAIGN_RECONCILED' }]);
  expect(await openOnes()).toHaveLength(1);
  expect((await reconcile(options())).settled).toMatchObject([{ interrupted: [], rowsAppended: 0 }]);
  expect(await rows()).toHaveLength(1);
  expect(await openOnes()).toEqual([]);
});

test('a campaign whose rows cannot be added stays open and does not keep a start from going on', async () => {
  const draft = sampleDraft();
  const campaign = await dead([{ act: 'run.started', run: draft.run, draft }]);
  await writeFile(perfCsv, 'something else\n');
  expect(await reconcile(options())).toMatchObject({ settled: [], unjudged: [{ id: campaign.id }] });
  await rm(perfCsv);
  expect((await reconcile(options())).settled).toMatchObject([{ interrupted: [], rowsAppended: 1 }]);
});

test('of two starts at once only one settles a campaign', async () => {
  const drafts = Array.from({ length: 5 }, () => sampleDraft());
  for (const draft of drafts) await dead([{ act: 'run.started', run: draft.run, draft }]);
  const results = await Promise.all([reconcile(options()), reconcile(options()), reconcile(options())]);
  expect(results.flatMap(({ settled }) => settled)).toHaveLength(5);
  expect((await rows()).map((row) => row.run_id).toSorted()).toEqual(drafts.map(({ run }) => run).toSorted());
});

describe('a campaign whose process died while it was being made', () => {
  test.each([
    ['with a lock alone', ['.lock'], []],
    ['with its mark', ['', '.lock'], []],
    ['with a folder without its file', ['', '.lock'], ['runs']],
  ])('%s is let go', async (_, files, folders) => {
    const id = newId();
    const open = join(root, '.madengine', 'open');
    await mkdir(open, { recursive: true });
    for (const suffix of files) await writeFile(join(open, id + suffix), '');
    for (const name of folders)
      await mkdir(join(root, '.madengine', 'campaigns', id, name), { recursive: true });
    expect(await reconcile(options())).toEqual({ live: [], unjudged: [], settled: [] });
    expect(await readdir(open)).toEqual([]);
  });
});

test('a campaign of a later version is left alone, with the reason', async () => {
  const campaign = await dead();
  await writeFile(join(campaign.path, 'campaign.json'), '{"schema": "madengine.campaign/99"}');
  expect(await reconcile(options())).toMatchObject({ settled: [], unjudged: [{ id: campaign.id }] });
  expect(await openOnes()).toHaveLength(1);
});

test('on a shared file system, the dead of another host are left to it', async () => {
  const campaign = await createCampaign({
    resultsRoot: root,
    perfCsv: 'perf.csv',
    id: newId(),
    command: 'run',
    argv: [],
    version: '0',
    host: 'node2',
    clock,
    lockKind: 'folder',
  });
  await campaign.close({ exitCode: 0, settled: false });
  const here = await findDeadCampaigns({ resultsRoot: root, host: 'node1', lockKind: 'folder' });
  expect(here).toEqual({ dead: [], live: [], unjudged: [{ id: campaign.id, reason: 'it ran on node2' }] });
  const there = await findDeadCampaigns({ resultsRoot: root, host: 'node2', lockKind: 'folder' });
  expect(there.dead).toMatchObject([{ id: campaign.id }]);
  there.dead[0]?.lock.release();
});

test('a record that cannot be read costs its own row only, and is reported', async () => {
  const campaign = await dead();
  const [good, bad] = [sampleRecord(), newId()];
  await writeRecord(await campaign.runFolder(good.run), good);
  await writeFile(join(await campaign.runFolder(bad), 'record.json'), '{"schema": 1}');
  const said: EventBody[] = [];
  const emit: Emit = Object.assign((body: EventBody) => said.push(body), { within: () => silent });
  await reconcile(options({ emit }));
  expect(await rows()).toMatchObject([{ run_id: good.run }]);
  expect(said).toContainEqual(expect.objectContaining({ code: 'RECORD_UNREADABLE' }));
});
