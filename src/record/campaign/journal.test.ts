import { appendFile, mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleDraft } from '../../../test/sample/record.ts';
import { systemClock } from '../../foundation/clock.ts';
import { type JournalAct, openJournal, readJournal } from './journal.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
  path = join(folder, 'journal.ndjson');
});
afterEach(() => rm(folder, { recursive: true }));

const acts: JournalAct[] = [
  { act: 'run.planned', run: 'r1', job: 'j', model: 'dummy', image: 'ci-dummy' },
  { act: 'secrets.dir', path: '/tmp/s' },
  { act: 'run.started', run: 'r1', draft: sampleDraft() },
  { act: 'container.create', run: 'r1', name: 'c1', engine: 'docker' },
  { act: 'record.final', run: 'r1' },
  { act: 'row.appended', run: 'r1' },
];

test('entries come back in the order of the calls, with their time, however many are on their way at once', async () => {
  const journal = await openJournal(path, systemClock);
  await Promise.all(acts.map((act) => journal.append(act)));
  await journal.append({ act: 'dir.removed', path: '/tmp/s' });
  await journal.close();
  const entries = await readJournal(path);
  expect(entries).toMatchObject([...acts, { act: 'dir.removed' }]);
  expect(entries.every(({ at }) => !Number.isNaN(Date.parse(at)))).toBe(true);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('close waits for what is on its way', async () => {
  const journal = await openJournal(path, systemClock);
  const appended = acts.map((act) => journal.append(act));
  await journal.close();
  await Promise.all(appended);
  expect(await readJournal(path)).toHaveLength(acts.length);
});

test('a journal that was cut off anywhere gives every entry that is whole', async () => {
  const journal = await openJournal(path, systemClock);
  for (const act of acts) await journal.append(act);
  await journal.close();
  const text = await readFile(path, 'latin1');
  for (let length = text.length; length >= 0; length -= 7) {
    await truncate(path, length);
    const whole = text.slice(0, length + 1).split('\n').length - 1;
    expect(await readJournal(path)).toHaveLength(whole);
  }
});

test('an entry that this version does not know is passed over', async () => {
  await appendFile(
    path,
    '{"at":"2026-01-01T00:00:00Z","act":"moon.landing"}\n{"at":"x","act":"record.final","run":"r"}\n',
  );
  expect(await readJournal(path)).toMatchObject([{ act: 'record.final' }]);
});

test('a missing journal has no entries', async () => {
  expect(await readJournal(path)).toEqual([]);
});
