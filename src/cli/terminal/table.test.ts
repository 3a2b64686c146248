import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderTable } from './table.ts';
import { pad, truncate, widthOfText } from './text-width.ts';

const plain = { width: undefined, heading: (text: string) => text };

test('columns are aligned by what a terminal shows, wide characters included', () => {
  const lines = renderTable(
    [{ title: 'MODEL' }, { title: 'VALUE', align: 'right' }],
    [
      ['短い', '1.5'],
      ['plain', '12'],
    ],
    plain,
  );
  expect(lines).toEqual(['MODEL  VALUE', '短い     1.5', 'plain     12']);
});

test('styles change neither widths nor cuts', () => {
  const style = (text: string): string => `<${text}>`;
  const columns = [{ title: 'A' }, { title: 'B', minimum: 4 }];
  const lines = renderTable(columns, [[{ text: 'ok', style }, 'much too long for this']], {
    ...plain,
    width: 14,
  });
  expect(lines).toEqual(['A   B', '<ok>  much too …']);
});

test('a column that is empty in every row is left out', () => {
  expect(renderTable([{ title: 'A' }, { title: 'B' }, { title: 'C' }], [['1', '', '3']], plain)).toEqual([
    'A  C',
    '1  3',
  ]);
});

test('escape sequences in cells become text', () => {
  const [, row] = renderTable([{ title: 'A' }], [['\u001b[2J\nFAKE  SUCCESS']], plain);
  expect(row).toBe('\\x1b[2J FAKE  SUCCESS');
});

test('a table fits the terminal whatever stands in it, where its minima do', () => {
  const cell = fc.string({ unit: 'grapheme', maxLength: 60 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }),
      fc.integer({ min: 40, max: 120 }),
      (rows, width) => {
        const columns = [{ title: 'A' }, { title: 'B' }, { title: 'C' }];
        for (const line of renderTable(columns, rows, { ...plain, width })) {
          expect(widthOfText(line)).toBeLessThanOrEqual(width);
        }
      },
    ),
  );
});

test('where the smallest table is too wide, ids get short and some columns go; elsewhere nothing is lost', () => {
  const columns = [
    { title: 'ID', minimum: 20, narrow: (id: string) => id.slice(-4) },
    { title: 'MODEL', minimum: 6 },
    { title: 'NOTE', minimum: 10, narrow: 'leave out' },
  ] as const;
  const rows = [['0123456789abcdefghij', 'a model', 'some words']];
  expect(renderTable(columns, rows, { ...plain, width: 40 })[1]).toBe(
    '0123456789abcdefghij  a mod…  some words',
  );
  expect(renderTable(columns, rows, { ...plain, width: 20 })).toEqual(['ID    MODEL', 'ghij  a model']);
  expect(renderTable(columns, rows, plain)[1]).toBe('0123456789abcdefghij  a model  some words');
});

test('a cut text has at most the width it was given, and a text that fits is left alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 30 }), (text, width) => {
      const cut = truncate(text, width);
      expect(widthOfText(cut)).toBeLessThanOrEqual(width);
      if (widthOfText(text) <= width && width > 0) expect(cut).toBe(text);
      expect(widthOfText(pad(cut, 30))).toBe(30);
    }),
  );
});
