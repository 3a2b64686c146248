import { expect, test } from 'vitest';
import { parseCard } from './card-schema.ts';

const card = (distributed: unknown) => ({
  name: 'm',
  dockerfile: 'd',
  scripts: 's',
  n_gpus: '1',
  tags: ['t'],
  distributed,
});
const read = (distributed: unknown) =>
  parseCard(card(distributed), { file: 'models.json', index: 0 }).extra.distributed;

test('a block by the name of the launcher beside it is kept', () => {
  const distributed = { launcher: 'mine', nnodes: 2, mine: { a: 1 } };
  expect(read(distributed)).toEqual(distributed);
});

test.each([[{ launcher: 'mine', other: { a: 1 } }], [{ launcher: 'mine', mine: 3 }], [{ mine: { a: 1 } }]])(
  '%o has an unknown key',
  (distributed) => {
    expect(() => read(distributed)).toThrow('found an unknown key');
  },
);

test('settings of our own launchers are looked at as before', () => {
  expect(() => read({ launcher: 'primus', primus: 3 })).toThrow('distributed.primus');
});
