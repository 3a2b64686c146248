import type { Word } from '../stage.ts';
import { type Launch, type Launcher, option, word } from './launcher.ts';

/** On one machine torchrun finds a free port itself, so that two runs there don't meet each other. */
export function torchrunWords({ nodes, rank, meeting, processes }: Launch): Word[] {
  if (nodes === 1) return [word('torchrun'), word('--standalone'), option('--nproc_per_node', processes)];
  return [
    word('torchrun'),
    option('--nnodes', nodes),
    option('--nproc_per_node', processes),
    option('--node_rank', rank),
    option('--master_addr', meeting.address),
    option('--master_port', meeting.port),
  ];
}

/** Seconds in which the nodes have to find each other: one may still be pulling its image (v2-formats, 6.3). */
export const patience = ({ nodes }: Launch): Record<string, Word> =>
  nodes > 1 ? { TORCH_ELASTIC_RDZV_TIMEOUT: word(3600) } : {};

export const torchrun: Launcher = {
  name: 'torchrun',
  launch: (launch) => ({ runner: torchrunWords(launch), env: patience(launch) }),
};
