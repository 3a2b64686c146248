/**
 * The short way for cards without a fault, which are nearly all: no schema is loaded and nothing is copied twice. Whatever
 * this can't vouch for goes through `parseCard`, which alone makes messages; a test holds both to the same answers.
 */
import type { ModelCard } from './card.ts';
import { gpuCountOf, listText, ownKeySet, splitList } from './card-field.ts';
import { controlCharacters, packagePath } from './package-path.ts';

type Check = (value: unknown) => boolean;

const isLine: Check = (value) =>
  typeof value === 'string' && (value === '' || !controlCharacters.test(value));
const isFlag: Check = (value) => typeof value === 'boolean';
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isGpuCount: Check = (value) =>
  typeof value === 'string'
    ? /^(?:-1|\d+)$/.test(value)
    : Number.isSafeInteger(value) && (value as number) >= -1;
const isSeconds: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isLines: Check = (value) => Array.isArray(value) && value.every(isLine);
const isLineOrLines: Check = (value) => isLine(value) || isLines(value);
const isPlainName: Check = (value) =>
  typeof value === 'string' && /^[\w+-][\w+ .-]{0,199}$/.test(value) && !value.includes('..');

const distributedChecks: ReadonlyMap<string, Check> = new Map([
  ['enabled', isFlag],
  ['launcher', isLine],
  ['nnodes', isCount],
  ['nproc_per_node', isCount],
  ['backend', isLine],
  ['port', isCount],
  ['master_port', isCount],
]);
const slurmChecks: ReadonlyMap<string, Check> = new Map([
  ['partition', isLine],
  ['nodes', isCount],
  ['gpus_per_node', isCount],
  ['time', isLine],
  ['exclusive', isFlag],
  ['account', isLine],
  ['qos', isLine],
]);

const holdsOnly =
  (checks: ReadonlyMap<string, Check>): Check =>
  (value) =>
    isObject(value) && Object.entries(value as object).every(([key, one]) => checks.get(key)?.(one) === true);

const isEnvironment: Check = (value) =>
  isObject(value) &&
  Object.entries(value as object).every(
    ([name, one]) =>
      /^[A-Za-z_]\w*$/.test(name) &&
      (typeof one === 'string' || typeof one === 'boolean' || Number.isFinite(one)),
  );

/** Keys that stand in no table here are the schema's business, or mean nothing and are kept. */
const checks: ReadonlyMap<string, Check> = new Map([
  ['name', isPlainName],
  ...['dockerfile', 'dockercontext', 'scripts', 'url', 'cred', 'data', 'owner'].map(
    (key) => [key, isLine] as const,
  ),
  ...['training_precision', 'args', 'multiple_results', 'additional_docker_run_options'].map(
    (key) => [key, isLine] as const,
  ),
  ['n_gpus', isGpuCount],
  ['gpus_per_node', isGpuCount],
  ['gpu_count', isGpuCount],
  ['num_gpus', isGpuCount],
  ['ngpus', isGpuCount],
  ['nnodes', isCount],
  ['tags', isLineOrLines],
  ['skip_gpu_arch', isLineOrLines],
  ['timeout', isSeconds],
  ['is_deprecated', isFlag],
  ['exclusive', isFlag],
  ['distributed', holdsOnly(distributedChecks)],
  ['slurm', holdsOnly(slurmChecks)],
  ['env_vars', isEnvironment],
  ['log_error_pattern_scan', isFlag],
  ['log_error_benign_patterns', isLines],
  ['log_error_patterns', (value) => isLines(value) && (value as string[]).length > 0],
] as const);

type Entry = Readonly<Record<string, unknown>>;

/** The card of an entry without any fault; undefined for everything else, also for what is only unusual. */
export function plainCard(raw: unknown, dir: string | undefined): ModelCard | undefined {
  if (!isObject(raw)) return undefined;
  const entry = raw as Entry;
  const extra: [string, unknown][] = [];
  for (const key of Object.keys(entry)) {
    const value = entry[key];
    if (value === null) continue;
    if (key === '__proto__') return undefined;
    const check = checks.get(key);
    if (check !== undefined && !check(value)) return undefined;
    if (!ownKeySet.has(key)) extra.push([key, value]);
  }
  return cardOf(entry, dir, extra.length === 0 ? {} : Object.fromEntries(extra));
}

function cardOf(
  entry: Entry,
  dir: string | undefined,
  extra: Readonly<Record<string, unknown>>,
): ModelCard | undefined {
  const { name } = entry;
  const base = dir === undefined ? '' : `scripts/${dir}`;
  const dockerfile = pathOf(entry.dockerfile, base);
  const scripts = pathOf(entry.scripts, base);
  const dockercontext = pathOf(entry.dockercontext ?? '', '');
  const multipleResults = pathOf(entry.multiple_results ?? '', '');
  const tags = tagsOf(entry.tags);
  if (typeof name !== 'string' || tags === undefined) return undefined;
  if (dockerfile === undefined || scripts === undefined) return undefined;
  if (dockercontext === undefined || multipleResults === undefined) return undefined;
  return {
    url: textOf(entry.url),
    cred: textOf(entry.cred),
    data: textOf(entry.data),
    n_gpus: typeof entry.n_gpus === 'string' ? entry.n_gpus : gpuCountOf(entry),
    owner: textOf(entry.owner),
    training_precision: textOf(entry.training_precision),
    args: textOf(entry.args),
    timeout: typeof entry.timeout === 'number' ? entry.timeout : undefined,
    skip_gpu_arch: entry.skip_gpu_arch === '' ? '' : listText(entry.skip_gpu_arch),
    additional_docker_run_options: textOf(entry.additional_docker_run_options),
    extra,
    name: dir === undefined ? name : `${dir}/${name}`,
    dockerfile,
    dockercontext,
    scripts,
    multiple_results: multipleResults,
    tags,
    is_deprecated: entry.is_deprecated === true,
    exclusive: entry.exclusive === true,
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** '' where the value is; undefined for no path, and for one that leaves the package. */
function pathOf(value: unknown, base: string): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.trim() === '' ? '' : packagePath(value, base);
}

/** undefined where one of them could not be asked for. */
function tagsOf(value: unknown): string[] | undefined {
  const tags = splitList(value);
  return tags.some((tag) => /[/:]|\.\./.test(tag)) ? undefined : tags;
}
