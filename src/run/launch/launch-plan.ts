/** A run's share in starting processes, and what of it holds for every run. */
import type { Context } from '../../context/context.ts';
import { isGiven } from '../../context/launch-values.ts';
import type { ModelCard } from '../../package/card.ts';
import type { RunRecord } from '../../record/record-schema.ts';
import type { MoreLaunchers } from '../../stage/launcher/registry.ts';

export interface LaunchOptions {
  card: ModelCard;
  context: Context;
  /** The process's environment. */
  env: Readonly<Record<string, string | undefined>>;
  /** GPUs that the run gets. */
  gpus: number;
  /** Folder of `files`, as the run sees it. */
  filesFolder: string;
  /** Of plugins, by name. */
  launchers?: MoreLaunchers;
}

export interface LaunchPlan {
  /** Variables of the run, under those that card and context name themselves. */
  env: Readonly<Record<string, string>>;
  /** Files of the control folder. */
  files: Readonly<Record<string, string>>;
  /** Absent where nobody named a launcher or nodes. */
  record?: NonNullable<RunRecord['launch']>;
}

/** Of the reference's first version, where nobody names another. */
export const defaultMeeting = { address: 'localhost', port: 6006 } as const;

/**
 * Variables of the process that reach a run (v2-formats, 4). Those of visible devices don't: they limit which GPUs are
 * offered, and the run has the ones that it got.
 */
const passedNames = [
  'MASTER_ADDR',
  'MASTER_PORT',
  'WORLD_SIZE',
  'RANK',
  'NODE_RANK',
  'NNODES',
  'NPROC_PER_NODE',
  'GPUS_PER_NODE',
  'MAD_MULTI_NODE_RUNNER',
  'MAD_COLLECT_METRICS',
  'NCCL_SOCKET_IFNAME',
  'GLOO_SOCKET_IFNAME',
  'NCCL_DEBUG',
  'NCCL_IB_DISABLE',
  'NCCL_NET_GDR_LEVEL',
  'PRIMUS_CONFIG_PATH',
  'PRIMUS_CLI_EXTRA',
  'TORCH_ELASTIC_RDZV_TIMEOUT',
  'MIOPEN_USER_DB_PATH',
] as const;

export function passedOn(env: LaunchOptions['env']): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of passedNames) {
    const value = env[name];
    if (value !== undefined && value !== '') passed[name] = value;
  }
  return passed;
}

const contextKeys = ['multi_node_args', 'distributed', 'launcher'] as const;
const deciding = ['MAD_LAUNCHER', 'NNODES', 'NPROC_PER_NODE'] as const;

/** Whether context or environment say anything of launchers or nodes. */
export const namesLaunch = (context: Context, env: LaunchOptions['env']): boolean =>
  contextKeys.some((key) => isGiven(context.values[key])) || deciding.some((name) => isGiven(env[name]));
