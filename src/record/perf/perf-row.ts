import { cleanText } from '../output/clean-text.ts';
import { readNumber } from '../output/metric-pattern.ts';
import type { Metric, RunRecord } from '../record-schema.ts';

/** Values by column name, as text; '' where there is nothing. The order of the keys is that of new columns. */
export type PerfRow = Readonly<Record<string, string>>;

/** The reference's columns, in its order. */
export const referenceColumns = [
  'model',
  'n_gpus',
  'training_precision',
  'pipeline',
  'args',
  'tags',
  'docker_file',
  'base_docker',
  'docker_sha',
  'docker_image',
  'git_commit',
  'machine_name',
  'gpu_architecture',
  'performance',
  'metric',
  'relative_change',
  'status',
  'build_duration',
  'test_duration',
  'dataname',
  'data_provider_type',
  'data_size',
  'data_download_duration',
  'build_number',
  'additional_docker_run_options',
] as const;

/**
 * What we add: `run_id` ties a row to its record, and "no row lost, none doubled" rests on it; `campaign_id` finds the
 * record's folder; the next two say why a row is no SUCCESS. The last four are columns that the reference's second version
 * has in other places, with its meaning.
 */
export const ownColumns = [
  'run_id',
  'campaign_id',
  'failure_class',
  'reason',
  'nnodes',
  'gpus_per_node',
  'deployment_type',
  'launcher',
] as const;

export const perfColumns: readonly string[] = [...referenceColumns, ...ownColumns];

/**
 * The rows of a record: one per metric, one without performance when there is none; none of an attempt that another followed. Rows of a `multiple_results` file
 * are called `<card>_<row model>`, their further columns stand behind ours.
 */
export function perfRows(record: RunRecord): PerfRow[] {
  if (record.retried) return [];
  const metrics = resultsOf(record);
  return (metrics.length === 0 ? [undefined] : metrics).map((metric) => perfRow(record, metric));
}

/** The metrics with a row of their own: those of a declared column stand in the row of the one beside them. */
export const resultsOf = ({ metrics }: Pick<RunRecord, 'metrics'>): Metric[] =>
  metrics.filter(({ column }) => column === undefined);

function perfRow(record: RunRecord, metric: Metric | undefined): PerfRow {
  const { card, name, args, tags } = record.model;
  const status = metric ? statusOf(record, metric) : record.status;
  const row: Record<(typeof referenceColumns)[number] | (typeof ownColumns)[number], string> = {
    model: metric?.row ? `${name}_${metric.row}` : name,
    n_gpus: text(card.n_gpus),
    training_precision: text(card.training_precision),
    pipeline: record.pipeline,
    args,
    tags: tags.join(','),
    docker_file: record.image.dockerfile,
    base_docker: record.image.base,
    docker_sha: record.image.base_digest,
    docker_image: record.image.name,
    git_commit: text(record.git_commit),
    machine_name: text(record.placement?.host),
    gpu_architecture: text(record.gpu?.architecture),
    performance: text(metric?.text),
    metric: text(metric?.name),
    relative_change: '',
    status,
    build_duration: seconds(record.image.build_duration_s),
    test_duration: ownDuration(metric) ?? seconds(record.durations.stages_s),
    dataname: text(record.data?.names),
    data_provider_type: text(record.data?.provider),
    data_size: text(record.data?.bytes),
    data_download_duration: seconds(record.data?.download_s),
    build_number: record.build_number,
    additional_docker_run_options: text(card.additional_docker_run_options),
    run_id: record.run,
    campaign_id: record.campaign,
    failure_class: status === 'FAILURE' ? (record.failure?.class ?? 'missing_metric') : '',
    reason: status === 'SUCCESS' && metric ? '' : reasonOf(record),
    nnodes: record.placement ? String(nodesOf(record)) : '',
    gpus_per_node: text(record.placement?.gpus.length),
    deployment_type: text(record.placement?.target),
    launcher: launcherOf(record),
  };
  return withFurtherColumns(row, metric?.columns ?? {});
}

/** A result file that measured each of its rows knows better than we do (the reference's second version). */
function ownDuration(metric: Metric | undefined): string | undefined {
  const value = metric?.columns.test_duration?.trim() ?? '';
  return readNumber(value) === undefined ? undefined : value;
}

function reasonOf(record: RunRecord): string {
  const reason = text(record.failure?.message ?? record.reason);
  return record.known ? `known failure (${text(record.known_reason)}): ${reason}` : reason;
}

const nodesOf = ({ launch, parts }: RunRecord): number =>
  launch?.nnodes ?? Math.max(1, new Set(parts.map(({ node }) => node)).size);

/** The one that started it, else the card's, or the engine. */
function launcherOf({ launch, model, engine }: RunRecord): string {
  if (launch) return launch.launcher;
  const { extra } = model.card as { extra?: { distributed?: { launcher?: unknown } } };
  const launcher = extra?.distributed?.launcher;
  return typeof launcher === 'string' && launcher !== '' ? launcher : text(engine?.kind);
}

/** Each row of results has its own status, but a run that failed for another reason than one of them leaves no good row. */
function statusOf({ status, failure, metrics }: RunRecord, metric: Metric): string {
  if (status !== 'FAILURE') return metric.status;
  const isOfRow =
    failure?.class === 'missing_metric' &&
    metrics.some((one) => one.status === 'FAILURE' && one.column === undefined);
  return isOfRow ? metric.status : 'FAILURE';
}

/** What a model's own file says never takes the place of what we know; it may fill a column that is empty. */
function withFurtherColumns(row: Record<string, string>, columns: Readonly<Record<string, string>>): PerfRow {
  const own: readonly string[] = [...ownColumns, 'performance', 'metric'];
  const further = Object.entries(columns)
    .map(([name, value]) => [cleanText(name).trim(), value] as const)
    .filter(
      ([name]) => name !== '' && !own.includes(name) && (!Object.hasOwn(row, name) || row[name] === ''),
    );
  // Object.fromEntries defines what assignment would not: a column may be called `__proto__`.
  return Object.fromEntries([...Object.entries(row), ...further]);
}

function seconds(value: number | null | undefined): string {
  return value === null || value === undefined ? '' : String(Math.round(value * 1000) / 1000);
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
