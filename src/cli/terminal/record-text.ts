import type { RunRecord } from '../../record/record-schema.ts';
import { durationText } from './duration-text.ts';
import { safeLine } from './safe-text.ts';
import { percentText } from './spread-text.ts';

type StatisticsEntry = NonNullable<RunRecord['statistics']>[number];

/** What is recorded of a run, one line a fact; `folder` is the run's. */
export function recordLines(record: RunRecord, folder: string): string[] {
  const facts: [string, string | null | undefined][] = [
    ['run', record.run],
    ['campaign', record.campaign],
    ['model', `${record.model.name} ${record.model.args}`.trim()],
    ['status', statusText(record)],
    ['evidence', record.failure?.evidence],
    ['attempt', record.attempt > 1 ? String(record.attempt) : undefined],
    ...record.metrics.map((metric): [string, string] => [
      'metric',
      [metric.row ?? '', metric.text, metric.name].filter((part) => part !== '').join(' '),
    ]),
    ...(record.statistics ?? []).map((one): [string, string] => ['samples', statisticsText(one)]),
    ...(record.checks ?? []).map((check): [string, string] => [
      'check',
      `${check.name}: ${check.status}, ${check.message}`,
    ]),
    ['started', record.started_at],
    ['took', durationsText(record)],
    ['image', record.image.registry_image ?? record.image.name],
    ['digest', record.image.digest ?? record.image.id],
    ['base', record.image.base],
    ['package', packageText(record)],
    ['commit', record.git_commit],
    ['machine', record.placement && `${record.placement.host} (${record.placement.target})`],
    ['GPUs', gpuText(record)],
    ['engine', record.engine && `${record.engine.kind} ${record.engine.version}`.trim()],
    ['data', record.data && `${record.data.names} from ${record.data.provider}`],
    ...record.stages.map((stage): [string, string] => [
      'stage',
      `${stage.title}: exit code ${stage.exit_code ?? 'unknown'}${stage.duration_s === null ? '' : `, ${durationText(stage.duration_s)}`}`,
    ]),
    ...record.warnings.map((warning): [string, string] => ['warning', warning]),
    ['output', record.output && `${folder}/${record.output.path}`],
    ...artifactTexts(record, folder).map((text): [string, string] => ['artifact', text]),
    ['record', `${folder}/record.json`],
  ];
  return facts
    .filter((fact): fact is [string, string] => fact[1] !== null && fact[1] !== undefined && fact[1] !== '')
    .map(([name, value]) => safeLine(`${name.padEnd(9)} ${value}`));
}

function statisticsText({ row, name, count, mean, min, max, cv }: StatisticsEntry): string {
  const spread = cv === null ? '' : `, cv ${percentText(cv)}`;
  return `${row ? `${row} ` : ''}${name}: ${count}, ${short(min)} to ${short(max)}, mean ${short(mean)}${spread}`;
}

const short = (value: number): string => String(Number(value.toPrecision(6)));

/** A folder of several files is one line. */
function artifactTexts({ artifacts }: RunRecord, folder: string): string[] {
  const places = Map.groupBy(artifacts, ({ path }) => path.slice(0, path.lastIndexOf('/') + 1));
  return [...places].flatMap(([place, files]) => {
    if (/^(?:samples\/\d+\/)?artifacts\/$/.test(place) || files.length < 3) {
      return files.map(({ path, bytes }) => `${folder}/${path} (${bytes} bytes)`);
    }
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return [`${folder}/${place} (${files.length} files, ${bytes} bytes)`];
  });
}

function statusText({ status, reason, failure, known }: RunRecord): string {
  const why = failure
    ? `${failure.class}${failure.stage ? ` in ${failure.stage}` : ''}: ${failure.message}`
    : reason;
  return `${known ? 'KNOWN ' : ''}${status}${why ? `, ${why}` : ''}`;
}

function durationsText({ durations }: RunRecord): string {
  const parts = [durationText(durations.total_s)];
  if (durations.pull_s !== null) parts.push(`pull ${durationText(durations.pull_s)}`);
  if (durations.stages_s !== null) parts.push(`stages ${durationText(durations.stages_s)}`);
  return parts.join(', ');
}

function packageText({ package: snapshot }: RunRecord): string | null {
  if (!snapshot) return null;
  const state = snapshot.dirty ? ' with changes' : '';
  return snapshot.commit ? `${snapshot.commit}${state}` : snapshot.digest;
}

function gpuText({ placement, gpu }: RunRecord): string | null {
  if (!placement || placement.gpus.length === 0) return null;
  return `${placement.gpus.join(', ')}${gpu ? ` (${gpu.product ?? gpu.architecture})` : ''}`;
}
