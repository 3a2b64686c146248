/** The data of a run, from its card's names to what is mounted, before the run's container starts. */
import { mkdir, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MadError, toMadError } from '../../foundation/error.ts';
import { makeFolders } from '../../foundation/file/make-folders.ts';
import {
  type DataConfig,
  dataNamesOf,
  noDataFile,
  readDataConfig,
  sourcesOf,
} from '../../package/data-config.ts';
import type { RunFailure } from '../../record/record-schema.ts';
import type { Executed } from '../execute-program.ts';
import type { OneRun } from '../one-run.ts';
import { failureOf, isPermanent } from '../run-failure.ts';
import { hostPaths } from '../run-folder.ts';
import { type Progress, type RunServices, roundedSeconds } from '../run-services.ts';
import { type Chosen, chooseSource } from './choose-source.ts';
import { notedSize } from './data-stages.ts';
import type { RunData } from './data-use.ts';
import { fetchGuarded } from './fetch-guarded.ts';
import { useMirror } from './mirror.ts';
import { dataFolder, planData } from './plan-data.ts';
import type { DataAround, DataSource, Fetched, OnProgress } from './provider.ts';

type DataRecord = NonNullable<Progress['data']>;
type DataItem = NonNullable<DataRecord['items']>[number];

/** The data that a job asks for, brought here; or why it can't be had, as the failure of the job. */
export async function dataForRun(one: OneRun): Promise<{ data: RunData } | { failure: RunFailure }> {
  const { job, services, progress } = one;
  const { clock, emit } = services;
  const started = clock.monotonic();
  emit({ type: 'stage.started', stage: 'data' });
  let failure: RunFailure | undefined;
  try {
    return { data: await prepared(one) };
  } catch (thrown) {
    failure = dataFailure(thrown, services);
    return { failure };
  } finally {
    const ended = { exit_code: failure ? 1 : 0, duration_s: roundedSeconds(clock.monotonic() - started) };
    emit({ type: 'stage.ended', stage: 'data', ...ended });
    progress.stages = [...progress.stages, { name: 'data', title: job.card.data, ...ended }];
  }
}

function dataFailure(thrown: unknown, { signal, resultsRoot }: RunServices): RunFailure {
  if (signal.aborted || toMadError(thrown).code === 'DISK_FULL')
    return { ...failureOf(thrown, signal, resultsRoot), stage: 'data' };
  const error = toMadError(thrown);
  const { message, hint, cause } = error;
  const evidence = hint ?? (cause instanceof Error ? cause.message : undefined);
  return {
    class: 'data',
    stage: 'data',
    message,
    ...(evidence === undefined ? {} : { evidence }),
    ...(isPermanent(error) ? { permanent: true } : {}),
  };
}

async function prepared({ job, run, runFolder, services, progress }: OneRun): Promise<RunData> {
  const around = aroundOf(services);
  const names = dataNamesOf(job.card.data);
  const config = configFor(services, job.card.data);
  const sources = names.map((name) => sourcesOf(name, config, services.data.mirror));
  const wanted = sources.filter(({ length }) => length > 0);
  const answers = await Promise.allSettled(wanted.map((sources) => chooseSource(sources, around)));
  const chosen = answers.map((answer) => {
    if (answer.status === 'rejected') throw answer.reason;
    return answer.value;
  });
  const packageDir = await realpath(services.packageDir);
  const places = {
    engine: services.engine.kind,
    runFolder,
    packageDir,
    hidden: services.hidden,
    giveBackTo: services.giveBackTo,
  };
  const real = await Promise.all(chosen.map(({ source }) => withRealPath(source, packageDir)));
  const data = planData(real, places, names);
  if (data.passing.length > 0)
    await services.campaign.journal.append({ act: 'work.dir', run, path: dataFolder(runFolder) });
  const items: DataItem[] = [];
  for (const [index, one] of chosen.entries()) {
    const use = data.uses[index];
    if (use) items.push(await bring(one, use, around));
    progress.data = recordOf(items);
  }
  return data;
}

/** What a link leads to: only then is it known what would be mounted. */
async function withRealPath(source: DataSource, packageDir: string): Promise<DataSource> {
  return source.kind === 'local'
    ? { ...source, path: await realpath(resolve(packageDir, source.path)) }
    : source;
}

/** Read once for each campaign, so that what is odd about it is told once. */
const configs = new WeakMap<RunServices['campaign'], DataConfig | MadError>();

function configFor(services: RunServices, asked: string): DataConfig {
  const known = configs.get(services.campaign) ?? readFor(services);
  configs.set(services.campaign, known);
  if (known instanceof MadError) throw known;
  if (known.file !== '') return known;
  throw noDataFile(asked);
}

function readFor({ data, packageDir, context, emit, plugins }: RunServices): DataConfig | MadError {
  try {
    const folders = [data.cwd, packageDir];
    const config = readDataConfig({
      ...{ file: data.config, folders, contextData: context.values.data },
      providers: [...(plugins?.providers.keys() ?? [])],
    });
    for (const message of config?.remarks ?? [])
      emit({ type: 'notice', level: 'warning', code: 'DATA_CONFIG', message });
    return config ?? { file: '', names: {}, mirrorlocal: undefined, providers: [], remarks: [] };
  } catch (error) {
    return toMadError(error);
  }
}

const aroundOf = (services: RunServices): DataAround => ({
  runner: services.devices.runner,
  clock: services.clock,
  env: services.devices.env,
  credentials: services.credentials,
  packageDir: services.packageDir,
  secretsDir: services.secretsDir,
  emit: services.emit,
  signal: services.signal,
  scrubber: services.scrubber,
  ...(services.plugins ? { providers: services.plugins.providers } : {}),
});

/** One name's data at its place, with its entry for the record. */
async function bring(
  chosen: Chosen,
  { home, host }: Pick<RunData['uses'][number], 'home' | 'host'>,
  around: DataAround,
): Promise<DataItem> {
  const { source, provider } = chosen;
  const item: DataItem = {
    name: source.name,
    provider: source.kind,
    path: source.path,
    home,
    mirror: source.mirrorlocal === undefined || host === undefined ? null : host,
    files: null,
    bytes: null,
    reused_bytes: null,
    download_s: null,
  };
  if (!provider.fetch || host === undefined) {
    if (source.kind === 'custom' && host !== undefined) await makeFolders(host);
    return item;
  }
  const started = around.clock.monotonic();
  const fetched = await fetch(chosen, host, around);
  const seconds = roundedSeconds(around.clock.monotonic() - started);
  around.emit({
    type: 'data.ready',
    name: source.name,
    provider: source.kind,
    files: fetched.files,
    bytes: fetched.bytes,
    reused_bytes: fetched.reusedBytes,
    duration_s: seconds,
  });
  return {
    ...item,
    files: fetched.files,
    bytes: fetched.bytes,
    reused_bytes: fetched.reusedBytes,
    download_s: seconds,
  };
}

async function fetch(chosen: Chosen, host: string, around: DataAround): Promise<Fetched> {
  const { source, provider, unreachable } = chosen;
  const onProgress = progressTeller(source, around);
  if (source.mirrorlocal !== undefined) {
    return useMirror({ mirror: source.mirrorlocal, source, provider, around, onProgress, unreachable });
  }
  await mkdir(host, { recursive: true, mode: 0o700 });
  return fetchGuarded(provider, source, host, around, onProgress);
}

/** Terminals and logs want no more. */
const tellEveryS = 0.25;

function progressTeller({ name, kind }: DataSource, { clock, emit }: DataAround): OnProgress {
  let last = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const now = clock.monotonic();
    if (now - last < tellEveryS) return;
    last = now;
    emit({ type: 'data.progress', name, provider: kind, done_bytes: done, total_bytes: total ?? null });
  };
}

/** All names together, as `perf.csv` shows them, and each by itself. */
function recordOf(items: readonly DataItem[]): DataRecord {
  return {
    names: items.map(({ name }) => name).join(','),
    provider: [...new Set(items.map(({ provider }) => provider))].join(','),
    bytes: sum(items.map(({ bytes }) => bytes)),
    download_s: sum(items.map(({ download_s }) => download_s)),
    items: [...items],
  };
}

function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.round(known.reduce((a, b) => a + b, 0) * 1000) / 1000;
}

/** What custom scripts brought: known only when the run's program is over. */
export async function noteCustomData(
  data: RunData,
  executed: Executed,
  { runFolder, progress }: OneRun,
): Promise<void> {
  const stages = executed.stages.filter(({ name }) => name === 'data');
  const control = hostPaths(runFolder, '').control;
  const items: DataItem[] = [];
  for (const [index, item] of (progress.data?.items ?? []).entries()) {
    if (data.uses[index]?.source.kind !== 'custom') {
      items.push(item);
      continue;
    }
    const bytes = await notedSize(control, index);
    items.push({ ...item, bytes, download_s: stages.shift()?.duration_s ?? null });
  }
  progress.data = recordOf(items);
}
