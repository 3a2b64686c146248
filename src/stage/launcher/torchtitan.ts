import { type Launcher, word } from './launcher.ts';
import { patience, torchrunWords } from './torchrun.ts';

export const torchtitan: Launcher = {
  name: 'torchtitan',
  launch: (launch) => ({
    runner: torchrunWords(launch),
    env: {
      ...patience(launch),
      TORCHTITAN_TENSOR_PARALLEL_SIZE: word(launch.processes),
      TORCHTITAN_PIPELINE_PARALLEL_SIZE: word(launch.nodes),
      ...(launch.nodes > 1
        ? { TORCHTITAN_FSDP_ENABLED: word(1), TORCHTITAN_CONTEXT_PARALLEL_SIZE: word(1) }
        : {}),
    },
  }),
};
