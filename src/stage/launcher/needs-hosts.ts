import { MadError } from '../../foundation/error.ts';
import type { Launch } from './launcher.ts';

/** Throws INVALID_ARGUMENT unless there is one host for each node. */
export function requireHosts({ nodes, hosts }: Launch, launcher: string): void {
  if (hosts.length === nodes) return;
  const found = hosts.length === 0 ? 'none is named' : `${hosts.length} are named`;
  throw new MadError('INVALID_ARGUMENT', `${launcher} needs the names of its ${nodes} nodes, and ${found}`, {
    hint: 'Name them in the order of their ranks: "multi_node_args": {"HOST_LIST": "node1,node2", …}, with NNODES as many.',
  });
}
