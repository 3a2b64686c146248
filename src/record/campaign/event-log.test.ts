import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { EventBody, MadEvent } from '../../foundation/event.ts';
import { openEventLog } from './event-log.ts';

const event = (seq: number, body: EventBody): MadEvent => ({
  v: 1,
  seq,
  at: '2026-01-01T00:00:00.000Z',
  ...body,
});

test('events are lines of a file that only its owner reads; output is left out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'event-log-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const log = openEventLog(folder);
  log.listen(event(1, { type: 'stage.started', stage: 'run' }));
  log.listen(event(2, { type: 'run.output', text: 'much' }));
  log.listen(event(3, { type: 'stage.ended', stage: 'run', exit_code: 0, duration_s: 1 }));
  expect(log.close()).toBeUndefined();
  const path = join(folder, 'events.ndjson');
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).seq)).toEqual([1, 3]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});
