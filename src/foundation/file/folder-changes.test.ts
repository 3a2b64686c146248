import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { watchFolder } from './folder-changes.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folder-changes-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** An hour, so that only events can end a wait. */
const never = { ms: 3_600_000, withoutEventsMs: 3_600_000 };
const stop = new AbortController().signal;

test('a change ends the wait, also one that came before it', async () => {
  const changes = watchFolder(folder, never);
  const first = changes.next(systemClock, stop);
  await appendFile(join(folder, 'a'), 'x');
  await first;
  await appendFile(join(folder, 'a'), 'x');
  await systemClock.sleep(50);
  await changes.next(systemClock, stop);
  changes.close();
});

test('changes gather for as long as is said, but for the urgent file', async () => {
  const changes = watchFolder(folder, never, 'urgent');
  let isOver = false;
  const gathering = changes.gather(never.ms, systemClock, stop).then(() => {
    isOver = true;
  });
  await appendFile(join(folder, 'other'), 'x');
  await systemClock.sleep(100);
  expect(isOver).toBe(false);
  await appendFile(join(folder, 'urgent'), 'x');
  await gathering;

  await appendFile(join(folder, 'urgent'), 'x');
  await systemClock.sleep(100);
  await changes.gather(never.ms, systemClock, stop);
  changes.close();
});

test('both waits end when they are told to', async () => {
  const changes = watchFolder(folder, never, 'urgent');
  const over = new AbortController();
  const waits = [changes.next(systemClock, over.signal), changes.gather(never.ms, systemClock, over.signal)];
  over.abort();
  await Promise.all(waits);
  changes.close();
});
