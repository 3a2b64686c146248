/**
 * The short way for cards without a fault, which are nearly all: no schema is loaded and nothing is copied twice. Whatever
 * this can't vouch for goes through `parseCard`, which alone makes messages; a test holds both to the same answers.
 */
import type { ModelCard } from './card.ts';
import { gpuCountOf, knownCardKeys, listText, ownKeySet, splitList } from './card-field.ts';
import { controlCharacters, packagePath, plainPackagePath } from './package-path.ts';

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
const isLines = (value: unknown): boolean => {
  if (!Array.isArray(value)) return false;
  for (const item of value) if (!isLine(item)) return false;
  return true;
};
const isLineOrLines: Check = (value) => isLine(value) || isLines(value);
const isPlainName = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= 200 &&
  /^[\w+-][\w+ .-]*$/.test(value) &&
  !value.includes('..');

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

/** Keys beyond the card's own fields. Known ones that are missing here go the long way; unknown ones are kept. */
const extraChecks: ReadonlyMap<string, Check> = new Map([
  ['gpus_per_node', isGpuCount],
  ['gpu_count', isGpuCount],
  ['num_gpus', isGpuCount],
  ['ngpus', isGpuCount],
  ['nnodes', isCount],
  ['distributed', holdsOnly(distributedChecks)],
  ['slurm', holdsOnly(slurmChecks)],
  ['env_vars', isEnvironment],
  ['log_error_pattern_scan', isFlag],
  ['log_error_benign_patterns', isLines],
  ['log_error_patterns', (value) => isLines(value) && (value as string[]).length > 0],
]);

type Entry = Readonly<Record<string, unknown>>;

const nothing: Readonly<Record<string, unknown>> = Object.freeze({});

/**
 * The card of an entry without any fault; undefined for everything else, also for what is only unusual. `clean` says that
 * no text in the entry can hold a control character: looking once at a whole file is cheaper than at each of its texts.
 */
export function plainCard(raw: unknown, dir: string | undefined, clean = false): ModelCard | undefined {
  if (!isObject(raw)) return undefined;
  const entry = raw as Entry;
  const extra = plainExtra(entry);
  return extra && cardOf(entry, extra, dir, clean);
}

function plainExtra(entry: Entry): Readonly<Record<string, unknown>> | undefined {
  let extra: Record<string, unknown> | undefined;
  for (const key in entry) {
    if (ownKeySet.has(key)) continue;
    const value = entry[key];
    if (value === null) continue;
    // An assignment would set the prototype.
    if (key === '__proto__') return undefined;
    const check = extraChecks.get(key);
    if (check === undefined ? knownCardKeys.has(key) : !check(value)) return undefined;
    extra ??= {};
    extra[key] = value;
  }
  return extra ?? nothing;
}

/** Each key is named once, which is much faster than going through the keys. */
function cardOf(
  entry: Entry,
  extra: Readonly<Record<string, unknown>>,
  dir: string | undefined,
  clean: boolean,
): ModelCard | undefined {
  const name = entry.name;
  const url = entry.url ?? '';
  const cred = entry.cred ?? '';
  const data = entry.data ?? '';
  const owner = entry.owner ?? '';
  const precision = entry.training_precision ?? '';
  const args = entry.args ?? '';
  const runOptions = entry.additional_docker_run_options ?? '';
  if (!isPlainName(name)) return undefined;
  if (typeof url !== 'string' || typeof cred !== 'string' || typeof data !== 'string') return undefined;
  if (typeof owner !== 'string' || typeof precision !== 'string') return undefined;
  if (typeof args !== 'string' || typeof runOptions !== 'string') return undefined;
  if (!clean && controlCharacters.test(`${url}${cred}${data}${owner}${precision}${args}${runOptions}`))
    return undefined;

  const base = dir === undefined ? '' : `scripts/${dir}`;
  const dockerfile = pathOf(entry.dockerfile, base);
  const scripts = pathOf(entry.scripts, base);
  const dockercontext = pathOf(entry.dockercontext ?? '', '');
  const multipleResults = pathOf(entry.multiple_results ?? '', '');
  if (dockerfile === undefined || scripts === undefined) return undefined;
  if (dockercontext === undefined || multipleResults === undefined) return undefined;

  const tags = tagsOf(entry.tags ?? '');
  const skipGpuArch = entry.skip_gpu_arch ?? '';
  const gpus = entry.n_gpus ?? undefined;
  const timeout = entry.timeout ?? undefined;
  const isDeprecated = entry.is_deprecated ?? false;
  const exclusive = entry.exclusive ?? false;
  if (tags === undefined || !(skipGpuArch === '' || isLineOrLines(skipGpuArch))) return undefined;
  if (!(gpus === undefined || isGpuCount(gpus)) || !(timeout === undefined || isSeconds(timeout)))
    return undefined;
  if (typeof isDeprecated !== 'boolean' || typeof exclusive !== 'boolean') return undefined;
  return {
    url,
    cred,
    data,
    n_gpus: typeof gpus === 'string' ? gpus : gpuCountOf(entry),
    owner,
    training_precision: precision,
    args,
    timeout: timeout as number | undefined,
    skip_gpu_arch: skipGpuArch === '' ? '' : listText(skipGpuArch),
    additional_docker_run_options: runOptions,
    extra,
    name: dir === undefined ? name : `${dir}/${name}`,
    dockerfile,
    dockercontext,
    scripts,
    multiple_results: multipleResults,
    tags,
    is_deprecated: isDeprecated,
    exclusive,
  };
}

/** '' where the value is; undefined for no path, and for one that leaves the package. */
function pathOf(value: unknown, base: string): string | undefined {
  if (value === '') return '';
  if (typeof value !== 'string') return undefined;
  const path = plainPackagePath(value, base);
  if (path !== undefined) return path;
  if (controlCharacters.test(value)) return undefined;
  return value.trim() === '' ? '' : packagePath(value, base);
}

/** undefined where there is anything unusual in them. */
function tagsOf(value: unknown): string[] | undefined {
  const tags =
    Array.isArray(value) && value.length <= 20 ? value : isLine(value) ? splitList(value) : undefined;
  if (tags === undefined) return undefined;
  for (let index = 0; index < tags.length; index++) {
    const tag: unknown = tags[index];
    if (!isPlainTag(tag) || tags.indexOf(tag) !== index) return undefined;
  }
  return tags;
}

/** Tags that were looked at; packages have few of them, on many cards. */
const seenTags = new Set<unknown>();
const mostSeenTags = 10_000;

function isPlainTag(tag: unknown): tag is string {
  if (seenTags.has(tag)) return true;
  if (typeof tag !== 'string' || !/^[\w+-][\w+.-]*$/.test(tag) || tag.includes('..')) return false;
  if (seenTags.size < mostSeenTags) seenTags.add(tag);
  return true;
}
