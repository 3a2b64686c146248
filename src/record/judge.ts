/**
 * How one attempt is judged: pure, from what was seen. Absent is not success: a missing exit code, metric or row is a
 * failure of its own class.
 */
import { saysFailure } from './output/row-status.ts';
import type { CheckResult, FailureClass, Metric, RunFailure, RunStatus } from './record-schema.ts';

/** How the program of stages ended. */
export type ProgramEnd =
  | { kind: 'exited'; exitCode: number }
  | { kind: 'timed-out'; limitS: number }
  | { kind: 'interrupted'; signal: string }
  /** The engine or the container went away under it. */
  | { kind: 'lost'; message: string };

export interface SeenStage {
  name: string;
  title: string;
  exit_code: number | null;
  duration_s: number | null;
}

export interface Observations {
  end: ProgramEnd;
  stages: readonly SeenStage[];
  /** First line that matched an error pattern. */
  error: { pattern: string; line: string; class: FailureClass } | undefined;
  /** From the declared result file, or the one of the output. */
  metrics: readonly Metric[];
  /** Why there are none, or why they don't count, in words; with the line that shows it. */
  metricProblem: { message: string; evidence?: string } | undefined;
  /** The card's checks, done. */
  checks?: readonly CheckResult[];
  /** The engine says that the kernel ended it for lack of memory. */
  outOfMemory: boolean;
  /** One of several nodes, and another one has the results: it may be without any (v2-formats, 4.1). */
  isWorker?: boolean;
  /** A disk was full when it ended, in words; with the line of output that shows it. */
  fullDisk?: { message: string; evidence?: string };
  /** The model itself was not to be run (`--skip-model-run`). */
  skippedRun: boolean;
}

export interface Judgement {
  status: RunStatus;
  failure: RunFailure | null;
  reason: string | null;
}

const stageClass: Readonly<Record<string, FailureClass>> = {
  clone: 'clone',
  data: 'data',
  pre_script: 'setup',
  run: 'exit_code',
  post_script: 'exit_code',
  collect: 'exit_code',
};

export function judge(seen: Observations): Judgement {
  const found = endFailure(seen) ?? stageFailure(seen) ?? (seen.skippedRun ? undefined : resultFailure(seen));
  const failure = found && causedByDisk(found, seen.fullDisk);
  if (failure) return { status: 'FAILURE', failure, reason: null };
  if (seen.skippedRun) return { status: 'SKIPPED', failure: null, reason: '--skip-model-run' };
  return { status: 'SUCCESS', failure: null, reason: hasNoneOfItsOwn(seen) ? ofAnotherNode : null };
}

const ofAnotherNode = 'its results are those of another node (MAD_COLLECT_METRICS)';

const hasNoneOfItsOwn = ({ isWorker, metrics }: Observations): boolean =>
  isWorker === true && metrics.length === 0;

/** Of these a full disk may be the cause, and then it tells more than they do. */
const maybeDisk: ReadonlySet<FailureClass> = new Set([
  'timeout',
  'setup',
  'exit_code',
  'error_pattern',
  'missing_metric',
  'engine',
]);

function causedByDisk(failure: RunFailure, fullDisk: Observations['fullDisk']): RunFailure {
  if (!fullDisk || !maybeDisk.has(failure.class)) return failure;
  const message = `${fullDisk.message}: ${failure.message}`;
  return withEvidence({ ...failure, class: 'disk_full', message }, fullDisk.evidence);
}

function endFailure(seen: Observations): RunFailure | undefined {
  const { end, stages } = seen;
  const stage = unfinishedStage(stages);
  switch (end.kind) {
    case 'interrupted':
      return { class: 'interrupted', stage, message: `ended by ${end.signal}` };
    case 'timed-out':
      return { class: 'timeout', stage, message: `not finished within its limit of ${end.limitS} s` };
    case 'lost':
      if (seen.outOfMemory) {
        return {
          class: 'out_of_memory',
          stage,
          message: 'the kernel ended its container for lack of memory',
        };
      }
      return { class: 'engine', stage, message: end.message };
    case 'exited':
      return undefined;
  }
}

function stageFailure(seen: Observations): RunFailure | undefined {
  const failed = seen.stages.find((stage) => stage.exit_code !== 0 && stage.exit_code !== null);
  const exitCode = seen.end.kind === 'exited' ? seen.end.exitCode : null;
  if (!failed && exitCode === 0) {
    const unknown = unfinishedStage(seen.stages);
    if (unknown === null) return undefined;
    return { class: 'engine', stage: unknown, message: `stage ${unknown} left no exit code` };
  }
  const name = failed?.name ?? unfinishedStage(seen.stages);
  const code = failed?.exit_code ?? exitCode;
  const evidence = seen.error?.line;
  if (name === 'run' && (seen.outOfMemory || seen.error?.class === 'out_of_memory')) {
    const who = seen.outOfMemory ? 'the kernel ended a process of it for lack of memory' : 'out of memory';
    return withEvidence(
      { class: 'out_of_memory', stage: name, message: `${who}, exit code ${code}` },
      evidence,
    );
  }
  const title = failed && failed.title !== failed.name ? ` (${failed.title})` : '';
  const message =
    name === null
      ? `the run's program ended with exit code ${code}`
      : `stage ${name}${title} ended with exit code ${code}${meaning(code)}`;
  return withEvidence(
    {
      class: (name && stageClass[name]) || 'setup',
      stage: name,
      message,
      // An image lacks the same program the next time. A script that brings data may fail for what passes.
      ...((name === 'pre_script' || name === 'data') && (code === 126 || code === 127)
        ? { permanent: true }
        : {}),
    },
    evidence,
  );
}

/** What a shell says with these codes. */
function meaning(code: number | null): string {
  if (code === 126) return ' (found, but not executable)';
  if (code === 127) return ' (command not found)';
  if (code !== null && code > 128 && code < 160) return ` (signal ${code - 128})`;
  return '';
}

function resultFailure(seen: Observations): RunFailure | undefined {
  if (seen.error) {
    const what =
      seen.error.class === 'out_of_memory'
        ? 'out of memory'
        : `its output has the error pattern "${seen.error.pattern}"`;
    return withEvidence({ class: seen.error.class, stage: 'run', message: what }, seen.error.line);
  }
  if (hasNoneOfItsOwn(seen)) return undefined;
  if (seen.metricProblem) {
    return withEvidence(
      { class: 'missing_metric', stage: 'run', message: seen.metricProblem.message },
      seen.metricProblem.evidence,
    );
  }
  const bad = badRows(seen.metrics);
  if (bad) return { class: 'missing_metric', stage: 'run', message: bad };
  if (seen.metrics.length === 0) {
    return {
      class: 'missing_metric',
      stage: 'run',
      message: 'no line with `performance: <number> <metric>` in its output',
    };
  }
  return checkFailure(seen.checks ?? []);
}

/** How many rows of a result file are no good, and what the first ones lack. */
function badRows(metrics: readonly Metric[]): string | undefined {
  const rows = metrics.filter(({ column }) => column === undefined);
  const bad = rows.filter(({ status }) => status !== 'SUCCESS');
  if (bad.length === 0) return undefined;
  const names = bad.slice(0, 3).map(({ row, name }) => (row ?? name) || 'a row without a model');
  const more = bad.length > names.length ? ', …' : '';
  const count = `${bad.length} of ${rows.length} results`;
  if (bad.every(({ value }) => value === null)) return `${count} have no number: ${names.join(', ')}${more}`;
  const lacks = bad.slice(0, 3).map((row, index) => `${names[index]} ${lackOf(row, metrics)}`);
  return `${count} don't count: ${lacks.join(', ')}${more}`;
}

function lackOf({ value, name, row, columns }: Metric, metrics: readonly Metric[]): string {
  if (value === null) return 'has no number';
  if (name === '') return 'has no metric';
  const column = metrics.find((one) => one.row === row && one.column !== undefined && one.value === null);
  if (column) return `has no number in ${column.column}`;
  if (row === '') return 'has no name';
  return saysFailure(columns.status) ? `has the status ${columns.status}` : 'has more cells than columns';
}

function checkFailure(checks: readonly CheckResult[]): RunFailure | undefined {
  const [first, ...others] = checks.filter((check) => check.status === 'FAILURE');
  if (!first) return undefined;
  const more = others.length === 0 ? '' : `, and ${others.length} more failed`;
  const message = `check "${first.name}": ${first.message}${more}`;
  return withEvidence({ class: 'check', stage: 'run', message }, first.evidence);
}

function withEvidence(failure: RunFailure, evidence: string | undefined): RunFailure {
  return evidence === undefined ? failure : { ...failure, evidence };
}

function unfinishedStage(stages: readonly SeenStage[]): string | null {
  return stages.find((stage) => stage.exit_code === null)?.name ?? null;
}
