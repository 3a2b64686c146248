/** What a bisect says of its samples. */
import { statisticsOf } from '../../record/statistics.ts';
import type { Decision, Ends, Step } from './decide.ts';
import type { Candidate } from './series.ts';

export interface Side {
  count: number;
  mean: number;
  /** Of the mean, with 95 % confidence. */
  low: number;
  high: number;
}

export function sideOf(values: readonly number[]): Side | undefined {
  if (values.length === 0) return undefined;
  const { count, mean, ci95 } = statisticsOf(values);
  return { count, mean, low: ci95?.low ?? mean, high: ci95?.high ?? mean };
}

const number = (value: number): string => String(Number(value.toPrecision(4)));
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function sideWords(values: readonly number[]): string {
  const side = sideOf(values);
  if (!side) return 'no sample';
  const half = (side.high - side.low) / 2;
  const spread = half > 0 ? ` ± ${Number(half.toPrecision(2))}` : '';
  return `${number(side.mean)}${spread} (${counted(side.count, 'sample')})`;
}

/** `problem`: why the last execution of a candidate gave no value. */
export type ProblemOf = (at: number) => string | undefined;

export function whyStep(step: Step, problemOf: ProblemOf): string {
  const { values, verdict, sides, isClear, logRatio } = step;
  if (verdict === 'skipped') return `could not be measured: ${problemOf(step.at) ?? 'no result'}`;
  const [own, other] = verdict === 'good' ? (['good', 'bad'] as const) : (['bad', 'good'] as const);
  const odds = `${timesWords(Math.abs(logRatio ?? 0))} likelier`;
  const means = `to be like the ${own} side, ${sideWords(sides[own])}, than like the ${other} one, ${sideWords(sides[other])}`;
  return isClear
    ? `${sideWords(values)} is ${odds} ${means}`
    : `${sideWords(values)} is only ${odds} ${means}: it is taken for ${own}, which may be wrong`;
}

function timesWords(logRatio: number): string {
  const times = Math.exp(logRatio);
  if (times >= 1e6) return 'over a million times';
  return `${Number(times.toPrecision(2))} times`;
}

export function whyEnds(
  { verdict, good, bad, difference }: Ends,
  problems: { good?: string; bad?: string },
): string {
  if (verdict === 'unmeasurable') {
    const parts = Object.entries(problems).map(([end, problem]) => `the ${end} end: ${problem}`);
    return `could not be measured: ${parts.join('; ')}`;
  }
  const means = `good ${sideWords(good)}, bad ${sideWords(bad)}`;
  const { value = 0, half = 0 } = difference ?? {};
  const apart = `a difference of ${number(value)} ± ${Number(half.toPrecision(2))} (${percentOf(value, good)})`;
  switch (verdict) {
    case 'differ':
      return `${means}: ${apart}`;
    case 'better':
      return `${means}: ${apart}, so that the bad end is the better one`;
    case 'too close':
      return `${means}: ${apart}, which is less than was asked for`;
    case 'alike':
      return `${means}: ${apart}, which may be no more than noise`;
  }
}

function percentOf(value: number, values: readonly number[]): string {
  const mean = sideOf(values)?.mean ?? 0;
  if (mean === 0) return 'of nothing';
  const percent = (value / Math.abs(mean)) * 100;
  return `${percent > 0 ? '+' : ''}${Number(percent.toPrecision(2))} %`;
}

export interface Conclusion {
  verdict: 'found' | 'among' | 'alike' | 'too_close' | 'better' | 'unmeasurable';
  message: string;
  hint?: string;
  /** Ids of candidates. */
  firstBad: string | null;
  lastGood: string | null;
  suspects: string[];
}

/** undefined while there is more to measure. */
export function conclusionOf(
  decision: Decision,
  candidates: readonly Candidate[],
  why: string,
): Conclusion | undefined {
  const none = { firstBad: null, lastGood: null, suspects: [] };
  const label = (at: number): string => candidates[at]?.label ?? '';
  const id = (at: number): string => candidates[at]?.id ?? '';
  switch (decision.kind) {
    case 'measure':
      return undefined;
    case 'found': {
      const { first, steps } = decision;
      const doubts = steps.filter(({ isClear }) => !isClear).map(({ at }) => label(at));
      return {
        verdict: 'found',
        message: `the first bad one is ${label(first)}; the last good one is ${label(first - 1)}`,
        ...(doubts.length === 0
          ? {}
          : {
              hint: `Not sure: ${doubts.join(', ')} lay between both sides. More --max-repeats, or less noise, would tell.`,
            }),
        firstBad: id(first),
        lastGood: id(first - 1),
        suspects: [id(first)],
      };
    }
    case 'among': {
      const suspects = candidates.slice(decision.from, decision.to + 1);
      return {
        verdict: 'among',
        message: `the first bad one is among ${suspects.map((one) => one.label).join(', ')}: all but the last could not be measured`,
        hint: 'Mend what keeps them from being measured, or look at their changes together.',
        firstBad: null,
        lastGood: id(decision.from - 1),
        suspects: suspects.map((one) => one.id),
      };
    }
    case 'ends':
      return { ...none, ...endsConclusion(decision.ends, why) };
  }
}

function endsConclusion(
  ends: Ends | undefined,
  why: string,
): Pick<Conclusion, 'verdict' | 'message' | 'hint'> {
  switch (ends?.verdict) {
    case 'better':
      return {
        verdict: 'better',
        message: `nothing got worse: ${why}`,
        hint: 'Swap --good and --bad, or name the --direction that is better.',
      };
    case 'too close':
      return {
        verdict: 'too_close',
        message: `both ends are too close to each other: ${why}`,
        hint: 'A smaller --min-difference looks for less.',
      };
    case 'unmeasurable':
      return {
        verdict: 'unmeasurable',
        message: `an end ${why}`,
        hint: '`madengine-cli runs show` lists the runs with their reasons.',
      };
    default:
      return {
        verdict: 'alike',
        message: `both ends are alike: ${why}`,
        hint: 'More samples (--max-repeats) show smaller differences; less noise on the machine does, too.',
      };
  }
}
