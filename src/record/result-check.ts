import type { Check } from '../package/result-rules.ts';
import type { PatternFindings } from './output/pattern-scan.ts';
import type { CheckResult, Metric } from './record-schema.ts';

/** What the checks look at. */
export interface Checkable {
  metrics: readonly Metric[];
  findings: PatternFindings;
  /** Why a file that the model was to write doesn't count, by its path in the card; undefined for a good one. */
  fileProblems: ReadonlyMap<string, string | undefined>;
}

/** Every check of a card, done; none that could not be decided passes. */
export const runChecks = (checks: readonly Check[], seen: Checkable): CheckResult[] =>
  checks.map((check) => ({ name: check.name, ...outcome(check, seen) }));

type Outcome = Omit<CheckResult, 'name'>;

function outcome(check: Check, seen: Checkable): Outcome {
  if (check.must_match !== undefined) return mustMatch(check.must_match, seen.findings);
  if (check.must_not_match !== undefined) return mustNotMatch(check.must_not_match, seen.findings);
  if (check.file !== undefined) return fileIsThere(check.file, seen.fileProblems);
  return inRange(check.metric ?? '', check, seen.metrics);
}

const passed = (message: string, evidence?: string): Outcome => ({
  status: 'SUCCESS',
  message,
  ...(evidence === undefined ? {} : { evidence }),
});
const failed = (message: string, evidence?: string): Outcome => ({
  ...passed(message, evidence),
  status: 'FAILURE',
});

function mustMatch(pattern: string, { matches, tooSlow }: PatternFindings): Outcome {
  if (tooSlow.includes(pattern)) return failed(`its pattern took too long: ${pattern}`);
  const match = matches.get(pattern);
  return match
    ? passed('a line of the output matches', match.line)
    : failed(`no line of the output matches ${pattern}`);
}

function mustNotMatch(pattern: string, { matches, tooSlow }: PatternFindings): Outcome {
  if (tooSlow.includes(pattern)) return failed(`its pattern took too long: ${pattern}`);
  const match = matches.get(pattern);
  return match
    ? failed(`a line of the output matches ${pattern}`, match.line)
    : passed('no line of the output matches');
}

function fileIsThere(file: string, problems: Checkable['fileProblems']): Outcome {
  const problem = problems.has(file) ? problems.get(file) : 'was not looked for';
  return problem === undefined ? passed(`${file} is there`) : failed(`${file} ${problem}`);
}

function inRange(name: string, { min, max }: Check, metrics: readonly Metric[]): Outcome {
  const values = metrics.filter((metric) => metric.name === name);
  if (values.length === 0) return failed(`there is no metric ${name}`);
  const bad = values.find(
    ({ value }) => value === null || value < (min ?? -Infinity) || value > (max ?? Infinity),
  );
  const limits = [min === undefined ? '' : `at least ${min}`, max === undefined ? '' : `at most ${max}`];
  const wanted = limits.filter((limit) => limit !== '').join(' and ');
  if (!bad) return passed(`${name} is ${wanted}`);
  const where = bad.row === null ? '' : ` of ${bad.row}`;
  const found = bad.value === null ? 'no number' : bad.text;
  return failed(`${name}${where} is ${found}, and must be ${wanted}`);
}
