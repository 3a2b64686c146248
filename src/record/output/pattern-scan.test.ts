import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePattern } from '../../package/result-pattern.ts';
import { createPatternScan, type PatternFindings } from './pattern-scan.ts';

function scan(
  patterns: readonly string[],
  chunks: readonly (string | Uint8Array)[],
  budgetMs?: number,
): PatternFindings {
  const compiled = new Map(patterns.map((text) => [text, compilePattern(text) ?? /never/]));
  const scrub = (text: string): string => text.replaceAll('hush-hush', '******');
  const search = createPatternScan({
    patterns: compiled,
    scrub,
    ...(budgetMs === undefined ? {} : { budgetMs }),
  });
  for (const chunk of chunks) search.push(Buffer.from(chunk));
  return search.end();
}

test('the first line that matches counts, with what the first group holds', () => {
  const { matches } = scan(['loss: (\\S+)'], ['start\nloss: 0.5 at 1\nloss: 0.1 at 2\n']);
  expect(matches.get('loss: (\\S+)')).toEqual({ line: 'loss: 0.5 at 1', group: '0.5' });
});

test('case counts, unless the pattern starts with (?i)', () => {
  const { matches } = scan(['NaN', '(?i)NaN'], ['loss is nan\n']);
  expect([...matches.keys()]).toEqual(['(?i)NaN']);
});

test('a line is found wherever the chunks are cut, with any line ends, also without one at its end', () => {
  const text = Buffer.from('über\r\nstep 1\rloss: 42 ümlaut\nrest\n\n');
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
      const chunks = places.slice(1).map((end, index) => text.subarray(places[index], end));
      const { matches } = scan(['^loss: (\\d+)', '^rest$', 'nothing'], chunks);
      expect(matches.get('^loss: (\\d+)')).toEqual({ line: 'loss: 42 ümlaut', group: '42' });
      expect(matches.get('^rest$')?.line).toBe('rest');
      expect(matches.has('nothing')).toBe(false);
    }),
  );
});

test('colours do not matter, and quoted lines are scrubbed and short', () => {
  const { matches } = scan(
    ['^token (\\S+)', 'y'],
    ['\x1b[31mtoken\x1b[0m hush-hush\n', `y${'x'.repeat(9000)}`],
  );
  expect(matches.get('^token (\\S+)')).toEqual({ line: 'token ******', group: 'hush-hush' });
  expect(matches.get('y')?.line.length).toBeLessThan(600);
});

test('a pattern that would take for ever is given up, and the others go on', () => {
  const line = `${'a'.repeat(40)}b\n`;
  const { matches, tooSlow } = scan(['(a+)+$', 'end'], [line, 'the end\n'], 50);
  expect(tooSlow).toEqual(['(a+)+$']);
  expect(matches.get('end')?.line).toBe('the end');
});

test('a line without end takes no more memory than its beginning', () => {
  const { matches } = scan(
    ['zzz', '^x'],
    Array.from({ length: 50 }, () => 'x'.repeat(10_000)),
  );
  expect([...matches.keys()]).toEqual(['^x']);
});
