/** What `run --summary-output` and `results_summary.json` say of a campaign's records. */
import { runLogName } from '../image/name.ts';
import type { BuiltImage } from '../manifest/manifest-schema.ts';
import type { RunRecord } from './record-schema.ts';

export interface RunSummaryOptions {
  records: readonly RunRecord[];
  /** Images of the manifest, by their local names: what is known of a build stands under what is known of its run. */
  builds: ReadonlyMap<string, BuiltImage>;
  totalS: number;
}

/** The keys of both versions of the reference, then our own. */
export function runSummary({ records, builds, totalS }: RunSummaryOptions): Record<string, unknown> {
  const entries = (some: (record: RunRecord) => boolean) =>
    records.filter(some).map((record) => entry(record, builds.get(record.image.name)));
  const labels = (some: (record: RunRecord) => boolean) => records.filter(some).map(labelOf);
  const failed = (record: RunRecord): boolean => record.status === 'FAILURE';
  return {
    successful_runs: entries((record) => !failed(record)),
    failed_runs: entries((record) => failed(record) && !record.known),
    total_runs: records.length,
    total_execution_time: rounded(totalS),
    known_failures: entries((record) => failed(record) && record.known === true),
    unexpected_passes: labels((record) => record.status === 'SUCCESS' && record.known === false),
    unchecked_results: labels((record) => record.status === 'SUCCESS' && record.checked === false),
  };
}

export interface WorkflowSummaryOptions {
  /** The reference's summary of the build, when the same command built. */
  buildPhase: Readonly<Record<string, unknown>> | undefined;
  runPhase: Readonly<Record<string, unknown>>;
  success: boolean;
}

/** `--summary-output` of `run`: both phases of a full workflow, the run's keys alone where a manifest was run. */
export const workflowSummary = ({ buildPhase, runPhase, success }: WorkflowSummaryOptions) =>
  buildPhase
    ? { build_phase: buildPhase, run_phase: runPhase, overall_success: success }
    : { ...runPhase, overall_success: success };

function entry(record: RunRecord, build: BuiltImage | undefined): Record<string, unknown> {
  const [metric] = record.metrics;
  return {
    ...build,
    model: record.model.name,
    args: record.model.args,
    docker_image: record.image.name,
    image: record.image.registry_image ?? record.image.name,
    status: record.status,
    performance: metric?.text ?? null,
    metric: metric?.name ?? null,
    test_duration: record.durations.stages_s,
    duration: record.durations.total_s,
    machine_name: record.placement?.host ?? null,
    log_file: record.output ? runLogName(record.model, record.image.dockerfile, record.image.name) : null,
    git_commit: record.git_commit,
    run_id: record.run,
    ...(record.metrics.length < 2 ? {} : { metrics: record.metrics }),
    ...(record.checks ? { checks: record.checks } : {}),
    ...(record.reason === null ? {} : { reason: record.reason }),
    ...(record.failure === null
      ? {}
      : { failure_class: record.failure.class, error: record.failure.message }),
    ...(record.failure?.evidence === undefined ? {} : { evidence: record.failure.evidence }),
    ...(record.known_reason === undefined ? {} : { known_reason: record.known_reason }),
  };
}

export const labelOf = ({ model }: RunRecord): string =>
  model.args.trim() === '' ? model.name : `${model.name} ${model.args.trim()}`;

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** How many runs each node had, and their metrics. */
export function nodeSummary(records: readonly RunRecord[]): Record<string, unknown>[] {
  const nodes = new Map<string, RunRecord[]>();
  for (const record of records) {
    const host = record.placement?.host;
    if (host !== undefined) nodes.set(host, [...(nodes.get(host) ?? []), record]);
  }
  return [...nodes].map(([node, own]) => ({
    node,
    runs: own.length,
    failed: own.filter(({ status }) => status === 'FAILURE').length,
    duration: rounded(own.reduce((sum, { durations }) => sum + durations.total_s, 0)),
    results: own.flatMap((record) =>
      record.metrics.map(({ name, row, text, status }) => ({
        model: row === null ? record.model.name : `${record.model.name}_${row}`,
        performance: text,
        metric: name,
        status,
      })),
    ),
  }));
}
