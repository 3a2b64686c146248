import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Whether an output of a tool stands beside `perf.csv`, too, as the Python tool had it there. That folder is mostly the
 * package, which an entry of a hostile `tools.json` must not be able to write over.
 */
export const isOutputName = (name: string): boolean =>
  /^(?!perf)(?:[\w.-]+_output(?:\.csv)?|[\w.-]+_trace\.csv|trace\.(?:rpd|db|json|json\.gz))$/.test(name);

/** What an earlier run left in the package must not stand, read-only, in the place of this run's. */
export async function removeEarlierOutputs(workspace: string): Promise<void> {
  for (const entry of await readdir(workspace, { withFileTypes: true }))
    if (entry.isSymbolicLink() && isOutputName(entry.name)) await rm(join(workspace, entry.name));
}
