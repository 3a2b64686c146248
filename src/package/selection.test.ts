import { expect, test } from 'vitest';
import type { FoundCard } from './card.ts';
import { parseCard } from './card-schema.ts';
import { selectCards } from './selection.ts';
import { parseTags } from './tag.ts';

const found = (name: string, tags: string[] = [], dir?: string, args = ''): FoundCard => {
  const origin = { file: 'models.json', index: 0 };
  return { card: parseCard({ name, dockerfile: 'd', scripts: 's', tags, args }, origin, dir), origin };
};

const cards = [
  found('dummy', ['smoke', 'group'], undefined, '--base'),
  found('bert', ['group']),
  found('dummy_2', ['smoke'], 'dummy2'),
  found('dummy', ['nightly'], 'MAD'),
];
const select = (...tags: string[]) => selectCards(cards, parseTags(tags));
const names = (...tags: string[]) => select(...tags).map((card) => card.name);

test('without tags nothing is selected', () => {
  expect(select()).toEqual([]);
});

test('a short name never selects a model of a folder', () => {
  expect(names('dummy')).toEqual(['dummy']);
});

test('a folder with a slash or a colon selects by name, tag or all', () => {
  expect(names('MAD/dummy')).toEqual(['MAD/dummy']);
  expect(names('dummy2:dummy_2')).toEqual(['dummy2/dummy_2']);
  expect(names('dummy2/smoke')).toEqual(['dummy2/dummy_2']);
  expect(names('MAD/all')).toEqual(['MAD/dummy']);
});

test('a tag selects models at the root and in folders', () => {
  expect(names('smoke')).toEqual(['dummy', 'dummy2/dummy_2']);
});

test('all selects everything once, in the order of discovery', () => {
  expect(names('all', 'dummy')).toEqual(['dummy', 'bert', 'dummy2/dummy_2', 'MAD/dummy']);
});

test('a model that two tags match runs once', () => {
  expect(names('group', 'smoke')).toEqual(['dummy', 'bert', 'dummy2/dummy_2']);
});

test('the order of the tags comes first', () => {
  expect(names('bert', 'smoke')).toEqual(['bert', 'dummy', 'dummy2/dummy_2']);
});

test('arguments are appended to the own ones of the card, also when a tag matches', () => {
  expect(select('group:bs=32').map(({ name, args }) => [name, args])).toEqual([
    ['dummy', '--base --bs 32'],
    ['bert', '--bs 32'],
  ]);
});

test('the same model with other arguments is another job', () => {
  expect(select('bert', 'bert:bs=1|2', 'bert:bs=2').map(({ args }) => args)).toEqual([
    '',
    '--bs 1',
    '--bs 2',
  ]);
});

test('a word after a colon is a flag where no such folder exists', () => {
  expect(select('bert:fast:bs=1').map(({ name, args }) => [name, args])).toEqual([['bert', '--fast --bs 1']]);
});

test('selection leaves the found cards as they are', () => {
  select('dummy:bs=1');
  expect(cards[0]?.card.args).toBe('--base');
});

test('a tag that matches nothing is an error with the nearest names', () => {
  expect(() => select('dumy')).toThrowError(
    expect.objectContaining({ code: 'MODEL_NOT_FOUND', hint: expect.stringContaining('dummy') }),
  );
  expect(() => select('dummy_2')).toThrowError(
    expect.objectContaining({ hint: expect.stringContaining('dummy2/dummy_2') }),
  );
});
