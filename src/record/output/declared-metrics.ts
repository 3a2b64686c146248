import type { MetricRule } from '../../package/result-rules.ts';
import type { Metric } from '../record-schema.ts';
import { readNumber } from './metric-pattern.ts';
import type { PatternFindings } from './pattern-scan.ts';

export interface FoundMetrics {
  metrics: Metric[];
  /** Why they don't count, in words, with the line that shows it. */
  problem: { message: string; evidence?: string } | undefined;
}

/**
 * What a card's `metrics` make of the metrics that were found: unit and direction, one metric more for each pattern,
 * and one for each row and `column`. What is declared and not there is a problem. A card that declares a pattern needs no
 * `performance:` line (`found.problem` is then taken back unless a line could not be read).
 */
export function declaredMetrics(
  found: FoundMetrics,
  rules: readonly MetricRule[],
  { matches, tooSlow }: PatternFindings,
): FoundMetrics {
  const problems = found.problem ? [found.problem] : [];
  const metrics: Metric[] = [];
  const missing: MetricRule[] = [];
  const columns = rules.filter((rule) => rule.column !== undefined);
  for (const metric of found.metrics) metrics.push(...withColumns(described(metric, rules), columns));
  for (const rule of rules) {
    if (rule.column !== undefined) continue;
    if (rule.pattern === undefined) {
      if (found.metrics.some(({ name }) => name === rule.name)) continue;
      missing.push(rule);
      problems.push({ message: `metric ${rule.name}: no result has that name` });
      continue;
    }
    const match = matches.get(rule.pattern);
    const text = match?.group?.trim() ?? '';
    const value = readNumber(text);
    if (value !== undefined) {
      metrics.push(metricOf(rule, value, text));
      continue;
    }
    missing.push(rule);
    if (match)
      problems.push({
        message: `metric ${rule.name}: no number in what its pattern found`,
        evidence: match.line,
      });
    else if (tooSlow.includes(rule.pattern))
      problems.push({ message: `metric ${rule.name}: its pattern took too long` });
    else problems.push({ message: `metric ${rule.name}: no line of the output matches its pattern` });
  }
  // Beside good ones, what is missing must show as a row of its own: a table of nothing but SUCCESS would lie.
  if (metrics.length > 0) metrics.push(...missing.map(absent));
  return { metrics, problem: problems[0] };
}

const absent = (rule: MetricRule): Metric => ({ ...metricOf(rule, null, ''), status: 'FAILURE' });

function described(metric: Metric, rules: readonly MetricRule[]): Metric {
  const rule = rules.find((one) => one.name === metric.name);
  return rule ? { ...metric, unit: rule.unit ?? null, direction: rule.direction ?? null } : metric;
}

/** A row without a number in a declared column is not a good one. */
function withColumns(row: Metric, rules: readonly MetricRule[]): Metric[] {
  if (row.row === null || rules.length === 0) return [row];
  const further = rules.map((rule): Metric => {
    const column = rule.column ?? '';
    const text = Object.hasOwn(row.columns, column) ? (row.columns[column] ?? '') : '';
    const value = readNumber(text) ?? null;
    const status = value === null ? 'FAILURE' : 'SUCCESS';
    return { ...metricOf(rule, value, text), status, row: row.row, column };
  });
  const isWhole = further.every(({ status }) => status === 'SUCCESS');
  return [isWhole ? row : { ...row, status: 'FAILURE' }, ...further];
}

const metricOf = (rule: MetricRule, value: number | null, text: string): Metric => ({
  name: rule.name,
  value,
  text,
  unit: rule.unit ?? null,
  direction: rule.direction ?? null,
  status: 'SUCCESS',
  row: null,
  columns: {},
});
