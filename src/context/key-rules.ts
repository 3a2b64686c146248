import { launchRules } from './launch-rules.ts';
import { isPlainObject } from './merge.ts';
import type { Checked, KeyProblem, Rule } from './rule.ts';

export const gpuVendors = ['AMD', 'NVIDIA', 'INTEL', 'NONE'] as const;
const captureModes = ['lite', 'full'] as const;
const guestSystems = ['UBUNTU', 'CENTOS', 'ROCKY'] as const;

const wrong = (path: string, says: string): Checked => ({ problems: [{ path, says }] });

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

const expected = (path: string, what: string, value: unknown): Checked =>
  wrong(path, `expected ${what}, found ${kindOf(value)}`);

const text: Rule = (value, path) => (typeof value === 'string' ? { value } : expected(path, 'text', value));

const flag: Rule = (value, path) =>
  typeof value === 'boolean' ? { value } : expected(path, 'true or false', value);

const number: Rule = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) ? { value } : expected(path, 'a number', value);

const positiveNumber: Rule = (value, path) => {
  const checked = number(value, path);
  if ('problems' in checked || (value as number) > 0) return checked;
  return wrong(path, `expected a number above 0, found ${value}`);
};

/** A limit; 0 is none. */
const seconds: Rule = (value, path) => {
  const checked = number(value, path);
  if ('problems' in checked || (value as number) >= 0) return checked;
  return wrong(path, `expected seconds, 0 or more, found ${value}`);
};

const object: Rule = (value, path) => (isPlainObject(value) ? { value } : expected(path, 'an object', value));

/** Text, number or boolean as text; booleans as the Python tool prints them. */
const scalarText: Rule = (value, path) => {
  if (typeof value === 'string') return { value };
  if (typeof value === 'boolean') return { value: value ? 'True' : 'False' };
  if (typeof value !== 'number') return expected(path, 'text, a number or a boolean', value);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return wrong(path, 'this number has more digits than a number keeps: put it in quotes');
  }
  return { value: String(value) };
};

function oneOf(names: readonly string[]): Rule {
  return (value, path) => {
    if (typeof value !== 'string') return expected(path, `one of ${names.join(', ')}`, value);
    const name = value.trim().toUpperCase();
    return names.includes(name)
      ? { value: name }
      : wrong(path, `${JSON.stringify(value.slice(0, 40))} is none of ${names.join(', ')}`);
  };
}

function lowerOneOf(names: readonly string[]): Rule {
  return (value, path) => {
    const name = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
    if (name === undefined) return expected(path, `one of ${names.join(', ')}`, value);
    return names.includes(name)
      ? { value: name }
      : wrong(path, `${JSON.stringify(name.slice(0, 40))} is none of ${names.join(', ')}`);
  };
}

/** Blanks between two numbers stay: `0 1` is not 1. */
const withoutBlanks = (list: string): string => list.trim().replace(/\s*([,-])\s*/g, '$1');

/** A list of numbers and ranges such as `0,2-4`, with blanks around these; one number may come without quotes. */
const numberList: Rule = (value, path) => {
  const list = typeof value === 'number' ? String(value) : value;
  if (typeof list !== 'string') return expected(path, 'text such as "0,2-4"', value);
  const bare = withoutBlanks(list);
  if (bare !== '' && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(bare)) {
    return wrong(path, `${JSON.stringify(list.slice(0, 40))} is no list such as "0,2-4"`);
  }
  const backwards = [...bare.matchAll(/(\d+)-(\d+)/g)].find(([, from, to]) => Number(to) < Number(from));
  if (backwards) return wrong(path, `the range ${backwards[0].slice(0, 40)} goes backwards`);
  const large = /\d{5,}/.exec(bare)?.[0];
  if (large) return wrong(path, `${large.slice(0, 40)} is beyond every machine: the largest number is 9999`);
  return { value: bare };
};

/** A UUID of a GPU or of a part of it, or the second MIG slice of GPU 0 as `0:1`. */
export const gpuName = /^(?:GPU-[\w-]{4,80}|MIG-[\w-]{4,80}(?:\/\d{1,3}\/\d{1,3})?|\d{1,4}:\d{1,3})$/i;

/** As `numberList`, with names of GPUs among the numbers. */
const gpuList: Rule = (value, path) => {
  if (typeof value !== 'string') return numberList(value, path);
  const words = withoutBlanks(value).split(',');
  const numbers = words.map((word) => (gpuName.test(word) ? '0' : word)).join(',');
  return 'problems' in numberList(numbers, path) ? numberList(value, path) : { value: words.join(',') };
};

/** Checks all members and keeps their order; all problems are reported together. */
function members(
  entries: readonly (readonly [string, unknown, string])[],
  rule: Rule,
): { done: [string, unknown][]; problems: KeyProblem[] } {
  const done: [string, unknown][] = [];
  const problems: KeyProblem[] = [];
  for (const [key, value, path] of entries) {
    const checked = rule(value, path);
    if ('problems' in checked) problems.push(...checked.problems);
    else done.push([key, checked.value]);
  }
  return { done, problems };
}

function mapOf(rule: Rule, keyProblem: (key: string) => string | undefined): Rule {
  return (value, path) => {
    if (!isPlainObject(value)) return expected(path, 'an object', value);
    const entries = Object.entries(value).map(([key, item]) => [key, item, `${path}.${key}`] as const);
    const checkedMember: Rule = (item, at) => {
      const problem = keyProblem(at.slice(path.length + 1));
      return problem === undefined ? rule(item, at) : wrong(at, problem);
    };
    const { done, problems } = members(entries, checkedMember);
    return problems.length > 0 ? { problems } : { value: Object.fromEntries(done) };
  };
}

function listOf(rule: Rule): Rule {
  return (value, path) => {
    if (!Array.isArray(value)) return expected(path, 'a list', value);
    const entries = value.map((item, index) => [String(index), item, `${path}[${index}]`] as const);
    const { done, problems } = members(entries, rule);
    return problems.length > 0 ? { problems } : { value: done.map(([, item]) => item) };
  };
}

/** An object with some checked keys; further ones stay. */
function shape(required: Readonly<Record<string, Rule>>, optional: Readonly<Record<string, Rule>>): Rule {
  const known = { ...required, ...optional };
  return (value, path) => {
    if (!isPlainObject(value)) return expected(path, 'an object', value);
    const missing = Object.keys(required).filter((key) => !Object.hasOwn(value, key));
    const entries = Object.entries(value).map(([key, item]) => [key, item, `${path}.${key}`] as const);
    const { done, problems } = members(entries, (item, at) => {
      const key = at.slice(path.length + 1);
      return Object.hasOwn(known, key) && known[key] ? known[key](item, at) : { value: item };
    });
    problems.unshift(...missing.map((key) => ({ path: `${path}.${key}`, says: 'this key is missing' })));
    return problems.length > 0 ? { problems } : { value: Object.fromEntries(done) };
  };
}

const variableName = (key: string): string | undefined =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(key)
    ? undefined
    : 'a variable name has letters, digits and _, and starts with no digit';

const containerPath = (key: string): string | undefined =>
  key.startsWith('/') && !/[\0\r\n]/.test(key)
    ? undefined
    : 'the key is the absolute path in the container, the value the path on the host';

const hostPath: Rule = (value, path) =>
  typeof value === 'string' && value !== '' && !/[\0\r\n]/.test(value)
    ? { value }
    : expected(path, 'a path on the host', value);

const filled =
  (rule: Rule): Rule =>
  (value, path) =>
    Array.isArray(value) && value.length === 0
      ? wrong(path, 'expected at least one entry')
      : rule(value, path);

const variables = mapOf(scalarText, variableName);
const script = shape({ path: text }, { args: text });
/** A tool's variables go to a profiler that may want other names (`DUAL-GCD`): only their values are checked. */
const toolObject = shape({ name: text }, { cmd: text, env_vars: mapOf(scalarText, () => undefined) });
const tool: Rule = (value, path) => (typeof value === 'string' ? { value } : toolObject(value, path));

/** A count of GPUs as number or text; -1 is all of them. */
const gpuCount: Rule = (value, path) => {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^(?:-1|\d{1,6})$/.test(text.trim())
    ? { value: text.trim() }
    : wrong(path, 'expected a count of GPUs such as 2, or -1 for all');
};

/** Minors of render nodes begin at 128 (https://docs.kernel.org/gpu/drm-uapi.html). */
const renderMinor: Rule = (value, path) =>
  Number.isInteger(value) && Number(value) >= 128
    ? { value }
    : wrong(path, 'expected the number of a render node, such as 128 for /dev/dri/renderD128');

/** Two GPUs with one node would be one GPU, given away twice. */
const renderMinors: Rule = (value, path) => {
  const checked = listOf(renderMinor)(value, path);
  if ('problems' in checked || !Array.isArray(value)) return checked;
  const twice = value.find((minor, at) => value.indexOf(minor) < at);
  return twice === undefined ? checked : wrong(path, `the render node ${String(twice)} stands there twice`);
};

/** `more`: vendors of plugins. */
export const vendorRule = (more: readonly string[]): Rule => oneOf([...gpuVendors, ...more]);

/** The keys that this program reads, with their form. */
export const rules: Readonly<Record<string, Rule>> = {
  gpu_vendor: vendorRule([]),
  guest_os: oneOf(guestSystems),
  host_os: text,
  docker_build_arg: variables,
  docker_env_vars: variables,
  env_vars: variables,
  docker_mounts: mapOf(hostPath, containerPath),
  docker_gpus: gpuList,
  docker_cpus: numberList,
  gpu_renderDs: renderMinors,
  n_gpus: gpuCount,
  gpus_per_node: gpuCount,
  gpu_count: gpuCount,
  num_gpus: gpuCount,
  ngpus: gpuCount,
  tools: listOf(tool),
  pre_scripts: listOf(script),
  post_scripts: listOf(script),
  encapsulate_script: text,
  model_args: text,
  MAD_CONTAINER_IMAGE: text,
  MAD_ROCM_PATH: text,
  gen_sys_env_details: flag,
  rocenv_mode: lowerOneOf(captureModes),
  timeout: seconds,
  timeout_multiplier: positiveNumber,
  debug: flag,
  log_error_pattern_scan: (value, path) =>
    typeof value === 'object' ? expected(path, 'true, false, text or a number', value) : { value },
  log_error_patterns: filled(listOf(text)),
  log_error_benign_patterns: listOf(text),
  data: object,
  slurm: object,
  k8s: object,
  kubernetes: object,
  ...launchRules,
  deployment_config: object,
};
