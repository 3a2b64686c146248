import { MadError } from '../foundation/error.ts';
import { nearestNames } from '../foundation/nearest-name.ts';
import type { Target } from './target.ts';

/** Each is loaded only for a campaign whose jobs go there. */
const targets: Readonly<Record<string, () => Promise<Target>>> = {
  local: async () => (await import('./local/local-target.ts')).local,
};

export const targetNames: readonly string[] = Object.keys(targets);

/** `more`: targets of plugins. Throws INVALID_ARGUMENT for a name that no target has. */
export function findTarget(
  name: string,
  more: ReadonlyMap<string, Target> = new Map(),
): () => Promise<Target> {
  const ofPlugin = more.get(name);
  if (ofPlugin) return async () => ofPlugin;
  const found = Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (found) return found;
  const names = [...targetNames, ...more.keys()];
  const near = nearestNames(name, names, 1)[0];
  throw new MadError(
    'INVALID_ARGUMENT',
    `--target: there is no target ${JSON.stringify(name.slice(0, 60))}`,
    {
      hint: near === undefined ? `Targets: ${names.join(', ')}.` : `Did you mean ${near}?`,
    },
  );
}
