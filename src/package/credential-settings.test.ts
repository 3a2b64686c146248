import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readCredentials } from './credential-file.ts';
import { credentialSettings } from './credential-settings.ts';

test('each credential is shown with where it came from, and no secret of it', async () => {
  const root = await mkdtemp(join(tmpdir(), 'credentials-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const file = {
    LAB_GIT: { username: 'bot', password: 'hidden-1' },
    MAD_MINIO: { USERNAME: 'replaced', PASSWORD: 'hidden-2' },
    NAS_NODES: [{ HOST: 'nas-1', PASSWORD: 'hidden-3' }],
  };
  await writeFile(join(root, 'credential.json'), JSON.stringify(file), { mode: 0o600 });
  const env = {
    MAD_MINIO: '{"username": "key", "password": "hidden-4"}',
    MAD_DOCKERHUB_USER: 'lab',
    MAD_DOCKERHUB_PASSWORD: 'hidden-5',
    MAD_SECRETS_HF: 'hidden-6',
  };
  const shown = credentialSettings(await readCredentials(root, env));
  expect(shown.map(({ name, value, origin }) => `${name} = ${value} (${origin})`).sort()).toEqual([
    'LAB_GIT.password = ****** (credential.json)',
    'LAB_GIT.username = "bot" (credential.json)',
    'MAD_MINIO.password = ****** (environment)',
    'MAD_MINIO.username = "key" (environment)',
    'MAD_SECRETS_HF = ****** (environment)',
    'NAS_NODES[0].HOST = "nas-1" (credential.json)',
    'NAS_NODES[0].PASSWORD = ****** (credential.json)',
    'dockerhub.password = ****** (environment)',
    'dockerhub.username = "lab" (environment)',
  ]);
});
