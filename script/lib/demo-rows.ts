// Exit code 0 when perf.csv has a good row for every model with the tag `quick` and a failed one for every other model:
// demo-rows.ts CARDS.json PERF.csv
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

interface Card {
  name: string;
  tags: string[];
}

const [cardsFile = '', perfFile = ''] = process.argv.slice(2);
const cards: Card[] = JSON.parse(readFileSync(cardsFile, 'utf8'));
const rows: { model: string; status: string }[] = parse(readFileSync(perfFile), { columns: true });

const expected = ({ tags }: Card): string => (tags.includes('quick') ? 'SUCCESS' : 'FAILURE');
/** A model with several results has a row for each: `<card>_<row model>`. */
const statusesOf = ({ name }: Card): string[] =>
  rows.filter(({ model }) => model === name || model.startsWith(`${name}_`)).map(({ status }) => status);

const wrong = cards.filter((card) => {
  const statuses = statusesOf(card);
  return statuses.length === 0 || statuses.some((status) => status !== expected(card));
});

const counts = [...Map.groupBy(rows, ({ status }) => status)].map(([status, of]) => `${of.length} ${status}`);
console.log(`\n    ${cards.length} models, ${rows.length} rows in perf.csv: ${counts.join(', ')}`);
for (const card of wrong) {
  const found = statusesOf(card).join(', ') || 'no row';
  console.error(`error: ${card.name}: ${expected(card)} was to be expected, perf.csv has ${found}`);
}
process.exitCode = wrong.length === 0 && cards.length > 0 ? 0 : 1;
