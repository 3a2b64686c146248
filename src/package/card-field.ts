/** The fields of a card, wherever it comes from: their order, and what their several spellings mean. */
import type { ModelCard } from './card.ts';
import { quoted } from './package-path.ts';

export const ownKeys = [
  'name',
  'dockerfile',
  'dockercontext',
  'scripts',
  'url',
  'cred',
  'data',
  'n_gpus',
  'owner',
  'training_precision',
  'tags',
  'args',
  'timeout',
  'multiple_results',
  'skip_gpu_arch',
  'additional_docker_run_options',
  'is_deprecated',
  'exclusive',
] as const satisfies readonly Exclude<keyof ModelCard, 'extra'>[];
export const ownKeySet: ReadonlySet<string> = new Set(ownKeys);

/** Every key that a card may have and that means something to us; the schema's keys, without the schema. */
export const knownCardKeys: ReadonlySet<string> = new Set([
  ...ownKeys,
  'distributed',
  'slurm',
  'env_vars',
  'nnodes',
  'gpus_per_node',
  'gpu_count',
  'num_gpus',
  'ngpus',
  'log_error_pattern_scan',
  'log_error_benign_patterns',
  'log_error_patterns',
  'metrics',
  'checks',
]);

/** Other words for `n_gpus`, first one wins. */
const gpuCountAliases = ['gpus_per_node', 'gpu_count', 'num_gpus', 'ngpus'] as const;

export function extraOf(entry: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const extra: [string, unknown][] = [];
  for (const key of Object.keys(entry)) if (!ownKeySet.has(key)) extra.push([key, entry[key]]);
  // fromEntries defines `__proto__` as a plain key, where an assignment would set the prototype.
  return Object.fromEntries(extra);
}

/** Words of a list, or of one text with commas, each once. */
export function splitList(value: unknown): string[] {
  const words = new Set<string>();
  for (const item of Array.isArray(value) ? value : [value]) {
    if (typeof item !== 'string') continue;
    for (const word of item.split(',')) if (word.trim() !== '') words.add(word.trim());
  }
  return [...words];
}

export const listText = (value: unknown): string => splitList(value).join(',');

/** `n_gpus`, or another word for it; 1 where the card says nothing. */
export function gpuCountOf(entry: Readonly<Record<string, unknown>>): string {
  for (const key of ['n_gpus', ...gpuCountAliases]) {
    const value = String(entry[key] ?? '').trim();
    if (/^(?:-1|\d+)$/.test(value)) return value;
  }
  return '1';
}

export function secondsOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && number >= 0 ? number : undefined;
}

/** A value as messages show it. */
export function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value !== null && typeof value === 'object') return 'an object';
  if (typeof value === 'string' && value.length > 60) {
    return `${quoted(value.slice(0, 60))}… (${value.length} characters)`;
  }
  return quoted(value);
}
