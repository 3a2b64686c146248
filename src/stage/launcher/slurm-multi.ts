import type { Launcher } from './launcher.ts';

/** The model's own script asks Slurm for its nodes and starts its containers there. */
export const slurmMulti: Launcher = {
  name: 'slurm_multi',
  onlyIn: 'slurm',
  launch: () => ({ runner: [], env: {} }),
};
