/**
 * A process that appends rows to a perf.csv, one after another, and says the run of each on stdout once it is on the
 * disk. Arguments: the file, the number of rows, the name of a column to add at half-way ('' for none), bytes of padding.
 * The first line is 'ready'; it begins when its stdin is closed.
 */
import { systemClock } from '../../../src/foundation/clock.ts';
import { newId } from '../../../src/foundation/id.ts';
import { appendRows } from '../../../src/record/perf/perf-csv.ts';
import { perfRows } from '../../../src/record/perf/perf-row.ts';
import { sampleMetric, sampleRecord } from '../../sample/record.ts';

const [file = '', count = '1', column = '', padding = '0'] = process.argv.slice(2);

console.log('ready');
await new Promise((resolve) => process.stdin.on('end', resolve).resume());

const start = performance.now();
for (let row = 0; row < Number(count); row++) {
  const columns = column !== '' && row >= Number(count) / 2 ? { [column]: String(row) } : undefined;
  const record = sampleRecord({
    run: newId(),
    pipeline: 'x'.repeat(Math.round(Math.random() * Number(padding))),
    metrics: [sampleMetric(columns ? { row: 'a', columns } : {})],
  });
  await appendRows(file, perfRows(record), { clock: systemClock });
  console.log(record.run);
}
console.log(`took ${(performance.now() - start) / 1000}`);
