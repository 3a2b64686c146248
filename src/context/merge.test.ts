import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeContext } from './merge.ts';

test('objects are merged at every depth, lists and plain values are replaced', () => {
  const { values } = mergeContext([
    { origin: 'manifest', values: { docker_env_vars: { A: '1', B: '2' }, tools: [{ name: 'x' }], n: 1 } },
    { origin: '--additional-context', values: { docker_env_vars: { B: '3' }, tools: [], n: { deep: true } } },
  ]);
  expect(values).toEqual({ docker_env_vars: { A: '1', B: '3' }, tools: [], n: { deep: true } });
});

test('every leaf knows the layer that it comes from', () => {
  const { origins } = mergeContext([
    { origin: 'default', values: { gpu_vendor: 'AMD', a: { b: 1, c: 2 }, list: [1], empty: {} } },
    { origin: 'environment', values: { a: { c: 3 }, list: [2] } },
    { origin: '--additional-context', values: { a: { d: {} } } },
  ]);
  expect(origins).toEqual({
    gpu_vendor: 'default',
    'a.b': 'default',
    'a.c': 'environment',
    'a.d': '--additional-context',
    list: 'environment',
    empty: 'default',
  });
});

test('a plain value over an object leaves no origin of what was below it', () => {
  const { origins } = mergeContext([
    { origin: 'default', values: { a: { b: 1 } } },
    { origin: 'manifest', values: { a: 2 } },
  ]);
  expect(origins).toEqual({ a: 'manifest' });
});

test('no layer is changed, and no prototype either', () => {
  const below = { a: { b: 1 } };
  const { values } = mergeContext([
    { origin: 'default', values: below },
    { origin: 'manifest', values: JSON.parse('{"a": {"c": 2}, "__proto__": {"x": 1}}') },
  ]);
  expect(below).toEqual({ a: { b: 1 } });
  expect(Object.hasOwn(values, '__proto__')).toBe(true);
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

test('a context of absurd depth is an error with a name', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`);
  expect(() => mergeContext([{ origin: 'manifest', values: deep }])).toThrow(/nested too deeply/);
});

test('the last layer wins whole, and merging again changes nothing', () => {
  const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));
  fc.assert(
    fc.property(objects, objects, (first, second) => {
      const once = mergeContext([
        { origin: 'default', values: first },
        { origin: 'manifest', values: second },
      ]).values;
      const again = mergeContext([
        { origin: 'default', values: once },
        { origin: 'manifest', values: second },
      ]).values;
      expect(again).toEqual(once);
      for (const key of Object.keys(second)) {
        const given = second[key];
        if (given === null || typeof given !== 'object' || Array.isArray(given))
          expect(once[key]).toEqual(given);
      }
    }),
  );
});
