/** What a card says of its results: `metrics` and `checks`. Loaded for cards that have them. */
import * as z from 'zod/mini';
import { MadError } from '../foundation/error.ts';
import { keyPath } from '../foundation/schema-problem.ts';
import type { ModelCard } from './card.ts';
import { compilePattern } from './result-pattern.ts';

const line = z
  .string('text')
  .check(z.refine((text) => text.trim() !== '' && text.length <= 500, 'text of 1 to 500 characters'));
const pattern = line.check(z.refine((text) => compilePattern(text) !== undefined, 'a regular expression'));

const metricRule = z
  .strictObject(
    {
      /** As printed behind the number, or a name for what `pattern` or `column` find. */
      name: line,
      /** Found in the model's output: a regular expression whose first group is the number. */
      pattern: z.optional(pattern),
      /** Found in each row of the `multiple_results` file. */
      column: z.optional(line),
      unit: z.optional(line),
      /** Which values are better. */
      direction: z.optional(z.enum(['higher', 'lower'], '"higher" or "lower"')),
    },
    'an object with a name',
  )
  .check(
    z.refine(
      (rule) => rule.pattern === undefined || rule.column === undefined,
      'either a pattern or a column',
    ),
  );

const check = z
  .strictObject(
    {
      /** What it makes sure of; failures quote it. */
      name: line,
      /** A line of the model's output matches this regular expression. */
      must_match: z.optional(pattern),
      /** No line of the model's output matches this regular expression. */
      must_not_match: z.optional(pattern),
      /** The model wrote this file, and it is not empty; relative to the model's folder or the working folder. */
      file: z.optional(line),
      /** Each value of this metric lies between `min` and `max`, both included. */
      metric: z.optional(line),
      min: z.optional(z.number('a number')),
      max: z.optional(z.number('a number')),
    },
    'an object with a name',
  )
  .check(
    z.refine(
      (one) =>
        [one.must_match, one.must_not_match, one.file, one.metric].filter((kind) => kind !== undefined)
          .length === 1,
      'exactly one of must_match, must_not_match, file and metric',
    ),
    z.refine(
      (one) => (one.min !== undefined || one.max !== undefined) === (one.metric !== undefined),
      'min, max or both beside metric, and only there',
    ),
  );

const unique = (rules: readonly { name: string }[]): boolean =>
  new Set(rules.map(({ name }) => name)).size === rules.length;

export const metricRulesSchema = z
  .array(metricRule, 'a list of metrics')
  .check(z.maxLength(100, 'a list of at most 100 metrics'), z.refine(unique, 'names that differ'));
export const checksSchema = z
  .array(check, 'a list of checks')
  .check(z.maxLength(100, 'a list of at most 100 checks'), z.refine(unique, 'names that differ'));

export const metricKeys: readonly string[] = Object.keys(metricRule.shape);
export const checkKeys: readonly string[] = Object.keys(check.shape);

export type MetricRule = z.infer<typeof metricRule>;
export type Check = z.infer<typeof check>;

/** The rules of a card from a manifest, which nobody has looked at yet. Throws INVALID_FILE with model, key and what was expected. */
export function readResultRules(card: ModelCard): { metrics: MetricRule[]; checks: Check[] } {
  return {
    metrics: readKey(card, 'metrics', metricRulesSchema),
    checks: readKey(card, 'checks', checksSchema),
  };
}

function readKey<T>(card: ModelCard, key: string, schema: z.ZodMiniType<T[]>): T[] {
  const value = card.extra[key];
  if (value === undefined || value === null) return [];
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = keyPath([key, ...(issue?.path ?? [])]);
  throw new MadError(
    'INVALID_FILE',
    `model ${card.name}, key ${where}: expected ${issue?.message ?? 'a list'}`,
    { hint: `Correct ${key} in its model card, then build again, or correct it in the manifest.` },
  );
}
