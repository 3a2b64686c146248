/**
 * What every bench shares: time a thing a few times, take the median, and print ratios against a baseline of the same
 * run. A bench prints a table for people and ends with one line of JSON for machines; it never fails on a number.
 */

export interface Measured {
  name: string;
  medianS: number;
  fastestS: number;
  slowestS: number;
  /** In the order in which they were taken. */
  samplesS: readonly number[];
}

export interface MeasureOptions {
  /** Counted runs; 7 unless told otherwise. */
  repeats?: number;
  /** Runs before them that don't count; 1 unless told otherwise. */
  warmUps?: number;
}

/** What is timed. A number that it returns is its own measure of the time in seconds, and taken instead of ours. */
export type Timed = () => unknown;

export async function measure(name: string, act: Timed, options: MeasureOptions = {}): Promise<Measured> {
  const { repeats = 7, warmUps = 1 } = options;
  for (let i = 0; i < warmUps; i++) await act();
  const samplesS: number[] = [];
  for (let i = 0; i < repeats; i++) samplesS.push(await timeOnce(act));
  return summary(name, samplesS);
}

/** Both in turns, so that what slows the machine down hits both; the ratio is that of the medians. */
export async function compare(
  baseline: { name: string; act: Timed },
  candidate: { name: string; act: Timed },
  options: MeasureOptions = {},
): Promise<{ baseline: Measured; candidate: Measured; ratio: number }> {
  const { repeats = 7, warmUps = 1 } = options;
  for (let i = 0; i < warmUps; i++) {
    await baseline.act();
    await candidate.act();
  }
  const baselineS: number[] = [];
  const candidateS: number[] = [];
  for (let i = 0; i < repeats; i++) {
    baselineS.push(await timeOnce(baseline.act));
    candidateS.push(await timeOnce(candidate.act));
  }
  const measured = {
    baseline: summary(baseline.name, baselineS),
    candidate: summary(candidate.name, candidateS),
  };
  return { ...measured, ratio: measured.candidate.medianS / measured.baseline.medianS };
}

const lines: { name: string; ratio: number; goal: number | null; unit: string }[] = [];

/** Notes one result; `goal` is the most that we want, null where there is none. The unit is `x` for a ratio. */
export function report(name: string, ratio: number, goal: number | null = null, unit = 'x'): void {
  lines.push({ name, ratio: Math.round(ratio * 1000) / 1000, goal, unit });
}

/** Prints the measured times, the reported results, and one line of JSON with both. */
export function print(bench: string, measured: readonly Measured[] = []): void {
  for (const { name, medianS, fastestS, slowestS, samplesS } of measured) {
    console.log(
      `${name.padEnd(48)} ${milliseconds(medianS)}  (${milliseconds(fastestS).trim()} to ${milliseconds(slowestS).trim()}, ${samplesS.length} runs)`,
    );
  }
  for (const { name, ratio, goal, unit } of lines) {
    const verdict =
      goal === null ? '' : ratio <= goal ? `goal ${goal}${unit}: met` : `goal ${goal}${unit}: MISSED`;
    console.log(`${name.padEnd(48)} ${ratio.toFixed(2).padStart(10)}${unit}   ${verdict}`);
  }
  const times = Object.fromEntries(measured.map(({ name, medianS }) => [name, medianS]));
  console.log(JSON.stringify({ bench, results: lines, median_s: times }));
}

async function timeOnce(act: Timed): Promise<number> {
  const start = performance.now();
  const own = await act();
  return typeof own === 'number' ? own : (performance.now() - start) / 1000;
}

function summary(name: string, samplesS: readonly number[]): Measured {
  const sorted = samplesS.toSorted((a, b) => a - b);
  return {
    name,
    medianS: median(sorted),
    fastestS: sorted[0] ?? Number.NaN,
    slowestS: sorted.at(-1) ?? Number.NaN,
    samplesS,
  };
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(2).padStart(10)} ms`;
