/** `bisect.json` and `bisect.md`: made anew of all that is known, after each sample. */
import type { BisectLog } from '../../record/campaign/bisect-file.ts';
import type { Decision, Direction } from './decide.ts';
import type { BisectSubject } from './options.ts';
import { resultIn, type Sample, type WantedMetric } from './samples.ts';
import type { Candidate } from './series.ts';
import { type Conclusion, conclusionOf, sideOf, whyEnds, whyStep } from './words.ts';

export interface Known {
  campaign: string;
  over: BisectSubject;
  model: string;
  metric: WantedMetric | undefined;
  direction: Direction | undefined;
  candidates: readonly Candidate[];
  /** One list for each candidate. */
  samples: readonly (readonly Sample[])[];
  /** undefined before the first sample. */
  decision: Decision | undefined;
}

export function bisectLog(known: Known): BisectLog {
  const { campaign, over, model, metric, direction, candidates, samples, decision } = known;
  const id = (at: number): string => candidates[at]?.id ?? '';
  const problemOf = (at: number): string | undefined => lastProblem(samples[at] ?? [], metric);
  const ends = decision?.ends;
  const endProblems = {
    ...(ends?.failed.includes('good') ? { good: problemOf(0) ?? '' } : {}),
    ...(ends?.failed.includes('bad') ? { bad: problemOf(candidates.length - 1) ?? '' } : {}),
  };
  const why = ends ? whyEnds(ends, endProblems) : '';
  const conclusion = decision && conclusionOf(decision, candidates, why);
  return {
    schema: 'madengine.bisect/1',
    ...{ campaign, over, model, metric: metric?.name ?? null },
    direction: direction ?? metric?.direction ?? null,
    candidates: candidates.map((candidate, at) => ({
      ...candidate,
      samples: (samples[at] ?? []).map((sample) => ({
        run: sample.run,
        ...{ value: null, ...resultIn(sample, metric) },
      })),
    })),
    ends: ends
      ? { verdict: ends.verdict, good: sideOf(ends.good) ?? null, bad: sideOf(ends.bad) ?? null, why }
      : null,
    steps: (decision?.steps ?? []).map((step) => ({
      candidate: id(step.at),
      known_good: id(step.between[0]),
      known_bad: id(step.between[1]),
      verdict: step.verdict,
      clear: step.isClear,
      measured: sideOf(step.values) ?? null,
      good: sideOf(step.sides.good) ?? null,
      bad: sideOf(step.sides.bad) ?? null,
      log_ratio: step.logRatio ?? null,
      why: whyStep(step, problemOf),
    })),
    result: conclusion ? resultOf(conclusion) : null,
  };
}

const lastProblem = (samples: readonly Sample[], metric: WantedMetric | undefined): string | undefined =>
  samples
    .map((sample) => resultIn(sample, metric))
    .flatMap((found) => ('problem' in found ? [found.problem] : []))
    .at(-1);

const resultOf = ({
  verdict,
  message,
  hint,
  firstBad,
  lastGood,
  suspects,
}: Conclusion): BisectLog['result'] => ({
  verdict,
  message,
  ...(hint === undefined ? {} : { hint }),
  first_bad: firstBad,
  last_good: lastGood,
  suspects,
});

const subjects: Readonly<Record<BisectSubject, string>> = {
  images: 'images',
  package: 'commits of the package',
  model: "commits of the model's repository",
};

/** The log as Markdown. */
export function bisectText(log: BisectLog): string {
  const labels = new Map(log.candidates.map(({ id, label }) => [id, label]));
  const first = log.candidates[0]?.label ?? '';
  const last = log.candidates.at(-1)?.label ?? '';
  const { result } = log;
  const steps = [
    ...(log.ends ? [`1. Both ends: ${log.ends.why}`] : []),
    ...log.steps.map(
      ({ candidate, verdict, why }, index) =>
        `${index + 2}. ${labels.get(candidate) ?? candidate} is ${verdict === 'skipped' ? 'passed over' : verdict}: ${why}`,
    ),
  ];
  const rows = log.candidates
    .filter(({ samples }) => samples.length > 0)
    .map(({ label, samples }) => {
      const values = samples.map(({ value, problem }) =>
        value === null ? `(${problem ?? ''})` : String(value),
      );
      return `- ${label}: ${values.join(', ')}`;
    });
  const lines = [
    `# Bisect of ${log.model} over ${log.candidates.length} ${subjects[log.over]}`,
    '',
    `From ${first} (good) to ${last} (bad); metric: ${log.metric ?? 'not known yet'}; campaign ${log.campaign}.`,
    '',
    result ? `**${result.verdict.replace('_', ' ')}**: ${result.message}` : '**It goes on.**',
    ...(result?.hint === undefined ? [] : ['', result.hint]),
    ...['', '## Steps', '', ...steps],
    ...['', '## Samples', '', ...rows],
  ];
  return `${lines.join('\n')}\n`;
}
