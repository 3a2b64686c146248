import { MadError } from '../../foundation/error.ts';
import type { Word } from '../stage.ts';
import { type Launch, type Launcher, word } from './launcher.ts';
import { requireHosts } from './needs-hosts.ts';

/**
 * mpirun starts the processes of all nodes from where it runs. Open MPI gives a host without a number one slot only, and
 * hands a variable to other hosts only when told to (`-x`).
 */
export const mpirun: Launcher = {
  name: 'mpirun',
  launch: (launch) => {
    const total = launch.nodes * launch.processes;
    return {
      runner: [
        word('mpirun'),
        word('-np'),
        word(total),
        word('--host'),
        word(hostsOf(launch, total)),
        ...handed(launch),
      ],
      // Open MPI refuses root, which models in containers are, unless both say so.
      env: { OMPI_ALLOW_RUN_AS_ROOT: word(1), OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: word(1) },
    };
  },
};

function hostsOf(launch: Launch, total: number): string {
  const { nodes, hosts, processes } = launch;
  if (nodes === 1 && hosts.length === 0) return `localhost:${processes}`;
  requireHosts(launch, 'mpirun');
  const slots = hosts.map((host) => ({ name: host.name, slots: host.slots ?? processes }));
  const places = slots.reduce((sum, host) => sum + host.slots, 0);
  if (places < total) {
    throw new MadError(
      'INVALID_ARGUMENT',
      `mpirun: ${total} processes, and HOST_LIST has slots for ${places}`,
      {
        hint: 'Raise the numbers behind the hosts, or leave them out.',
      },
    );
  }
  return slots.map((host) => `${host.name}:${host.slots}`).join();
}

function handed({ nodes, ncclInterfaces, glooInterfaces }: Launch): Word[] {
  if (nodes === 1) return [];
  return [
    ...(ncclInterfaces ? [word('-x'), word('NCCL_SOCKET_IFNAME')] : []),
    ...(glooInterfaces ? [word('-x'), word('GLOO_SOCKET_IFNAME')] : []),
  ];
}
