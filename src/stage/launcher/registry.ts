import { MadError } from '../../foundation/error.ts';
import { nearestNames } from '../../foundation/nearest-name.ts';
import type { Launcher } from './launcher.ts';

/** Each is loaded only for a run that names it. */
const launchers: Readonly<Record<string, () => Promise<Launcher>>> = {
  torchrun: async () => (await import('./torchrun.ts')).torchrun,
  mpirun: async () => (await import('./mpirun.ts')).mpirun,
  deepspeed: async () => (await import('./deepspeed.ts')).deepspeed,
  'megatron-lm': async () => (await import('./megatron-lm.ts')).megatronLm,
  torchtitan: async () => (await import('./torchtitan.ts')).torchtitan,
  primus: async () => (await import('./primus.ts')).primus,
  vllm: async () => (await import('./vllm.ts')).vllm,
  sglang: async () => (await import('./sglang.ts')).sglang,
  'sglang-disagg': async () => (await import('./sglang-disagg.ts')).sglangDisagg,
  slurm_multi: async () => (await import('./slurm-multi.ts')).slurmMulti,
  docker: async () => (await import('./none.ts')).none,
};

/** Other spellings; `docker` and `native` are what the reference calls having no launcher. */
const aliases: Readonly<Record<string, string>> = {
  megatron: 'megatron-lm',
  sglang_disagg: 'sglang-disagg',
  'slurm-multi': 'slurm_multi',
  native: 'docker',
  none: 'docker',
};

export const launcherNames: readonly string[] = Object.keys(launchers);

/** All that `findLauncher` knows without plugins, aliases included. */
export const takenLauncherNames: readonly string[] = [...launcherNames, ...Object.keys(aliases)];

/** Launchers of plugins by their name. */
export type MoreLaunchers = ReadonlyMap<string, Launcher>;

/** Throws INVALID_ARGUMENT for a name that no launcher has; `where` says who gave it. */
export function findLauncher(
  name: string,
  where: string,
  more: MoreLaunchers = new Map(),
): () => Promise<Launcher> {
  const typed = name.toLowerCase();
  const ofPlugin = more.get(typed);
  if (ofPlugin) return async () => ofPlugin;
  const known = Object.hasOwn(aliases, typed) ? (aliases[typed] ?? typed) : typed;
  const found = Object.hasOwn(launchers, known) ? launchers[known] : undefined;
  if (found) return found;
  const near = nearestNames(name, [...more.keys(), ...takenLauncherNames], 1)[0];
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  throw new MadError(
    'INVALID_ARGUMENT',
    `${where}: there is no launcher ${JSON.stringify(name.slice(0, 60))}${meant}`,
    { hint: `Launchers: ${[...launcherNames, ...more.keys()].join(', ')}.` },
  );
}
