/** The keys that spread a model over processes and nodes. An unknown one is an error: ignoring it costs a campaign. */
import { nearestNames } from '../foundation/nearest-name.ts';
import {
  address,
  backend,
  hostList,
  interfaces,
  isGiven,
  launcherName,
  nodeCount,
  nodeRank,
  port,
  processCount,
  processCountOrAll,
  type ValueKind,
} from './launch-values.ts';
import { isPlainObject } from './merge.ts';
import type { Checked, KeyProblem, Rule } from './rule.ts';

type Keys = Readonly<Record<string, ValueKind<unknown>>>;

const flag: ValueKind<boolean> = {
  what: 'true or false',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
};
const object: ValueKind<Record<string, unknown>> = {
  what: 'an object',
  read: (value) => (isPlainObject(value) ? value : undefined),
};

const multiNodeKeys: Keys = {
  RUNNER: launcherName,
  MAD_RUNTIME_NGPUS: processCountOrAll,
  NNODES: nodeCount,
  NODE_RANK: nodeRank,
  MASTER_ADDR: address,
  MASTER_PORT: port,
  HOST_LIST: hostList,
  NCCL_SOCKET_IFNAME: interfaces,
  GLOO_SOCKET_IFNAME: interfaces,
};

const distributedKeys: Keys = {
  enabled: flag,
  launcher: launcherName,
  nnodes: nodeCount,
  nproc_per_node: processCount,
  backend,
  port,
  master_port: port,
  sglang_disagg: object,
  vllm_disagg: object,
  primus: object,
};

const launcherKeys: Keys = {
  type: launcherName,
  nnodes: nodeCount,
  nproc_per_node: processCount,
  master_port: port,
};

function block(known: Keys): Rule {
  return (value, path): Checked => {
    if (!isPlainObject(value)) return { problems: [{ path, says: 'expected an object' }] };
    const problems: KeyProblem[] = [];
    for (const [key, item] of Object.entries(value)) {
      const kind = Object.hasOwn(known, key) ? known[key] : undefined;
      if (!kind) problems.push({ path: `${path}.${key}`, says: unknownKey(key, known) });
      else if (isGiven(item) && kind.read(item) === undefined) {
        problems.push({ path: `${path}.${key}`, says: `expected ${kind.what}` });
      }
    }
    return problems.length > 0 ? { problems } : { value };
  };
}

function unknownKey(key: string, known: Keys): string {
  const near = nearestNames(key, Object.keys(known), 1)[0];
  return near === undefined
    ? `no such key; there are ${Object.keys(known).join(', ')}`
    : `no such key: did you mean ${near}?`;
}

const launcherBlock = block(launcherKeys);

/** Each member becomes a variable of the launcher, so each must be able to be one. */
const variablesOf: Rule = (value, path) => {
  if (!isPlainObject(value)) return { problems: [{ path, says: 'expected an object' }] };
  const wrong = Object.entries(value).filter(
    ([key, item]) =>
      !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key) || !['string', 'number', 'boolean'].includes(typeof item),
  );
  return wrong.length === 0
    ? { value }
    : {
        problems: wrong.map(([key]) => ({
          path: `${path}.${key}`,
          says: 'expected a name of letters, digits and _, with text, a number or a boolean',
        })),
      };
};

/** Launchers of plugins have a block of settings by their name, as `primus` has. */
export const distributedRule = (launchers: readonly string[]): Rule =>
  block({ ...distributedKeys, ...Object.fromEntries(launchers.map((name) => [name, object])) });

export const launchRules: Readonly<Record<string, Rule>> = {
  multi_node_args: block(multiNodeKeys),
  distributed: distributedRule([]),
  launcher: (value, path) => {
    if (isPlainObject(value)) return launcherBlock(value, path);
    return launcherName.read(value) === undefined
      ? { problems: [{ path, says: `expected ${launcherName.what}, or an object` }] }
      : { value };
  },
  vllm: variablesOf,
};
