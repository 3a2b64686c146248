/** Model cards from outside: the schema, and the way from a package's entry to a `ModelCard`. */
import * as z from 'zod/mini';
import { MadError } from '../foundation/error.ts';
import { nearestNames } from '../foundation/nearest-name.ts';
import { keyPath } from '../foundation/schema-problem.ts';
import type { CardOrigin, ModelCard } from './card.ts';
import { described, extraOf, gpuCountOf, listText, secondsOf, splitList } from './card-field.ts';
import { withoutLauncherBlock } from './launcher-block.ts';
import { controlCharacters, packagePath, quoted } from './package-path.ts';
import { checkKeys, checksSchema, metricKeys, metricRulesSchema } from './result-rules.ts';

// The text given to each schema says what was expected; the message is made from it.
const line = z.string('text').check(z.refine((text) => !controlCharacters.test(text), 'text on one line'));
const optionalLine = z.optional(line);
const count = z.union(
  [z.int().check(z.gte(0)), z.string().check(z.regex(/^\s*\d+\s*$/))],
  'a whole number, 0 or more',
);
const gpusText = 'a number of GPUs (text or number), or -1 for all';
const gpuCount = z.union(
  [z.int(gpusText).check(z.gte(-1, gpusText)), z.string().check(z.regex(/^\s*(?:-1|\d+)\s*$/, gpusText))],
  gpusText,
);
const secondsText = 'a number of seconds, 0 for no limit';
const seconds = z.union(
  [
    z.number().check(z.gte(0, secondsText)),
    z.literal(-1),
    z.string().check(z.regex(/^\s*(?:-1|\d+(?:\.\d+)?)\s*$/, secondsText)),
  ],
  secondsText,
);
const flag = z.boolean('true or false');
const lines = z.array(line, 'a list of texts');
const linesOrText = z.union([line, z.array(line)], 'a list of texts, or one text with commas');
const settings = z.record(z.string(), z.unknown(), 'an object');
const name = z.string('text').check(
  z.refine((text) => text.trim() !== '', 'a name'),
  z.refine((text) => text.length <= 200, 'a name of at most 200 characters'),
  z.refine((text) => !controlCharacters.test(text), 'a name without control characters'),
  z.refine((text) => !text.includes('..'), 'a name without ".."'),
  z.refine((text) => !/[/:,]/.test(text), 'a name without "/", ":" and "," (they separate tags)'),
);
const environment = z.record(
  z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/)),
  z.union([z.string(), z.number(), z.boolean()], 'text, a number, true or false'),
  'an object of environment variables',
);

/** How a model is spread over GPUs and nodes; unknown keys are errors, because a silently ignored one costs a campaign. */
export const distributedSchema = z.strictObject(
  {
    enabled: z.optional(flag),
    launcher: optionalLine,
    nnodes: z.optional(count),
    nproc_per_node: z.optional(count),
    backend: optionalLine,
    port: z.optional(count),
    master_port: z.optional(count),
    sglang_disagg: z.optional(settings),
    vllm_disagg: z.optional(settings),
    primus: z.optional(settings),
  },
  'an object',
);

const textOrNumber = z.union([line, z.number()], 'text or a number');
const slurmSchema = z.strictObject(
  {
    partition: optionalLine,
    nodes: z.optional(count),
    gpus_per_node: z.optional(count),
    time: z.optional(textOrNumber),
    output_dir: optionalLine,
    results_dir: optionalLine,
    shared_workspace: optionalLine,
    reservation: optionalLine,
    exclusive: z.optional(flag),
    exclude: z.optional(linesOrText),
    constraint: optionalLine,
    nodelist: z.optional(linesOrText),
    qos: optionalLine,
    account: optionalLine,
    modules: z.optional(lines),
    network_interface: optionalLine,
    enable_node_check: z.optional(flag),
    auto_cleanup_nodes: z.optional(flag),
    allow_submit_without_clean_nodes: z.optional(flag),
    verbose_node_check: z.optional(flag),
  },
  'an object',
);

/** One card as users write it. Keys that it doesn't know are kept. */
export const cardSchema = z.looseObject(
  {
    name,
    dockerfile: optionalLine,
    dockercontext: optionalLine,
    scripts: optionalLine,
    url: optionalLine,
    cred: optionalLine,
    data: optionalLine,
    n_gpus: z.optional(gpuCount),
    owner: optionalLine,
    training_precision: optionalLine,
    tags: z.optional(linesOrText),
    args: optionalLine,
    timeout: z.optional(seconds),
    multiple_results: optionalLine,
    skip_gpu_arch: z.optional(linesOrText),
    additional_docker_run_options: optionalLine,
    is_deprecated: z.optional(flag),
    exclusive: z.optional(flag),
    distributed: z.optional(distributedSchema),
    slurm: z.optional(slurmSchema),
    env_vars: z.optional(environment),
    nnodes: z.optional(count),
    gpus_per_node: z.optional(gpuCount),
    gpu_count: z.optional(gpuCount),
    num_gpus: z.optional(gpuCount),
    ngpus: z.optional(gpuCount),
    log_error_pattern_scan: z.optional(
      z.union([z.boolean(), z.string(), z.number()], 'true, false, or text like "off"'),
    ),
    log_error_benign_patterns: z.optional(lines),
    log_error_patterns: z.optional(lines.check(z.minLength(1, 'a list with at least one text'))),
    /** Unit and direction of metrics, and metrics beyond `performance:`. */
    metrics: z.optional(metricRulesSchema),
    /** What makes sure that a result is sound, whatever its performance. */
    checks: z.optional(checksSchema),
  },
  'an object (one model card)',
);

type RawCard = z.infer<typeof cardSchema>;

/**
 * Reads one entry of a card file. With `dir`, the card comes from `scripts/<dir>/`: its name gets that scope and its
 * `dockerfile` and `scripts` are relative to that folder. Throws INVALID_FILE with file, model, key, expected and found.
 */
export function parseCard(raw: unknown, origin: CardOrigin, dir?: string): ModelCard {
  const given = withoutNulls(raw);
  const plain = withoutLauncherBlock(given, Object.keys(distributedSchema.shape));
  const parsed = cardSchema.safeParse(plain.raw);
  if (!parsed.success) throw invalidCard(given, parsed.error.issues[0], origin);
  const entry: RawCard = parsed.data.distributed
    ? { ...parsed.data, distributed: { ...parsed.data.distributed, ...plain.block } }
    : parsed.data;
  for (const key of ['dockerfile', 'scripts'] as const) {
    if (entry[key] === undefined && !(key === 'dockerfile' && hasPrebuiltImage(entry))) {
      throw cardError(given, origin, key, 'the path that every card has', 'nothing');
    }
  }
  const base = dir === undefined ? '' : `scripts/${dir}`;
  const path = (key: 'dockerfile' | 'scripts' | 'dockercontext' | 'multiple_results', within: string) => {
    const value = entry[key] ?? '';
    if (value.trim() === '') return '';
    const found = packagePath(value, within);
    if (found !== undefined) return found;
    throw cardError(given, origin, key, 'a relative path inside the package', quoted(value));
  };
  return {
    ...plainFields(entry),
    name: dir === undefined ? entry.name : `${dir}/${entry.name}`,
    dockerfile: path('dockerfile', base),
    dockercontext: path('dockercontext', ''),
    scripts: path('scripts', base),
    multiple_results: path('multiple_results', ''),
    tags: checkedTags(entry, given, origin),
    is_deprecated: entry.is_deprecated ?? false,
    exclusive: entry.exclusive ?? false,
  };
}

/** What needs no check beyond the schema. */
function plainFields(entry: RawCard) {
  return {
    url: entry.url ?? '',
    cred: entry.cred ?? '',
    data: entry.data ?? '',
    n_gpus: gpuCountOf(entry),
    owner: entry.owner ?? '',
    training_precision: entry.training_precision ?? '',
    args: entry.args ?? '',
    timeout: secondsOf(entry.timeout),
    skip_gpu_arch: listText(entry.skip_gpu_arch),
    additional_docker_run_options: entry.additional_docker_run_options ?? '',
    extra: extraOf(entry),
  };
}

const hasPrebuiltImage = (entry: RawCard): boolean => entry.env_vars?.DOCKER_IMAGE_NAME !== undefined;

function checkedTags(entry: RawCard, given: unknown, origin: CardOrigin): string[] {
  const tags = splitList(entry.tags);
  const wrong = tags.find((tag) => /[/:]/.test(tag) || tag.includes('..'));
  if (wrong === undefined) return tags;
  throw cardError(given, origin, 'tags', 'tags without "/", ":" and ".."', quoted(wrong));
}

/** Python hooks write None for what they leave out. */
function withoutNulls(raw: unknown): unknown {
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw)) return raw;
  const entries = Object.entries(raw);
  return entries.some(([, value]) => value === null)
    ? Object.fromEntries(entries.filter(([, value]) => value !== null))
    : raw;
}

/** Keys within those keys of a card that take no others. */
const strictKeys: Readonly<Record<string, readonly string[]>> = {
  distributed: Object.keys(distributedSchema.shape),
  slurm: Object.keys(slurmSchema.shape),
  metrics: metricKeys,
  checks: checkKeys,
};

function invalidCard(raw: unknown, issue: z.core.$ZodIssue | undefined, origin: CardOrigin): MadError {
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const known = strictKeys[String(path[0])] ?? [];
    const near = nearestNames(key, known)[0];
    const expected = near === undefined ? `one of ${known.join(', ')}` : `a known key, such as ${near}`;
    return cardError(raw, origin, keyPath([...path, key]), expected, 'an unknown key');
  }
  const expected = issue?.message ?? 'a model card';
  return cardError(raw, origin, keyPath(path), expected, described(valueAt(raw, path)));
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const part of path) {
    if (found === null || typeof found !== 'object' || !Object.hasOwn(found, part)) return undefined;
    found = (found as Record<PropertyKey, unknown>)[part];
  }
  return found;
}

function cardError(raw: unknown, origin: CardOrigin, key: string, expected: string, found: string): MadError {
  const given = valueAt(raw, ['name']);
  const model = typeof given === 'string' ? ` (${described(given)})` : '';
  const where = key === '' ? '' : `, key ${key}`;
  return new MadError(
    'INVALID_FILE',
    `${origin.file}, model ${origin.index + 1}${model}${where}: expected ${expected}, found ${found}.`,
    { hint: `Correct that card in ${origin.file}.` },
  );
}
