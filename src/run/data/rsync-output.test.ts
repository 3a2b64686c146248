import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { rsyncOutput } from './rsync-output.ts';

/** As rsync 3.5 wrote it for a folder with a pipe in it. */
const recorded = `skipping non-regular file "fifo"
\r              0   0%    0.00kB/s    0:00:00  \r     10,000  12%    0.00kB/s    0:00:00\r             5   0%    4.88kB/s    0:00:00 (xfr#1, to-chk=11/13)\r     30000000  99%  234.51MB/s    0:00:00 (xfr#3, to-chk=8/13)\r     30000014  99%  232.60MB/s    0:00:00 (xfr#6, to-chk=0/13)

Number of files: 19 (reg: 8, dir: 7, link: 3, special: 1)
Number of created files: 15 (reg: 8, dir: 6, link: 1)
Number of deleted files: 0
Number of regular files transferred: 6
Total file size: 30000041 bytes
Total transferred file size: 30000018 bytes
Literal data: 20000018 bytes
Matched data: 10000000 bytes
File list size: 448
`;
const totals = {
  files: 8,
  links: 3,
  missingFiles: 6,
  bytes: 30_000_041,
  missing: 30_000_018,
  matched: 10_000_000,
};

test('totals and progress are read, however the output is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: recorded.length }), { maxLength: 40 }), (cuts) => {
      const seen: number[] = [];
      const output = rsyncOutput((bytes) => seen.push(bytes));
      let from = 0;
      for (const to of [...cuts.sort((a, b) => a - b), recorded.length]) {
        output.push(recorded.slice(from, to));
        from = to;
      }
      expect(output.totals()).toEqual(totals);
      expect(output.specials()).toBe(1);
      expect(seen).toEqual([5, 30_000_000, 30_000_014]);
    }),
  );
});

test('no output makes progress go back or something else than whole bytes', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.nat().map((bytes) => `\r ${bytes} 7% x `),
    fc.constant('\n'),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      let last = 0;
      const output = rsyncOutput((bytes) => {
        expect(Number.isSafeInteger(bytes) && bytes > last).toBe(true);
        last = bytes;
      });
      for (const text of pieces) output.push(text);
      output.totals();
    }),
  );
});

test('a source of links alone has no files; half of the totals are none', () => {
  const only = rsyncOutput(() => {});
  only.push('Number of files: 2 (dir: 1, link: 1)\nNumber of regular files transferred: 0\n');
  expect(only.totals()).toBeUndefined();
  only.push('Total file size: 1,234 bytes\nTotal transferred file size: 0 bytes\n');
  expect(only.totals()).toMatchObject({ files: 0, links: 1, bytes: 1234, missing: 0 });
});
