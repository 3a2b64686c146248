// Exit code 0 when every model of a list of cards has a row in a perf.csv: demo-rows.ts CARDS.json PERF.csv
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

const [cardsFile = '', perfFile = ''] = process.argv.slice(2);
const cards: { name: string }[] = JSON.parse(readFileSync(cardsFile, 'utf8'));
const rows: { model: string; status: string }[] = parse(readFileSync(perfFile), { columns: true });

const hasRow = ({ name }: { name: string }): boolean =>
  // A model with several results has a row for each: <card>_<row model>.
  rows.some(({ model, status }) => (model === name || model.startsWith(`${name}_`)) && status !== '');
const missing = cards.filter((card) => !hasRow(card));

const statuses = [...Map.groupBy(rows, ({ status }) => status)].map(
  ([status, of]) => `${of.length} ${status}`,
);
console.log(`\n    ${cards.length} models, ${rows.length} rows in perf.csv: ${statuses.join(', ')}`);
for (const { name } of missing) console.error(`error: ${name} has no row`);
process.exitCode = missing.length === 0 && cards.length > 0 ? 0 : 1;
