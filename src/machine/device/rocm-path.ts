/** Where ROCm lies on this machine; the order is that of `v2-formats`, 9. */
import { dirname } from 'node:path';
import type { MachineView } from './machine-view.ts';

export const usualRocmPath = '/opt/rocm';

/** `asked`: the context's `MAD_ROCM_PATH`, taken as it is. `MAD_AUTO_ROCM_PATH=0` leaves only `ROCM_PATH` and the usual folder. */
export async function findRocm(machine: MachineView, asked: string | undefined): Promise<string> {
  if (asked) return asked;
  if (machine.variable('MAD_AUTO_ROCM_PATH') !== '0') {
    for await (const candidate of candidates(machine)) {
      if (await looksLikeRocm(machine, candidate)) return candidate;
    }
  }
  return machine.variable('ROCM_PATH') || usualRocmPath;
}

async function* candidates(machine: MachineView): AsyncGenerator<string> {
  yield usualRocmPath;
  const versions = (await machine.names('/opt')).filter((name) => name.startsWith('rocm-'));
  // The newest first, 6.10 after 6.9.
  const newestFirst = versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const name of newestFirst) yield `/opt/${name}`;
  const sdk = await machine.tool('rocm-sdk', ['path', '--root']);
  const root = sdk?.output.trim().split('\n').pop() ?? '';
  if (sdk?.problem === undefined && root.startsWith('/')) yield root;
  for (const name of ['ROCM_PATH', 'ROCM_HOME', 'HIP_PATH']) yield* upwards(machine.variable(name));
  yield '/usr/local/rocm';
  const home = machine.variable('HOME');
  if (home) yield* [`${home}/rocm`, `${home}/therock`];
  for (const tool of ['amd-smi', 'rocm-smi', 'rocminfo']) {
    const path = await machine.which(tool);
    if (path !== undefined) yield* upwards(dirname(path));
  }
}

/** A folder and the four above it: `HIP_PATH` is often `/opt/rocm/hip`. */
function* upwards(path: string | undefined): Generator<string> {
  let folder = path ?? '';
  for (let level = 0; level <= 4 && folder.startsWith('/') && folder !== '/'; level++) {
    yield folder;
    folder = dirname(folder);
  }
}

async function looksLikeRocm(machine: MachineView, folder: string): Promise<boolean> {
  const signs = [
    'share/therock/therock_manifest.json',
    'share/therock/dist_info.json',
    'bin/rocminfo',
    '.info/version',
  ];
  const tools = ['bin/amd-smi', 'bin/rocm-smi'];
  const there = (names: readonly string[]): Promise<boolean[]> =>
    Promise.all(names.map((name) => machine.exists(`${folder}/${name}`)));
  return (await there(signs)).includes(true) || !(await there(tools)).includes(false);
}
