import { isGiven, nodeCount } from '../../context/launch-values.ts';
import { MadError } from '../../foundation/error.ts';
import { type Launch, type Launcher, word } from './launcher.ts';
import { requireHosts } from './needs-hosts.ts';

/** Node 0 is the proxy, the next ones prefill, the rest decode. */
export const sglangDisagg: Launcher = {
  name: 'sglang-disagg',
  launch: (launch) => {
    const { nodes, processes, rank, hosts } = launch;
    if (nodes < 3) {
      throw new MadError('INVALID_ARGUMENT', `sglang-disagg needs 3 nodes or more, and has ${nodes}`, {
        hint: 'One is the proxy, and at least one each prefills and decodes: raise nnodes, or choose the launcher sglang.',
      });
    }
    requireHosts(launch, 'sglang-disagg');
    const { prefill, decode } = splitOf(launch);
    return {
      runner: [],
      env: {
        SGLANG_DISAGG_MODE: word('enabled'),
        SGLANG_DISAGG_PREFILL_NODES: word(prefill),
        SGLANG_DISAGG_DECODE_NODES: word(decode),
        SGLANG_DISAGG_TOTAL_NODES: word(nodes),
        SGLANG_TP_SIZE: word(processes),
        SGLANG_NODE_IPS: word(hosts.map(({ name }) => name).join()),
        SGLANG_NODE_RANK: [rank],
      },
    };
  },
};

function splitOf({ nodes, blocks }: Launch): { prefill: number; decode: number } {
  const block = blocks.sglang_disagg ?? {};
  const serving = nodes - 1;
  const asked = { prefill: countAt(block, 'prefill_nodes'), decode: countAt(block, 'decode_nodes') };
  const prefill =
    asked.prefill ?? (asked.decode === undefined ? usualPrefill(serving) : serving - asked.decode);
  const decode = asked.decode ?? serving - prefill;
  if (prefill >= 1 && decode >= 1 && prefill + decode === serving) return { prefill, decode };
  throw new MadError(
    'INVALID_ARGUMENT',
    `sglang-disagg: 1 proxy, ${prefill} to prefill and ${decode} to decode are not the ${nodes} nodes that there are`,
    { hint: 'Correct prefill_nodes and decode_nodes of sglang_disagg, or leave them out.' },
  );
}

const usualPrefill = (serving: number): number => Math.max(1, Math.floor((serving * 2) / 5));

function countAt(block: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const value = Object.hasOwn(block, key) ? block[key] : undefined;
  if (!isGiven(value)) return undefined;
  const count = nodeCount.read(value);
  if (count !== undefined) return count;
  throw new MadError('INVALID_ARGUMENT', `sglang_disagg.${key}: expected ${nodeCount.what}`, {
    hint: 'Write it as a number, such as 2.',
  });
}
