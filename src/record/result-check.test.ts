import { expect, test } from 'vitest';
import { sampleMetric } from '../../test/sample/record.ts';
import type { Check } from '../package/result-rules.ts';
import { type Checkable, runChecks } from './result-check.ts';

const seen: Checkable = {
  metrics: [
    sampleMetric({ name: 'speed', value: 5, text: '5.0' }),
    sampleMetric({ name: 'many', value: 1, text: '1', row: 'a' }),
    sampleMetric({ name: 'many', value: null, text: 'x', row: 'b' }),
  ],
  findings: { matches: new Map([['yes', { line: 'yes it is', group: undefined }]]), tooSlow: ['slow'] },
  fileProblems: new Map([
    ['good.json', undefined],
    ['bad.json', 'is empty'],
  ]),
};

test.each<[string, Omit<Check, 'name'>, string]>([
  ['SUCCESS', { must_match: 'yes' }, 'a line of the output matches'],
  ['FAILURE', { must_match: 'no' }, 'no line of the output matches no'],
  ['FAILURE', { must_match: 'slow' }, 'its pattern took too long: slow'],
  ['SUCCESS', { must_not_match: 'no' }, 'no line of the output matches'],
  ['FAILURE', { must_not_match: 'yes' }, 'a line of the output matches yes'],
  ['FAILURE', { must_not_match: 'slow' }, 'its pattern took too long: slow'],
  ['SUCCESS', { file: 'good.json' }, 'good.json is there'],
  ['FAILURE', { file: 'bad.json' }, 'bad.json is empty'],
  ['FAILURE', { file: 'unknown.json' }, 'unknown.json was not looked for'],
  ['SUCCESS', { metric: 'speed', min: 5, max: 5 }, 'speed is at least 5 and at most 5'],
  ['FAILURE', { metric: 'speed', min: 5.1 }, 'speed is 5.0, and must be at least 5.1'],
  ['FAILURE', { metric: 'speed', max: 4 }, 'speed is 5.0, and must be at most 4'],
  ['FAILURE', { metric: 'many', min: 0 }, 'many of b is no number, and must be at least 0'],
  ['FAILURE', { metric: 'none', min: 0 }, 'there is no metric none'],
])('%s of %o: %s', (status, check, message) => {
  expect(runChecks([{ name: 'c', ...check }], seen)).toMatchObject([{ name: 'c', status, message }]);
});

test('the line that shows it is kept', () => {
  const [check] = runChecks([{ name: 'c', must_not_match: 'yes' }], seen);
  expect(check?.evidence).toBe('yes it is');
});
