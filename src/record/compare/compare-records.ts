/** What differs between two runs: first what could explain another number, the most telling before all else. */
import { shortId } from '../../foundation/id.ts';
import type { RunRecord } from '../record-schema.ts';

export interface ComparedRun {
  record: RunRecord;
  /** The values of its effective context, as the campaign keeps them; without them, contexts are compared by hash. */
  context?: Readonly<Record<string, unknown>>;
  /** The facts of its host, as the campaign keeps them. */
  host?: Readonly<Record<string, unknown>>;
}

export interface Difference {
  /** Dotted path, such as `image.digest` or `context.docker_env_vars.BATCH`. */
  path: string;
  group: DifferenceGroup;
  /** undefined where it is not there. */
  a: unknown;
  b: unknown;
}

/**
 * In the order in which they are told. Everything before `outcome` was there before the model ran; `outcome` is what came
 * of it.
 */
const groups = [
  ['image', /^image\.(?:digest|id|base_digest|base|dockerfile|name|registry_image)$/],
  ['package', /^package\./],
  ['model commit', /^git_commit$/],
  ['arguments', /^model\.args$/],
  ['context', /^context(?:\.|$)/],
  ['driver', /^gpu\.(?:driver|toolkit)(?:\.|$)/],
  ['gpu', /^gpu\.|^host\.gpus\.|^placement\.gpus|^gpu_health\.\d+\.(?:name|uuid|serial|firmware)$/],
  ['kernel', /^machine\.kernel$/],
  ['clocks', /^gpu_health\.|^machine\.cpu_(?:governor|boost)$/],
  ['environment', /^environment\./],
  ['launch', /^launch\.|^data\.|^configs(?:\.|$)/],
  ['card', /^model\./],
  ['machine', /^machine\.|^placement\.|^host\./],
  ['program', /^madengine\.|^engine\./],
  ['commands', /^commands\./],
  ['outcome', /^(?:status|reason|failure|metrics|samples|checks|exit_code|known|gpu_usage|warnings)(?:\.|$)/],
  ['other', /^/],
] as const satisfies readonly (readonly [string, RegExp])[];

export type DifferenceGroup = (typeof groups)[number][0];

/**
 * Never the same in two runs, or said better by something else: ids, times, places of files, what was measured of
 * temperatures.
 */
const ignored = [
  /^(?:schema|campaign|run|job|attempt|retried|started_at|ended_at|host_facts|build_number|pipeline)$/,
  /^(?:durations|stages|artifacts|output|parts|neighbours|known_reason)(?:\.|$)/,
  /^image\.build_duration_s$/,
  /^environment\.path$/,
  /^madengine\.(?:argv|options\.(?:output|summary_output|junit|report|manifest_file|manifest_output))(?:\.|$)/,
  /^gpu_health\.\d+\.(?:gpu$|after(?:\.|$))/,
  /^gpu_health\.\d+\.before\.(?!clock_mhz|memory_clock_mhz|throttled|processes)/,
  /\.duration_s$|\.download_s$/,
];

/** Clocks move by a few MHz all the time. */
const clockTolerance = 0.02;

/** Empty for the same job done the same way with the same result. */
export function compareRecords(a: ComparedRun, b: ComparedRun): Difference[] {
  const [left, right] = [factsOf(a, b), factsOf(b, a)];
  const paths = new Set([...left.keys(), ...right.keys()]);
  const found: Difference[] = [];
  for (const path of paths) {
    const [one, other] = [left.get(path), right.get(path)];
    if (isSame(path, one, other) || ignored.some((rule) => rule.test(path))) continue;
    found.push({ path, group: groupOf(path), a: one, b: other });
  }
  const rank = (each: Difference): number => groups.findIndex(([group]) => group === each.group);
  return found
    .filter(({ path }) => !isImplied(path, left, right))
    .sort((x, y) => rank(x) - rank(y) || imageRank(x.path) - imageRank(y.path) || (x.path < y.path ? -1 : 1));
}

const groupOf = (path: string): DifferenceGroup => groups.find(([, rule]) => rule.test(path))?.[0] ?? 'other';

const imageOrder = ['image.digest', 'image.id', 'image.base_digest', 'image.base', 'image.dockerfile'];
const imageRank = (path: string): number => (imageOrder.indexOf(path) + 100) % 100;

/** The same image under another name or from another registry is no other image. */
function isImplied(path: string, left: Facts, right: Facts): boolean {
  const id = left.get('image.id');
  const isSameImage = id !== undefined && id === right.get('image.id');
  return isSameImage && (path === 'image.digest' || path === 'image.registry_image');
}

/** Facts of the host that stand in `machine`, `placement` and `gpu` of the record, too. */
const saidByRecord: ReadonlySet<string> = new Set([
  'host',
  ...['os', 'kernel', 'architecture', 'cpu', 'cpus', 'memory_bytes'],
  ...['cpu_governor', 'cpu_boost', 'numa_balancing', 'limits'],
]);

type Facts = ReadonlyMap<string, unknown>;

/** All leaves by their paths; null counts as not there. Without the other's context, hashes are all that can be compared. */
function factsOf({ record, context, host }: ComparedRun, other: ComparedRun): Facts {
  const { metrics, commands, context: hash, ...rest } = record;
  const facts = new Map<string, unknown>();
  const add = (path: string, value: unknown): void => {
    if (value === null || value === undefined) return;
    if (Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null)) {
      if (value.length > 0) facts.set(path, value);
    } else if (typeof value === 'object') {
      for (const [key, item] of Object.entries(value)) add(`${path === '' ? '' : `${path}.`}${key}`, item);
    } else facts.set(path, value);
  };
  add('', rest);
  add('context', context && other.context ? context : hash);
  if (host && other.host) {
    for (const [key, value] of Object.entries(host)) {
      if (key === 'gpus') add('host.gpus', without(value, record.gpu ?? {}));
      else if (!saidByRecord.has(key)) add(`host.${key}`, value);
    }
  }
  // By name, so that one more metric doesn't make all that follow look different.
  for (const metric of metrics) {
    const name = metric.row === null ? metric.name : `${metric.row}.${metric.name}`;
    add(`metrics.${name}`, metric.value ?? metric.text);
  }
  for (const { title, argv } of commands ?? []) add(`commands.${title}`, wordsOf(argv, record));
  return facts;
}

const without = (value: unknown, said: object): unknown =>
  Object.fromEntries(Object.entries(value ?? {}).filter(([key]) => !Object.hasOwn(said, key)));

/** Without what names the run itself. */
function wordsOf(argv: readonly string[], record: RunRecord): string[] {
  return argv
    .map((word) =>
      word
        .replaceAll(record.run, '${run}')
        .replaceAll(record.campaign, '${campaign}')
        .replaceAll(`_${shortId(record.run)}`, '_${run}'),
    )
    .filter((word) => !/^--(?:name|label)=/.test(word));
}

function isSame(path: string, a: unknown, b: unknown): boolean {
  if (/clock_mhz$/.test(path) && typeof a === 'number' && typeof b === 'number') {
    return Math.abs(a - b) <= clockTolerance * Math.max(a, b);
  }
  return JSON.stringify(a) === JSON.stringify(b);
}
