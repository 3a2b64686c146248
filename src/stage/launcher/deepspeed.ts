import { MadError } from '../../foundation/error.ts';
import { type Launch, type Launcher, option, word } from './launcher.ts';
import { requireHosts } from './needs-hosts.ts';

const hostfile = 'deepspeed-hostfile';

/**
 * On several machines each node starts its own processes (`--no_ssh`, DeepSpeed 0.14.5 and later): every node runs the
 * script, and without it each would start all processes on all nodes.
 */
export const deepspeed: Launcher = {
  name: 'deepspeed',
  launch: (launch) => {
    const { nodes, rank, meeting, processes, filesFolder } = launch;
    if (nodes === 1) return { runner: [word('deepspeed'), option('--num_gpus', processes)], env: {} };
    const file = `${filesFolder}/${hostfile}`;
    requirePlainPath(file);
    return {
      runner: [
        word('deepspeed'),
        word(`--hostfile=${file}`),
        word('--no_ssh'),
        option('--node_rank', rank),
        option('--master_addr', meeting.address),
        option('--master_port', meeting.port),
      ],
      env: {},
      files: { [hostfile]: hostfileText(launch) },
    };
  },
};

function hostfileText(launch: Launch): string {
  requireHosts(launch, 'deepspeed');
  const { hosts, processes } = launch;
  const twice = hosts.find(({ name }, index) => hosts.findIndex((host) => host.name === name) < index);
  if (twice) {
    throw new MadError('INVALID_ARGUMENT', `deepspeed: the host ${twice.name} stands twice in HOST_LIST`, {
      hint: 'Name each node once, by a name of its own.',
    });
  }
  return hosts.map(({ name, slots }) => `${name} slots=${slots ?? processes}\n`).join('');
}

/** Only where a run is a process of the machine, in a folder that its user named. */
function requirePlainPath(path: string): void {
  if (/^[A-Za-z0-9_./-]+$/.test(path)) return;
  throw new MadError(
    'INVALID_ARGUMENT',
    `deepspeed: the path of its hostfile, ${JSON.stringify(path)}, has characters that a script would take apart`,
    { hint: 'Choose a results folder (--output) without blanks and other special characters in its path.' },
  );
}
