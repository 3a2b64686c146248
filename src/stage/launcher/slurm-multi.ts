import { MadError } from '../../foundation/error.ts';
import type { Launcher } from './launcher.ts';

/** The model's own script asks Slurm for its nodes and starts its containers: there is nothing for a single run to do. */
export const slurmMulti: Launcher = {
  name: 'slurm_multi',
  launch: ({ model }) => {
    throw new MadError(
      'INVALID_ARGUMENT',
      `${model}: with slurm_multi its script starts its own containers on the nodes of a Slurm job, and this is a run on one machine`,
      {
        hint: 'Run it through Slurm, or choose another launcher: --additional-context \'{"launcher": "…"}\'.',
      },
    );
  },
};
