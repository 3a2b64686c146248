import type { Word } from '../stage.ts';
import { type Launch, word, wordText } from './launcher.ts';

/**
 * What every launcher's model is told of its nodes. `WORLD_SIZE` and `RANK` count machines, as the reference has them in
 * a task of Slurm; whatever starts several processes sets its own for each.
 */
export function nodeVariables(launch: Launch, launcher: string): Record<string, Word> {
  const { nodes, rank, meeting, processes, gpus } = launch;
  const place: Word = [meeting.address];
  const port = word(meeting.port);
  return {
    MAD_LAUNCHER_TYPE: word(launcher),
    MAD_MULTI_NODE_NNODES: word(nodes),
    MAD_MULTI_NODE_NODE_RANK: [rank],
    MAD_MULTI_NODE_MASTER_ADDR: place,
    MAD_MULTI_NODE_MASTER_PORT: port,
    ...given('MAD_MULTI_NODE_HOST_LIST', hostText(launch)),
    ...given('MAD_MULTI_NODE_NCCL_SOCKET_IFNAME', launch.ncclInterfaces),
    ...given('MAD_MULTI_NODE_GLOO_SOCKET_IFNAME', launch.glooInterfaces),
    ...given('NCCL_SOCKET_IFNAME', launch.ncclInterfaces),
    ...given('GLOO_SOCKET_IFNAME', launch.glooInterfaces),
    ...given('MAD_MULTI_NODE_BACKEND', launch.backend),
    NNODES: word(nodes),
    NODE_RANK: [rank],
    NPROC_PER_NODE: word(processes),
    GPUS_PER_NODE: word(gpus),
    ...(nodes > 1
      ? {
          MASTER_ADDR: place,
          MASTER_PORT: port,
          MAD_NODE_RANK: [rank],
          MAD_TOTAL_NODES: word(nodes),
          ...world(launch, launcher),
        }
      : {}),
  };
}

/** Processes of MPI have ranks of their own, which a variable of the machine would only contradict. */
const world = ({ nodes, rank }: Launch, launcher: string): Record<string, Word> =>
  launcher === 'mpirun' ? {} : { WORLD_SIZE: word(nodes), RANK: [rank] };

const given = (name: string, value: string | undefined): Record<string, Word> =>
  value === undefined || value === '' ? {} : { [name]: word(value) };

const hostText = ({ hosts }: Launch): string =>
  hosts.map(({ name, slots }) => (slots === undefined ? name : `${name}:${slots}`)).join();

/** The variables as a process gets them, where none of them is left to a shell. */
export const variableTexts = (variables: Readonly<Record<string, Word>>): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, wordText(value)]));
