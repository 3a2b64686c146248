import type { Context } from '../context/context.ts';
import { MadError } from '../foundation/error.ts';
import type { ModelCard } from '../package/card.ts';

const onlyInContainers = ['docker_cpus', 'docker_mounts', 'MAD_CONTAINER_IMAGE'] as const;

/** For `--engine host`: throws INVALID_ARGUMENT that names all that card and context ask of a container. */
export function refuseContainerWishes(card: ModelCard, context: Context): void {
  const wishes = [
    ...(card.additional_docker_run_options.trim() === ''
      ? []
      : [`additional_docker_run_options of card ${card.name}`]),
    ...onlyInContainers
      .filter((key) => isAsked(context.values[key]))
      .map((key) => `${key} of the context${context.origins[key] ? ` (${context.origins[key]})` : ''}`),
  ];
  if (wishes.length === 0) return;
  throw new MadError(
    'INVALID_ARGUMENT',
    `--engine host has no container, which these ask for: ${wishes.join(', ')}`,
    { hint: 'Take them out, or run with --engine docker or --engine podman.' },
  );
}

function isAsked(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false;
  if (typeof value === 'string') return value.trim() !== '';
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
