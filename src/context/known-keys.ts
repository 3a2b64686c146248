import { MadError } from '../foundation/error.ts';
import type { Context, ContextOrigin } from './context.ts';
import { rules, vendorRule } from './key-rules.ts';
import { distributedRule } from './launch-rules.ts';
import type { Checked, Rule } from './rule.ts';

/** What plugins add to the values that a key may have. */
export interface MoreNames {
  vendors: readonly string[];
  launchers: readonly string[];
}

/** Checks every known key and brings it to its form; a known key with `null` counts as not given. */
export function checkKnownKeys(context: Context, more?: MoreNames): Context {
  const values: [string, unknown][] = [];
  const problems: string[] = [];
  for (const [key, value] of Object.entries(context.values)) {
    const rule = (more && ruleWith(key, more)) ?? ruleFor(key);
    if (rule && value === null) continue;
    const checked: Checked = rule ? rule(value, key) : { value };
    if ('problems' in checked) problems.push(...checked.problems.map((each) => named(each, context.origins)));
    else values.push([key, checked.value]);
  }
  if (problems.length > 0) throw invalid(problems);
  return { values: Object.fromEntries(values), origins: context.origins };
}

const ruleFor = (key: string): Rule | undefined => (Object.hasOwn(rules, key) ? rules[key] : undefined);

function ruleWith(key: string, { vendors, launchers }: MoreNames): Rule | undefined {
  if (key === 'gpu_vendor') return vendorRule(vendors);
  return key === 'distributed' ? distributedRule(launchers) : undefined;
}

function named(problem: { path: string; says: string }, origins: Context['origins']): string {
  const origin = originOf(origins, problem.path);
  // Keys are text of others: nothing in them may steer a terminal.
  const path = problem.path.replace(/\p{Cc}/gu, '?');
  return `${path}: ${problem.says}${origin ? ` (from ${origin})` : ''}`;
}

/** Of the key itself, of the list that holds it, or of the first key below it. */
function originOf(origins: Context['origins'], path: string): ContextOrigin | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(at.lastIndexOf('.'), at.lastIndexOf('['), 0))) {
    if (Object.hasOwn(origins, at)) return origins[at];
  }
  return Object.entries(origins).find(([key]) => key.startsWith(`${path}.`))?.[1];
}

function invalid(problems: readonly string[]): MadError {
  const [first = '', ...more] = problems;
  const message = more.length === 0 ? first : `\n${problems.map((each) => `  ${each}`).join('\n')}`;
  return new MadError('INVALID_ARGUMENT', `The context has a value that can't be used: ${message}`, {
    hint: 'Correct it where it comes from; --additional-context wins over every other source.',
  });
}

/** `docker_build_arg` of a checked context. */
export const buildArgsOf = (context: Context): Readonly<Record<string, string>> =>
  (context.values.docker_build_arg ?? {}) as Record<string, string>;
