/** The exact rsync command lines of the NAS provider. */
import { sshWords } from '../../machine/ssh/ssh-words.ts';
import type { NasNode } from './nas-nodes.ts';

export interface RsyncSource {
  node: NasNode;
  /** Absolute. */
  path: string;
}

type Argv = [string, ...string[]];

/** In every folder of the target, while a file of it is incomplete. */
export const partialFolder = '.madengine-partial';
/** At the root of the target: where a file grows before it is whole. */
export const incomingFolder = '.madengine-incoming';
/** Seconds without a byte; a node that computes checksums is silent for longer. */
const silentSeconds = 300;

/** `--secluded-args` under the name that all releases know: no shell of the node sees a path. */
const common = (node: NasNode): string[] => ['-s', '-e', remoteShell(sshWords(node.login))];

/** Prints one line for the path itself, links followed: `d…` for a folder, `-…` for a file. */
export const listing = ({ node, path }: RsyncSource): Argv => [
  'rsync',
  ...common(node),
  '--dirs',
  '--copy-links',
  '--list-only',
  '--no-human-readable',
  remote(node, path),
];

/** Compares by content what `--files-from` names, and brings again what differs. */
export const verification = ({ node, path }: RsyncSource, into: string): Argv => [
  ...transferring(node),
  '--checksum',
  '--from0',
  '--files-from=-',
  '--ignore-missing-args',
  remote(node, `${path}/`),
  `${into}/`,
];

/** Of a folder its content, of a file the file. */
export const transfer = (
  { node, path }: RsyncSource,
  isFolder: boolean,
  into: string,
  only: { planned: boolean },
): Argv => [
  ...transferring(node),
  // One file is compared by content at once, and may itself be a link.
  ...(isFolder ? ['--recursive'] : ['--copy-links', '--checksum']),
  '--no-inc-recursive',
  ...(isFolder ? [`--timeout=${silentSeconds}`] : []),
  ...(only.planned ? ['--dry-run'] : []),
  remote(node, isFolder ? `${path}/` : path),
  `${into}/`,
];

function transferring(node: NasNode): Argv {
  return [
    'rsync',
    ...common(node),
    '--links',
    // None that is absolute or leads out of the tree.
    '--safe-links',
    '--times',
    // A model's user has to read it, whoever owned it there.
    '--chmod=Du=rwx,Dgo=rx,Fu+rw,Fgo+r',
    `--partial-dir=${partialFolder}`,
    `--temp-dir=${incomingFolder}`,
    '--stats',
    '--info=progress2,nonreg1',
    '--no-human-readable',
    '--outbuf=N',
  ];
}

/** rsync expands wildcards at the node, and takes a backslash for a quote only where there are some. */
function remote({ host }: NasNode, path: string): string {
  const literal = path.replace(/[*?[]/g, '\\$&');
  return `${host.includes(':') ? `[${host}]` : host}:${literal}`;
}

/** rsync splits it at blanks; quotes keep words together, and are doubled inside of them (rsync(1), --rsh). */
export const remoteShell = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`)).join(' ');
