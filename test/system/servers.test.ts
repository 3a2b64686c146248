import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { docker, removeImages } from './support/engine.ts';
import { temporaryFolder } from './support/folder.ts';
import { pushedDigest, registryLogin } from './support/registry.ts';

test('the open registry takes what the engine pushes', async () => {
  const { registry, baseImage } = inject('servers');
  const image = `${registry}/servers-test/open:1`;
  await docker('tag', baseImage, image);
  await docker('push', image);
  await removeImages(image);
  expect(await pushedDigest(registry, 'servers-test/open', '1')).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test('the other registry takes a push with its login, and none without', async () => {
  const { baseImage } = inject('servers');
  const { registry, username, password } = await registryLogin();
  const image = `${registry}/servers-test/login:1`;
  const configuration = await temporaryFolder();
  await docker('tag', baseImage, image);
  await expect(docker('--config', configuration, 'push', image)).rejects.toThrow('no basic auth credentials');
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  await writeFile(join(configuration, 'config.json'), JSON.stringify({ auths: { [registry]: { auth } } }));
  await docker('--config', configuration, 'push', image);
  await removeImages(image);
  expect(await pushedDigest(registry, 'servers-test/login', '1')).toMatch(/^sha256:/);
});

test('the base image runs scripts with bash and finds the usual small programs', async () => {
  const { baseImage } = inject('servers');
  const script = 'set -o pipefail; [[ $(id -un) == root ]] && env printf "%s\\n" b a | sort | head -n 1';
  expect(await docker('run', '--rm', baseImage, 'bash', '-c', script)).toBe('a');
});
