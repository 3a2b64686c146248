import { expect, test } from 'vitest';
import { systemClock } from '../foundation/clock.ts';
import { MadError } from '../foundation/error.ts';
import { callPlugin, wordsOf } from './call.ts';

const source = { kind: 'target', name: 'mine', file: 'p.mjs', url: 'file:///p.mjs' };
const clock = systemClock;

const failure = async (act: () => unknown, more: { signal?: AbortSignal; limitS?: number } = {}) =>
  callPlugin(source, 'place', act, { clock, ...more }).then(
    () => undefined,
    (error: unknown) => error,
  );

test('an answer comes through, and a promise of one', async () => {
  expect(await callPlugin(source, 'place', () => 3, { clock })).toBe(3);
  expect(await callPlugin(source, 'place', async () => 4, { clock })).toBe(4);
});

test('an error names the plugin and what it was asked for', async () => {
  const error = await failure(() => {
    throw new TypeError('no such thing');
  });
  expect(error).toMatchObject({
    code: 'PLUGIN_FAILED',
    message: 'target "mine" of p.mjs, place: no such thing',
  });
});

test('a MadError keeps its code, its hint, and whether it passes', async () => {
  const error = await failure(async () => {
    throw new MadError('DATA_UNAVAILABLE', 'closed', { hint: 'Come back.', passes: true });
  });
  expect(error).toMatchObject({ code: 'DATA_UNAVAILABLE', hint: 'Come back.', passes: true });
});

test('the line of the plugin is in the hint', async () => {
  const thrown = new Error('x');
  thrown.stack = 'Error: x\n    at place (file:///p.mjs:12:7)\n    at other (file:///q.mjs:3:1)';
  expect(
    await failure(() => {
      throw thrown;
    }),
  ).toMatchObject({ hint: 'Mend the plugin (p.mjs:12), or leave it out.' });
});

test('what never ends is left at the signal and at the limit', async () => {
  const stop = new AbortController();
  const waiting = failure(() => new Promise(() => {}), { signal: stop.signal });
  stop.abort('SIGINT');
  expect(await waiting).toBe('SIGINT');
  expect(await failure(() => new Promise(() => {}), { limitS: 0.01 })).toMatchObject({
    message: 'target "mine" of p.mjs, place: no answer within 0.01 s',
  });
});

test('nothing is called when the signal has aborted', async () => {
  let called = false;
  const act = () => {
    called = true;
  };
  expect(await failure(act, { signal: AbortSignal.abort('SIGINT') })).toBe('SIGINT');
  expect(called).toBe(false);
});

test('anything can be thrown', () => {
  const hostile = {
    toString() {
      throw new Error('no');
    },
  };
  expect(wordsOf(hostile)).toBe('something that cannot be shown');
  expect(wordsOf(new Proxy({}, { getPrototypeOf: () => ({}).constructor('no').x.y }))).toBe(
    'something that cannot be shown',
  );
  expect(wordsOf(undefined)).toBe('undefined');
  expect(wordsOf(new Error(''))).toBe('an error without words');
  expect(wordsOf(new Error('x'.repeat(1e6)))).toHaveLength(2000);
});
