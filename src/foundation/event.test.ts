import { expect, test } from 'vitest';
import type { MadEvent } from './event.ts';
import { EventStream } from './event.ts';
import { Scrubber, Secret } from './secret.ts';

const clock = { now: () => new Date(0), monotonic: () => 0, sleep: async () => {} };

test('every listener sees the same numbered, scoped and scrubbed event', () => {
  const stream = new EventStream(clock);
  const seen: MadEvent[] = [];
  stream.listen((event) => seen.push(event));
  stream.scrubWith(new Scrubber([new Secret('s', 'topsecret')]));
  const emit = stream.emit.within({ campaign: 'c' }).within({ run: 'r' });
  emit({ type: 'run.output', text: 'a topsecret' });
  emit({ type: 'stage.started', stage: 'run' });
  expect(seen).toEqual([
    {
      v: 1,
      seq: 1,
      at: '1970-01-01T00:00:00.000Z',
      campaign: 'c',
      run: 'r',
      type: 'run.output',
      text: 'a ******',
    },
    {
      v: 1,
      seq: 2,
      at: '1970-01-01T00:00:00.000Z',
      campaign: 'c',
      run: 'r',
      type: 'stage.started',
      stage: 'run',
    },
  ]);
});

test('a listener that was taken off hears nothing more', () => {
  const stream = new EventStream(clock);
  let heard = 0;
  const off = stream.listen(() => heard++);
  stream.emit({ type: 'stage.started', stage: 'run' });
  off();
  stream.emit({ type: 'stage.started', stage: 'run' });
  expect(heard).toBe(1);
});
