import { expect, test } from 'vitest';
import { cardFromManifest } from '../package/manifest-card.ts';
import { refuseContainerWishes } from './container-wishes.ts';

const refuse = (card: object, values: Record<string, unknown>) =>
  refuseContainerWishes(cardFromManifest({ name: 'x', ...card }), {
    values,
    origins: { docker_cpus: '--additional-context' },
  });

test('all that asks for a container is named, with where it stands', () => {
  const values = { docker_cpus: '0-3', docker_mounts: { '/data': '/srv' }, MAD_CONTAINER_IMAGE: 'a:b' };
  expect(() => refuse({ additional_docker_run_options: '--shm-size=1g' }, values)).toThrowError(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message:
        '--engine host has no container, which these ask for: additional_docker_run_options of card x, ' +
        'docker_cpus of the context (--additional-context), docker_mounts of the context, MAD_CONTAINER_IMAGE of the context',
    }),
  );
});

test('empty values and what works without a container ask for none', () => {
  const values = { docker_cpus: ' ', docker_mounts: {}, docker_env_vars: { A: '1' }, docker_gpus: '0' };
  expect(() => refuse({ additional_docker_run_options: '' }, values)).not.toThrow();
});
