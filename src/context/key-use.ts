/** What becomes of each key that one of the two Python tools knows. */
import { nearestNames } from '../foundation/nearest-name.ts';
import type { Context } from './context.ts';
import { isPlainObject } from './merge.ts';

/**
 * `works`: it has its effect; `noted`: it is kept in manifest and records and may choose Dockerfiles, no more was ever
 * meant; `later`: the feature that reads it does not exist yet.
 */
export type KeyUse = 'works' | 'noted' | 'later';

/** `docs/context.md` tells what each does; a test compares the two. */
export const keyUses: Readonly<Record<string, KeyUse>> = {
  gpu_vendor: 'works',
  guest_os: 'works',
  ctx_test: 'works',
  MAD_CONTAINER_IMAGE: 'works',
  docker_build_arg: 'works',
  docker_env_vars: 'works',
  env_vars: 'works',
  docker_mounts: 'works',
  docker_gpus: 'works',
  docker_cpus: 'works',
  n_gpus: 'works',
  gpus_per_node: 'works',
  gpu_count: 'works',
  num_gpus: 'works',
  ngpus: 'works',
  pre_scripts: 'works',
  post_scripts: 'works',
  encapsulate_script: 'works',
  model_args: 'works',
  timeout: 'works',
  timeout_multiplier: 'works',
  log_error_pattern_scan: 'works',
  log_error_patterns: 'works',
  log_error_benign_patterns: 'works',
  host_os: 'noted',
  numa_balancing: 'noted',
  debug: 'noted',
  MAD_ROCM_PATH: 'works',
  gpu_renderDs: 'works',
  tools: 'works',
  gen_sys_env_details: 'works',
  rocenv_mode: 'works',
  data: 'works',
  shared_data: 'later',
  multi_node_args: 'works',
  distributed: 'works',
  launcher: 'works',
  vllm: 'works',
  deploy: 'later',
  deployment_config: 'later',
  k8s: 'later',
  kubernetes: 'later',
  slurm: 'later',
  monitor: 'later',
  cleanup_on_failure: 'later',
  live_output: 'later',
  skip_perf_collection: 'later',
};

export const useOf = (key: string): KeyUse | undefined =>
  Object.hasOwn(keyUses, key) ? keyUses[key] : undefined;

/** Keys with a value in them that no feature reads yet. */
export const waitingKeys = (context: Context): string[] =>
  Object.entries(context.values)
    .filter(([key, value]) => useOf(key) === 'later' && !isEmpty(value))
    .map(([key]) => key)
    .sort();

function isEmpty(value: unknown): boolean {
  if (value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isPlainObject(value) && Object.keys(value).length === 0;
}

/** Keys of no tool, which can only be meant to choose Dockerfiles. Those of a manifest did so when it was built. */
export function ownKeys(context: Context): string[] {
  const fromManifest = (key: string): boolean =>
    Object.entries(context.origins).every(
      ([path, origin]) => !(path === key || path.startsWith(`${key}.`)) || origin === 'manifest',
    );
  return Object.keys(context.values)
    .filter((key) => useOf(key) === undefined && !fromManifest(key))
    .sort();
}

/** The name that was likely meant: of a known key, or of one that Dockerfiles ask for. */
export const meantKey = (key: string, asked: Iterable<string>): string | undefined =>
  nearestNames(key, [...Object.keys(keyUses), ...asked], 1)[0];
