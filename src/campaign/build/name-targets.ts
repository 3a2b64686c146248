/** What images are called in their registries. */
import { posix } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { parseImageReference, printImageReference, registryImage } from '../../image/reference.ts';
import type { Access } from '../prepare.ts';
import type { ImageTask } from './image-task.ts';
import type { WantedModel } from './wanted-model.ts';

/** Before anything is built, so that a registry that makes no reference costs no time. */
export function nameTargets(
  tasks: readonly ImageTask[],
  wanted: readonly WantedModel[],
  { credentials }: Access,
): void {
  const wishes = new Map(wanted.map(({ card, registryImage: name }) => [card, name]));
  const wish = ({ cards }: ImageTask): string | undefined => cards[0] && wishes.get(cards[0]);
  const targets = new Map<string, ImageTask>();
  for (const task of tasks) {
    const named = wish(task);
    if (named !== undefined) {
      const several = tasks.filter((other) => wish(other) === named).length > 1;
      task.registryImage = several ? withSuffix(named, task) : named;
    } else if (task.registry !== undefined) {
      task.registryImage = registryImage(task.registry, credentials, task.image);
    } else continue;
    const other = targets.get(task.registryImage);
    if (other) {
      throw new MadError(
        'INVALID_FILE',
        `${other.image} and ${task.image} would both be pushed as ${task.registryImage}`,
        {
          hint: 'Give each model a registry_image of its own.',
        },
      );
    }
    targets.set(task.registryImage, task);
  }
}

/** `my-org/dummy:latest_ubuntu.amd`: what the Dockerfile's name has behind the card's, and the architecture. */
function withSuffix(name: string, { cards, dockerfile, architecture }: ImageTask): string {
  const prefix = `${posix.normalize(cards[0]?.dockerfile ?? '')}.`;
  const rest = dockerfile.path.startsWith(prefix) ? dockerfile.path.slice(prefix.length) : '';
  const parts = [rest.replace(/\.?Dockerfile$/, ''), architecture ?? ''].filter((part) => part !== '');
  const suffix = parts.join('_').replace(/[^A-Za-z0-9_.-]/g, '-');
  const reference = parseImageReference(name);
  if (suffix === '') return name;
  return printImageReference(
    parseImageReference(printImageReference({ ...reference, tag: `${reference.tag ?? 'latest'}_${suffix}` })),
  );
}
