import { type Launcher, word } from './launcher.ts';
import { patience, torchrunWords } from './torchrun.ts';

/** More than the GPUs of one machine are never one tensor-parallel group in the reference's defaults. */
const widestOnOneMachine = 8;

export const megatronLm: Launcher = {
  name: 'megatron-lm',
  launch: (launch) => {
    const { nodes, processes } = launch;
    return {
      runner: torchrunWords(launch),
      env: {
        ...patience(launch),
        TENSOR_MODEL_PARALLEL_SIZE: word(nodes > 1 ? processes : Math.min(processes, widestOnOneMachine)),
        PIPELINE_MODEL_PARALLEL_SIZE: word(nodes),
        CONTEXT_PARALLEL_SIZE: word(1),
      },
    };
  },
};
