import type { Word } from '../stage.ts';
import { type Launcher, word } from './launcher.ts';

/** Each node serves by itself. The context's `vllm` block holds further variables, without `VLLM_`. */
export const vllm: Launcher = {
  name: 'vllm',
  launch: ({ nodes, processes, blocks }) => ({
    runner: [],
    env: {
      VLLM_TENSOR_PARALLEL_SIZE: word(processes),
      VLLM_PIPELINE_PARALLEL_SIZE: word(1),
      VLLM_DISTRIBUTED_BACKEND: word(nodes > 1 ? 'none' : 'auto'),
      ...ownVariables(blocks.vllm ?? {}),
    },
  }),
};

const ownVariables = (block: Readonly<Record<string, unknown>>): Record<string, Word> =>
  Object.fromEntries(
    Object.entries(block).map(([key, value]) => [
      `VLLM_${key.toUpperCase().replace(/^VLLM_/, '')}`,
      word(String(value)),
    ]),
  );
