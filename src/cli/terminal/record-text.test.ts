import { expect, test } from 'vitest';
import { sampleRecord } from '../../../test/sample/record.ts';
import { recordLines } from './record-text.ts';

const artifact = (path: string) => ({ path, bytes: 10, sha256: 'a'.repeat(64) });

test('a folder of many artifacts is one line, single files have their own', () => {
  const names = ['a.txt', 'b.txt', 'c.txt'];
  const artifacts = [
    artifact('artifacts/trace.json'),
    artifact('artifacts/x_env.csv'),
    artifact('artifacts/trace.db'),
    ...names.map((name) => artifact(`artifacts/x_env/${name}`)),
  ];
  const lines = recordLines(sampleRecord({ artifacts }), '/run');
  expect(lines.filter((line) => line.startsWith('artifact'))).toEqual([
    'artifact  /run/artifacts/trace.json (10 bytes)',
    'artifact  /run/artifacts/x_env.csv (10 bytes)',
    'artifact  /run/artifacts/trace.db (10 bytes)',
    'artifact  /run/artifacts/x_env/ (3 files, 30 bytes)',
  ]);
});

test('a metric of several samples has a line with their number, range, mean and variation', () => {
  const one = { name: 'x/s', row: null, count: 3, mean: 10.8, median: 10.5, stddev: 1.08, cv: 0.1 };
  const statistics = [{ ...one, min: 9.9, max: 12, p5: 9.9, p95: 12, ci95: null }];
  const lines = recordLines(sampleRecord({ statistics }), '/run');
  expect(lines).toContain('samples   x/s: 3, 9.9 to 12, mean 10.8, cv 10 %');
});
