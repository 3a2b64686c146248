import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseMarks } from './marks.ts';

const whole = [
  'start\t0\tpre_script\t10.00\t0',
  'end\t0\tpre_script\t10.50\t120\t0',
  'start\t1\trun\t10.51\t120',
  'end\t1\trun\t20.00\t5000\t3',
  'over\t20.01\t5000\t3',
  '',
].join('\n');

const marks = [
  { kind: 'start', index: 0, name: 'pre_script', uptimeS: 10, offset: 0 },
  { kind: 'end', index: 0, name: 'pre_script', uptimeS: 10.5, offset: 120, exitCode: 0 },
  { kind: 'start', index: 1, name: 'run', uptimeS: 10.51, offset: 120 },
  { kind: 'end', index: 1, name: 'run', uptimeS: 20, offset: 5000, exitCode: 3 },
  { kind: 'over', uptimeS: 20.01, offset: 5000, exitCode: 3 },
];

test('reads what a program writes', () => {
  expect(parseMarks(whole)).toEqual(marks);
});

test('a file cut anywhere gives the marks that are complete in it', () => {
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.slice(0, length);
    expect(parseMarks(cut)).toEqual(marks.slice(0, cut.split('\n').length - 1));
  }
});

test('where the length of the output was not known, everything counts as the stage’s', () => {
  expect(parseMarks('start\t0\trun\t1\t-\nend\t0\trun\t2\t-\t0\n').map(({ offset }) => offset)).toEqual([
    0,
    Number.MAX_SAFE_INTEGER,
  ]);
});

test.each([
  'end\t0\trun\t1\t0\t0\n',
  'start\t0\tunknown\t1\t0\n',
  'start\t-1\trun\t1\t0\n',
  'start\t0\trun\t1\t1e3\n',
  'start\t0\trun\t1\t99999999999999999999\n',
  'start\t0\trun\tInfinity\t0\n',
  'start\t0\trun\t1\t0\textra\n',
  'start\t0\t__proto__\t1\t0\n',
  'over\t1\t0\t256\n',
  'over\t1\t0\t\n',
  '\n\n',
])('%j is no mark', (text) => {
  expect(parseMarks(text)).toEqual([]);
});

test('marks that cannot follow those before are left out', () => {
  expect(
    parseMarks(
      [
        'start\t0\tpre_script\t1\t0',
        'start\t1\trun\t1\t0',
        'end\t1\trun\t1\t0\t0',
        'end\t0\tpre_script\t1\t9\t0',
        'end\t0\tpre_script\t1\t9\t1',
        'start\t0\tpre_script\t1\t9',
        'over\t2\t9\t0',
        'over\t3\t9\t1',
        '',
      ].join('\n'),
    ).map((mark) => [mark.kind, 'exitCode' in mark ? mark.exitCode : null]),
  ).toEqual([
    ['start', null],
    ['end', 0],
    ['over', 0],
  ]);
});

test('nothing that a run writes there makes it fail, or take more than it should', () => {
  const field = fc.constantFrom('start', 'end', 'over', '0', '1', 'run', '-', '1.5', '', 'x', '\r', '1e9');
  const line = fc.array(field, { maxLength: 7 }).map((fields) => fields.join('\t'));
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => {
      const read = parseMarks(lines.join('\n'));
      expect(read.filter(({ kind }) => kind === 'over').length).toBeLessThanOrEqual(1);
      for (const mark of read) expect(Number.isSafeInteger(mark.offset) && mark.offset >= 0).toBe(true);
    }),
  );
  expect(parseMarks('start\t0\trun\t1\t0\nend\t0\trun\t1\t0\t0\n'.repeat(100_000))).toHaveLength(2);
});
