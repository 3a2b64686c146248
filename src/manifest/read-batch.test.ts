import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { parseBatch } from './read-batch.ts';

test('an entry needs a model name alone, and is taken as it is unless it says build_new', () => {
  expect(
    parseBatch(
      [{ model_name: 'a' }, { model_name: 'b', build_new: true, registry: 'localhost:5000' }],
      'b.json',
    ),
  ).toEqual([
    { model_name: 'a', build_new: false },
    { model_name: 'b', build_new: true, registry: 'localhost:5000' },
  ]);
});

test.each<[string, unknown, string]>([
  ['no list', { model_name: 'a' }, 'batch.json: the whole document: expected array, found object'],
  ['an empty list', [], 'batch.json: the whole document: expected at least one entry, found []'],
  ['text in the list', ['dummy'], 'batch.json: [0]: expected object, found string'],
  [
    'no name',
    [{ model_name: 'a' }, { build_new: true }],
    'batch.json: [1].model_name: expected string, found nothing',
  ],
  ['an unknown key', [{ model_name: 'a', registy: 'x' }], 'batch.json: [0]: unknown key "registy"'],
  [
    'a flag as text',
    [{ model_name: 'a', build_new: 'true' }],
    'batch.json: [0].build_new: expected boolean, found string',
  ],
  [
    'an empty name',
    [{ model_name: ' ' }],
    'batch.json: [0].model_name: expected text on one line, found " "',
  ],
  ['two names in one', [{ model_name: 'a,b' }], 'batch.json: [0].model_name: expected one name'],
  ['a way out', [{ model_name: '../x' }], 'batch.json: [0].model_name: expected the name of a model'],
  [
    'a newline',
    [{ model_name: 'a', registry: 'x\ny' }],
    'batch.json: [0].registry: expected text on one line',
  ],
  [
    'a name twice',
    [{ model_name: 'a' }, { model_name: 'a' }],
    'batch.json: [1].model_name: "a" is named by [0] too',
  ],
])('%s is refused with index and key', (_, data, message) => {
  const parse = (): unknown => parseBatch(data, 'batch.json');
  expect(parse).toThrow(message);
  expect(parse).toThrow(expect.objectContaining({ code: 'INVALID_FILE' }));
});

test('whatever the file holds, entries or a file error come out', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (data) => {
      try {
        for (const entry of parseBatch(data, 'f')) expect(entry.model_name.trim()).not.toBe('');
      } catch (error) {
        expect(error).toBeInstanceOf(MadError);
        expect(error).toMatchObject({ code: 'INVALID_FILE' });
      }
    }),
  );
});
