import type { ComparedJob, Comparison, MetricChange } from '../../record/compare/compare-campaigns.ts';
import type { Difference } from '../../record/compare/compare-records.ts';
import type { Colours } from './colours.ts';
import { safeLine } from './safe-text.ts';
import { type Cell, renderTable } from './table.ts';

export interface ComparisonStyle {
  width: number | undefined;
  colours: Colours;
}

/** Of one kind; the rest is counted. */
const mostOfGroup = 8;

/** What differs, job by job: metrics first, then what could explain them. */
export function comparisonLines(comparison: Comparison, style: ComparisonStyle): string[] {
  const { jobs, common, only_a, only_b } = comparison;
  const lines = jobs.flatMap((job) => [...jobLines(job, common.length > 0, style), '']);
  if (common.length > 0) {
    const heading = style.colours.bold(`In all ${jobs.length} of them`);
    lines.push(heading, ...table(differenceRows(common), style), '');
  }
  for (const [side, records] of [
    ['A', only_a],
    ['B', only_b],
  ] as const) {
    if (records.length === 0) continue;
    const names = records.map(({ model }) => `${model.name} ${model.args}`.trim());
    lines.push(safeLine(`Only in ${side}: ${names.join(', ')}`));
  }
  if (jobs.length === 0) lines.push('No job is in both of them; the ids of two runs compare those.');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function jobLines(job: ComparedJob, hasCommon: boolean, style: ComparisonStyle): string[] {
  const { colours } = style;
  const other =
    job.b.model.name === job.model ? '' : ` and ${job.b.model.name} ${job.b.model.args}`.trimEnd();
  const heading = colours.bold(safeLine(`${`${job.model} ${job.args}`.trim()}${other}`));
  const rows = [
    ...job.metrics.map((metric) => metricRow(metric, colours)),
    ...differenceRows(job.differences),
  ];
  const none = job.differences.length === 0 ? [hasCommon ? 'Nothing else differs.' : 'Nothing differs.'] : [];
  return [heading, ...(rows.length === 0 ? [] : table(rows, style)), ...none];
}

const table = (
  rows: readonly (readonly (Cell | string)[])[],
  { width, colours }: ComparisonStyle,
): string[] => renderTable(columns, rows, { width, heading: colours.dim });

const columns = [
  { title: 'WHAT', minimum: 13 },
  { title: 'NAME', minimum: 24 },
  { title: 'A', minimum: 16 },
  { title: 'B', minimum: 16 },
  { title: 'CHANGE', minimum: 20 },
] as const;

function metricRow(metric: MetricChange, colours: Colours): (Cell | string)[] {
  const { name, row, a, b, change_percent: change, verdict } = metric;
  const said = verdict === null ? '' : ` (${verdict})`;
  const text = change === null ? '' : `${change > 0 ? '+' : ''}${change} %${change === 0 ? '' : said}`;
  const paint = { better: colours.green, worse: colours.red, same: undefined }[verdict ?? 'same'];
  return [
    'metric',
    row === null ? name : `${row} ${name}`,
    a === null ? '–' : String(a),
    b === null ? '–' : String(b),
    { text, ...(paint ? { style: paint } : {}) },
  ];
}

function differenceRows(differences: readonly Difference[]): string[][] {
  const rows: string[][] = [];
  const counts = new Map<string, number>();
  for (const { group, path, a, b } of differences) {
    const count = (counts.get(group) ?? 0) + 1;
    counts.set(group, count);
    if (count <= mostOfGroup) rows.push([group, path, ...sidesOf(a, b)]);
  }
  for (const [group, count] of counts) {
    if (count > mostOfGroup) rows.push([group, `and ${count - mostOfGroup} more: see --json`, '', '']);
  }
  return rows;
}

/** Of two lists, the words that are not in the other one: command lines are long. */
function sidesOf(a: unknown, b: unknown): [string, string] {
  if (!Array.isArray(a) || !Array.isArray(b)) return [valueText(a), valueText(b)];
  const onlyIn = (one: readonly unknown[], other: readonly unknown[]): string =>
    one.filter((word) => !other.includes(word)).join(' ');
  const [left, right] = [onlyIn(a, b), onlyIn(b, a)];
  return left === '' && right === '' ? [a.join(' '), b.join(' ')] : [left || '–', right || '–'];
}

const valueText = (value: unknown): string =>
  value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
