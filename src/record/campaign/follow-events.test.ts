import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../foundation/clock.ts';
import { followEvents } from './follow-events.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'follow-events-'));
});
afterEach(() => rm(folder, { recursive: true }));

function follow(
  options: { isAlive?: () => boolean; signal?: AbortSignal; onEvent?: (n: number) => void } = {},
) {
  const seen: unknown[] = [];
  const ending = followEvents({
    folder,
    clock: systemClock,
    signal: options.signal ?? new AbortController().signal,
    isAlive: options.isAlive ?? (() => seen.at(-1) !== 'campaign.ended'),
    onEvent: (event) => {
      seen.push(event.n ?? event.type);
      options.onEvent?.(seen.length);
    },
  });
  return { seen, ending };
}

const log = (): string => join(folder, 'events.ndjson');

test('everything from the start is seen, then what is added, in whatever pieces, until the campaign ends', async () => {
  await writeFile(log(), '{"n":1}\n{"n":');
  const added = Promise.withResolvers<void>();
  const { seen, ending } = follow({ onEvent: () => added.resolve() });
  await added.promise;
  await appendFile(log(), '2}\nno json\n{"n":3}\n{"type":"campa');
  await appendFile(log(), 'ign.ended"}\n');
  expect(await ending).toBe('ended');
  expect(seen).toEqual([1, 2, 3, 'campaign.ended']);
});

test('a log that is not there yet is waited for', async () => {
  const { seen, ending } = follow();
  await writeFile(log(), '{"type":"campaign.ended"}\n');
  expect(await ending).toBe('ended');
  expect(seen).toEqual(['campaign.ended']);
});

test('a campaign that was resumed is followed past the end that it had before', async () => {
  await writeFile(log(), '{"n":1}\n{"type":"campaign.ended"}\n');
  let live = true;
  const { seen, ending } = follow({ isAlive: () => live });
  await expect.poll(() => seen.length).toBe(2);
  await appendFile(log(), '{"n":2}\n{"type":"campaign.ended"}\n');
  live = false;
  expect(await ending).toBe('ended');
  expect(seen).toEqual([1, 'campaign.ended', 2, 'campaign.ended']);
});

test('a process that died without an end is told, after all that it wrote', async () => {
  await writeFile(log(), '{"n":1}\n{"n":2}\n');
  const { seen, ending } = follow({ isAlive: () => false });
  expect(await ending).toBe('died');
  expect(seen).toEqual([1, 2]);
});

test('a signal ends the watching', async () => {
  const stop = new AbortController();
  await writeFile(log(), '{"n":1}\n');
  const { ending } = follow({ signal: stop.signal, onEvent: () => stop.abort('SIGINT') });
  expect(await ending).toBe('stopped');
});
