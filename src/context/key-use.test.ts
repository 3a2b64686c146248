import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { rules } from './key-rules.ts';
import { keyUses, meantKey, ownKeys, waitingKeys } from './key-use.ts';
import { mergeContext } from './merge.ts';

test('the documentation tells of every key what it does, and of those that wait that they do', async () => {
  const page = await readFile(new URL('../../docs/context.md', import.meta.url), 'utf8');
  for (const [key, use] of Object.entries(keyUses)) {
    const row = page.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${key}\``));
    expect(row, key).toBeDefined();
    expect(row?.includes('later'), `${key} is said to wait`).toBe(use === 'later');
  }
});

test('every key with a rule has a use', () => {
  expect(Object.keys(rules).filter((key) => !Object.hasOwn(keyUses, key))).toEqual([]);
});

test('only keys that hold something wait for their feature', () => {
  const { values, origins } = mergeContext([
    {
      origin: 'manifest',
      values: { tools: [], slurm: {}, k8s: { gpu_count: 1 }, shared_data: '/x', gpu_vendor: 'AMD' },
    },
  ]);
  expect(waitingKeys({ values, origins })).toEqual(['k8s', 'shared_data']);
});

test('keys of nobody are those that no tool knows and that no manifest brought', () => {
  const context = mergeContext([
    { origin: 'manifest', values: { my_filter: 1, other: { a: 1 } } },
    { origin: '--additional-context', values: { gpu_vender: 'AMD', other: { b: 1 }, 'a.b': 1 } },
  ]);
  expect(ownKeys(context)).toEqual(['a.b', 'gpu_vender', 'other']);
  expect(meantKey('gpu_vender', [])).toBe('gpu_vendor');
  expect(meantKey('flavor', ['flavour'])).toBe('flavour');
  expect(meantKey('something_else', [])).toBeUndefined();
});
