import { join } from 'node:path';
import type { CodeSplittingOptions } from 'rolldown';

/**
 * What is loaded together lies in one file: every file costs a start about half a millisecond, and split by importers alone,
 * a run by manifest loads 120 of them. A module belongs to the first group that needs it at once; the rest, which only
 * some commands or models ask for, is split by its importers.
 */
const groups: readonly (readonly [name: string, ...entries: string[]])[] = [
  ['main', 'src/cli/main.ts'],
  ['command', 'src/cli/session.ts', 'src/cli/terminal/plain.ts'],
  // The engine is asked first, and answers while the rest is being loaded.
  ['engine', 'src/cli/command/run.ts', 'src/machine/engine/docker.ts'],
  ['discover', 'src/cli/command/discover.ts'],
  [
    'run',
    'src/campaign/run-campaign.ts',
    'src/run/environment/environment-captures.ts',
    'src/target/local/local-target.ts',
    'src/run/run-job.ts',
    'src/run/pull-image.ts',
    'src/foundation/file/folder-changes.ts',
    'src/package/shipped-folder.ts',
  ],
];

/** The groups as the bundler takes them; `root` is the folder of the entries' paths. Throws for an entry without a module. */
export function loadGroups(root: string): CodeSplittingOptions {
  let placed: ReadonlyMap<string, string> | undefined;
  return {
    // A group is what its entries need at once, less what an earlier group has: never whole closures of single modules.
    includeDependenciesRecursively: false,
    groups: [
      {
        debugName: 'loaded together',
        name(id, context) {
          placed ??= placeModules(root, (module) => context.getModuleInfo(module)?.importedIds);
          return placed.get(id) ?? null;
        },
      },
    ],
  };
}

function placeModules(
  root: string,
  importsOf: (module: string) => readonly string[] | undefined,
): ReadonlyMap<string, string> {
  const placed = new Map<string, string>();
  for (const [name, ...entries] of groups) {
    const waiting = entries.map((entry) => join(root, entry));
    for (let module = waiting.pop(); module !== undefined; module = waiting.pop()) {
      if (placed.has(module)) continue;
      const imports = importsOf(module);
      if (!imports) throw new Error(`${module} is in no bundle: mend the list of groups.`);
      placed.set(module, name);
      waiting.push(...imports);
    }
  }
  return placed;
}
