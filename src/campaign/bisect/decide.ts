/**
 * What a bisect does next and what it has found, from nothing but what was measured so far: the same samples always
 * lead to the same decision, so a bisect goes on from its records alone.
 */
import { type Difference, differenceOf, logRatio, meanOf } from './likelihood.ts';

/** All that was measured of one candidate, in its order. */
export interface Measured {
  values: readonly number[];
  /** Executions without a value. */
  failures: number;
}

export type Direction = 'higher' | 'lower';

export interface Rules {
  /** Samples of one candidate, at most. */
  most: number;
  /** What is better, where somebody says; otherwise the good end is. */
  direction: Direction | undefined;
  /** A part of the good end's mean: ends that differ by less are alike. */
  minDifference: number;
}

/** How the two ends compare. */
export type EndsVerdict = 'differ' | 'alike' | 'too close' | 'better' | 'unmeasurable';

export interface Ends {
  verdict: EndsVerdict;
  good: readonly number[];
  bad: readonly number[];
  /** Of the bad mean to the good one, with its interval. */
  difference: Difference | undefined;
  /** The ends that could not be measured. */
  failed: readonly ('good' | 'bad')[];
}

export interface Step {
  /** Index of the candidate. */
  at: number;
  /** Between these, which were known then. */
  between: readonly [good: number, bad: number];
  verdict: 'good' | 'bad' | 'skipped';
  /** False where the samples never said it clearly enough. */
  isClear: boolean;
  values: readonly number[];
  failures: number;
  /** Natural logarithm of how much likelier it is like the good side than like the bad one. */
  logRatio: number | undefined;
  /** What it was compared to. */
  sides: { good: readonly number[]; bad: readonly number[] };
}

interface Progress {
  ends: Ends | undefined;
  steps: readonly Step[];
}

export type Decision = Progress &
  (
    | { kind: 'measure'; at: number }
    /** `first` is bad, and the one before it in the series good. */
    | { kind: 'found'; first: number }
    /** Nobody can tell which of these is the first bad one: all but the last could not be measured. */
    | { kind: 'among'; from: number; to: number }
    | { kind: 'ends' }
  );

/** With fewer, the noise is not known. */
const fewestOfEnd = 5;
const fewestOfStep = 3;
/** Executions without a value after which a candidate counts as one that can't be measured. */
export const mostFailures = 2;
/** How often a bisect may be misled, at most: by its ends, and by all of its steps together. */
const risk = 0.01;

/** `series`: from the good end to the bad end. */
export function decide(series: readonly Measured[], rules: Rules): Decision {
  const ends = endsOf(series, rules);
  if ('at' in ends) return { kind: 'measure', at: ends.at, ends: undefined, steps: [] };
  if (ends.verdict !== 'differ') return { kind: 'ends', ends, steps: [] };
  return search(series, ends, rules);
}

function endsOf(series: readonly Measured[], rules: Rules): Ends | { at: number } {
  const last = series.length - 1;
  const good = series[0] ?? nothing;
  const bad = series[last] ?? nothing;
  const nothingYet = { good: good.values, bad: bad.values, difference: undefined };
  const failed = [
    ...(isLost(good, fewestOfEnd) ? (['good'] as const) : []),
    ...(isLost(bad, fewestOfEnd) ? (['bad'] as const) : []),
  ];
  if (failed.length > 0) return { verdict: 'unmeasurable', ...nothingYet, failed };
  const most = Math.max(rules.most, fewestOfEnd);
  // Each look at the samples is a chance to be misled (Bonferroni).
  const part = 1 - risk / (most - fewestOfEnd + 1);
  const compared = (count: number): Compared => compareEnds(good, bad, count, part);
  const taken = Math.min(good.values.length, bad.values.length, most);
  for (let count = fewestOfEnd; count <= taken; count++) {
    const seen = compared(count);
    const verdict = verdictOf(seen, rules);
    if (verdict !== undefined) return { ...seen, verdict };
  }
  const isSpent = taken === most || Math.max(good.failures, bad.failures) >= mostFailures;
  if (isSpent) return { ...compared(taken), verdict: lastVerdictOf(compared(taken), rules) };
  // In turn, so that whatever changes with time does not look like a difference.
  return { at: bad.values.length < good.values.length ? last : 0 };
}

const nothing: Measured = { values: [], failures: 0 };

const isLost = ({ values, failures }: Measured, fewest: number): boolean =>
  failures >= mostFailures && values.length < fewest;

function compareEnds(
  { values: goodValues }: Measured,
  { values: badValues }: Measured,
  count: number,
  part: number,
): Compared {
  const good = goodValues.slice(0, count);
  const bad = badValues.slice(0, count);
  return { good, bad, difference: differenceOf(good, bad, part), failed: [] };
}

type Compared = Omit<Ends, 'verdict' | 'difference'> & { difference: Difference };

/** undefined: more samples may tell. */
function verdictOf({ good, difference }: Compared, rules: Rules): EndsVerdict | undefined {
  const { value, half } = difference;
  const size = Math.abs(value);
  const needed = rules.minDifference * Math.abs(meanOf(good));
  if (size > half && size >= needed) return isWorse(value, rules.direction) ? 'differ' : 'better';
  if (size === 0 && half === 0) return 'alike';
  return size + half < needed ? 'too close' : undefined;
}

/** When there are no more samples to be had. */
const lastVerdictOf = (compared: Compared, rules: Rules): EndsVerdict =>
  verdictOf(compared, rules) ??
  (Math.abs(compared.difference.value) > compared.difference.half ? 'too close' : 'alike');

const isWorse = (change: number, direction: Direction | undefined): boolean =>
  direction === undefined || (direction === 'higher' ? change < 0 : change > 0);

function search(series: readonly Measured[], ends: Ends, rules: Rules): Decision {
  const steps: Step[] = [];
  const skipped = new Set<number>();
  let sides = { good: ends.good, bad: ends.bad };
  let [low, high] = [0, series.length - 1];
  const enough = boundFor(series.length);
  while (high - low > 1) {
    const at = middle(low, high, skipped);
    if (at === undefined) return { kind: 'among', from: low + 1, to: high, ends, steps };
    const judged = judgeStep(series[at] ?? nothing, sides, enough, rules);
    if (judged === undefined) return { kind: 'measure', at, ends, steps };
    steps.push({ at, between: [low, high], sides, ...judged });
    const { verdict, values, isClear } = judged;
    if (verdict === 'skipped') {
      skipped.add(at);
      continue;
    }
    if (verdict === 'good') low = at;
    else high = at;
    // What is unlike both is the only one that its side can be known by from here on.
    sides = { ...sides, [verdict]: isClear ? [...sides[verdict], ...values] : values };
  }
  return { kind: 'found', first: high, ends, steps };
}

/** Wald's bound (Annals of Mathematical Statistics 16, 1945, 117–186) with the risk spread over all steps. */
export function boundFor(candidates: number): number {
  const steps = Math.max(1, Math.ceil(Math.log2(candidates - 1)));
  return Math.log((1 - risk / steps) / (risk / steps));
}

type Judged = Pick<Step, 'verdict' | 'isClear' | 'values' | 'failures' | 'logRatio'>;

/** undefined: another sample is needed. */
function judgeStep(
  { values, failures }: Measured,
  { good, bad }: Step['sides'],
  enough: number,
  { most }: Rules,
): Judged | undefined {
  const limit = Math.max(most, fewestOfStep);
  for (let count = fewestOfStep; count <= Math.min(values.length, limit); count++) {
    const seen = values.slice(0, count);
    const ratio = logRatio(good, bad, seen);
    const isClear = Math.abs(ratio) >= enough;
    if (!isClear && count < limit) continue;
    return { verdict: ratio >= 0 ? 'good' : 'bad', isClear, values: seen, failures, logRatio: ratio };
  }
  if (failures < mostFailures) return undefined;
  return { verdict: 'skipped', isClear: true, values, failures, logRatio: undefined };
}

/** The one nearest to the middle that can be measured. */
function middle(low: number, high: number, skipped: ReadonlySet<number>): number | undefined {
  const centre = Math.floor((low + high) / 2);
  for (let distance = 0; distance < high - low; distance++) {
    for (const at of [centre - distance, centre + distance])
      if (at > low && at < high && !skipped.has(at)) return at;
  }
  return undefined;
}
