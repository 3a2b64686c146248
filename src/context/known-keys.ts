import { MadError } from '../foundation/error.ts';
import type { Context, ContextOrigin } from './context.ts';
import { type Checked, type Rule, rules } from './key-rules.ts';

export { gpuVendors, guestSystems } from './key-rules.ts';

/** What `build` assumes when nobody says it; a run puts the detected vendor in its place. */
export const buildDefaults: Readonly<Record<string, unknown>> = { gpu_vendor: 'AMD', guest_os: 'UBUNTU' };

/** A profiling tool as the context asks for it; `cmd` and `env_vars` override the entry in tools.json. */
export interface ContextTool {
  name: string;
  cmd?: string;
  env_vars?: Record<string, unknown>;
}

/** A script that runs before or after the model. */
export interface ContextScript {
  path: string;
  args?: string;
}

/** Checks every known key and brings it to its form; a known key with `null` counts as not given. */
export function checkKnownKeys(context: Context): Context {
  const values: [string, unknown][] = [];
  const problems: string[] = [];
  for (const [key, value] of Object.entries(context.values)) {
    const rule = ruleFor(key);
    if (rule && value === null) continue;
    const checked: Checked = rule ? rule(value, key) : { value };
    if ('problems' in checked) problems.push(...checked.problems.map((each) => named(each, context.origins)));
    else values.push([key, checked.value]);
  }
  if (problems.length > 0) throw invalid(problems);
  return { values: Object.fromEntries(values), origins: context.origins };
}

const ruleFor = (key: string): Rule | undefined => (Object.hasOwn(rules, key) ? rules[key] : undefined);

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

function text(context: Context, key: string): string | undefined {
  const value = context.values[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** An object whose values are text, as the rules left it. */
function textMap(context: Context, key: string): Readonly<Record<string, string>> {
  return (context.values[key] ?? {}) as Record<string, string>;
}

function list<T>(context: Context, key: string): readonly T[] {
  return (context.values[key] ?? []) as T[];
}

// What a checked context says; each is empty or undefined where it says nothing.

export const gpuVendorOf = (context: Context): string | undefined => text(context, 'gpu_vendor');
export const guestOsOf = (context: Context): string | undefined => text(context, 'guest_os');
export const buildArgsOf = (context: Context): Readonly<Record<string, string>> =>
  textMap(context, 'docker_build_arg');
export const containerEnvOf = (context: Context): Readonly<Record<string, string>> =>
  textMap(context, 'docker_env_vars');
/** Container path to host path. */
export const mountsOf = (context: Context): Readonly<Record<string, string>> =>
  textMap(context, 'docker_mounts');
export const gpuListOf = (context: Context): string | undefined => text(context, 'docker_gpus');
export const cpuListOf = (context: Context): string | undefined => text(context, 'docker_cpus');
export const toolsOf = (context: Context): readonly ContextTool[] => list(context, 'tools');
export const preScriptsOf = (context: Context): readonly ContextScript[] => list(context, 'pre_scripts');
export const postScriptsOf = (context: Context): readonly ContextScript[] => list(context, 'post_scripts');
export const encapsulateScriptOf = (context: Context): string | undefined =>
  text(context, 'encapsulate_script');
/** Takes the place of the card's arguments. */
export const modelArgsOf = (context: Context): string | undefined => text(context, 'model_args');
/** Multiplies the limit in force; 1 where nothing is said. */
export const timeoutMultiplierOf = (context: Context): number =>
  (context.values.timeout_multiplier as number | undefined) ?? 1;
