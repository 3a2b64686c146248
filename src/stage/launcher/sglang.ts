import type { Word } from '../stage.ts';
import { type Launch, type Launcher, word } from './launcher.ts';

/** Each node serves by itself, unless its script joins them at `NCCL_INIT_ADDR`. */
export const sglang: Launcher = {
  name: 'sglang',
  launch: ({ processes, nodes, meeting }) => ({
    runner: [],
    env: {
      SGLANG_TENSOR_PARALLEL_SIZE: word(processes),
      SGLANG_PIPELINE_PARALLEL_SIZE: word(1),
      ...(nodes > 1 ? { NCCL_INIT_ADDR: endpoint(meeting) } : {}),
    },
  }),
};

/** An address with colons of its own stands in brackets. */
function endpoint({ address, port }: Launch['meeting']): Word {
  const isBare = 'variable' in address || !address.text.includes(':');
  return isBare ? [address, { text: `:${port}` }] : [{ text: '[' }, address, { text: `]:${port}` }];
}
