/** The outputs are those of podman 4.3, cut to what is read. */
import { stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { Secret } from '../../foundation/secret.ts';
import { fakeRunner } from '../command/fake-runner.ts';
import { podmanEngine, withCdiDevices } from './podman.ts';

const info = JSON.stringify({
  host: { serviceIsRemote: false, security: { rootless: true } },
  store: { graphRoot: '/home/u/.local/share/containers/storage' },
  version: { Version: '4.3.1' },
});
const installed = { podman: '/usr/bin/podman' };

test('podman builds with secrets and named contexts, but is not BuildKit', async () => {
  const runner = fakeRunner([{ when: 'podman info', stdout: info }], installed);
  expect(await podmanEngine(runner).capabilities()).toMatchObject({
    kind: 'podman',
    version: '4.3.1',
    buildKit: false,
    buildSecrets: true,
    namedContexts: true,
    rootless: true,
    sharesFiles: true,
    storage: '/home/u/.local/share/containers/storage',
  });
});

test('a podman that does not work is an engine that is not there', async () => {
  const runner = fakeRunner(
    [{ when: 'podman info', exitCode: 125, stderr: 'Error: cannot re-exec' }],
    installed,
  );
  await expect(podmanEngine(runner).capabilities()).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    message: expect.stringContaining('cannot re-exec'),
  });
});

test('logins lie in a file of their own, and registries on this machine may speak plain HTTP', async () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  let digestFile = '';
  const runner = fakeRunner(
    [
      {
        when: 'podman push',
        async act({ argv }) {
          digestFile = argv.find((word) => word.startsWith('--digestfile='))?.slice(13) ?? '';
          await writeFile(digestFile, digest);
          return undefined;
        },
      },
      { when: 'podman login' },
    ],
    installed,
  );
  const engine = podmanEngine(runner);
  await engine.login('docker.io', 'bot', new Secret('p', 'word'), { configDir: '/c' });
  expect(await engine.push('localhost:5000/x', { configDir: '/c' })).toBe(digest);
  expect(runner.lines).toEqual([
    'podman login --authfile=/c/auth.json --username=bot --password-stdin docker.io',
    `podman push --digestfile=${digestFile} --authfile=/c/auth.json --tls-verify=false localhost:5000/x`,
  ]);
  await expect(stat(dirname(digestFile))).rejects.toThrow('ENOENT');
});

test('a filter with commas is quoted, as podman reads it as CSV', async () => {
  const runner = fakeRunner([{ when: 'podman ps', stdout: '' }], installed);
  await podmanEngine(runner).list({ a: 'b,"c"' });
  expect(runner.commands[0]?.argv.at(-1)).toBe('--filter="label=a=b,""c"""');
});

test('NVIDIA GPUs are named as podman knows them', () => {
  expect(withCdiDevices(['--ipc=host', '--gpus', '"device=0,2"', '-v', 'a:b'])).toEqual([
    ...['--ipc=host', '--device=nvidia.com/gpu=0', '--device=nvidia.com/gpu=2', '-v', 'a:b'],
  ]);
  expect(withCdiDevices(['--gpus=all'])).toEqual(['--device=nvidia.com/gpu=all']);
});
