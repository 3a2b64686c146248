import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MadError } from '../foundation/error.ts';
import { Secret } from '../foundation/secret.ts';
import { credentialValue, keyFiles, ownFile, readCredentials, revealed } from './credential-file.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'madengine-credentials-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const write = async (content: unknown, mode = 0o600) => {
  const file = join(root, 'credential.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  await chmod(file, mode);
};
const revealAll = (secrets: readonly Secret[]) =>
  Object.fromEntries(secrets.map((secret) => [secret.name, secret.reveal()]));

test('without a file there are no credentials and no warnings', async () => {
  const found = await readCredentials(root, {});
  expect([...found.entries]).toEqual([]);
  expect(found.secrets).toEqual([]);
  expect(found.warnings).toEqual([]);
});

test('every value is a secret unless its key is a plain one', async () => {
  await write({
    AMD_GITHUB: { username: 'me', password: 'p@ss word', ssh_key_file: '/k' },
    'localhost:5000': { repository: 'bench', TOKEN: 'tok', empty: null },
  });
  const found = await readCredentials(root, {});
  expect(revealAll(found.secrets)).toEqual({
    'AMD_GITHUB.password': 'p@ss word',
    'localhost:5000.TOKEN': 'tok',
  });
  const entry = found.entries.get('AMD_GITHUB');
  expect(entry?.username).toBe('me');
  expect(credentialValue(entry, 'PASSWORD')).toBeInstanceOf(Secret);
  expect(revealed(credentialValue(found.entries.get('localhost:5000'), 'token'))).toBe('tok');
  expect(credentialValue(entry, 'absent')).toBeUndefined();
  expect(credentialValue(entry, 'constructor')).toBeUndefined();
  expect(found.origins.get('AMD_GITHUB')).toBe('credential.json');
  expect(JSON.stringify([...found.entries])).not.toContain('p@ss');
});

test('numbers are taken as text, a password inside a URL is a secret, so is all that is nested', async () => {
  await write({ a: { PORT: 22, password: 123456, url: 'https://u:pw@host/', more: { deep: ['hidden'] } } });
  const found = await readCredentials(root, {});
  expect(found.entries.get('a')?.PORT).toBe('22');
  expect(found.secrets.map((secret) => secret.reveal())).toEqual(
    expect.arrayContaining(['123456', 'https://u:pw@host/', 'hidden']),
  );
});

test('NAS_NODES is a list of entries', async () => {
  await write({ NAS_NODES: [{ NAME: 'n', HOST: 'h', PORT: 22, USERNAME: 'u', PASSWORD: 'secret' }] });
  const found = await readCredentials(root, {});
  expect(found.lists.get('NAS_NODES')?.[0]).toMatchObject({ HOST: 'h', PORT: '22' });
  expect(revealAll(found.secrets)).toEqual({ 'NAS_NODES[0].PASSWORD': 'secret' });
});

test('variables of the environment win over the file, and the replaced value stays a secret', async () => {
  await write({
    dockerhub: { username: 'old', password: 'old-secret', repository: 'r' },
    MAD_MINIO: { USERNAME: 'o' },
  });
  const found = await readCredentials(root, {
    MAD_DOCKERHUB_USER: 'new',
    MAD_DOCKERHUB_PASSWORD: 'new-secret',
    MAD_MINIO: '{"USERNAME": "m", "PASSWORD": "minio-secret"}',
    MY_MAD_SECRETS_HF: 'hf-secret',
  });
  expect(Object.keys(found.entries.get('dockerhub') ?? {})).toEqual(['username', 'password']);
  expect(found.entries.get('MAD_MINIO')?.USERNAME).toBe('m');
  expect(found.environment.get('MY_MAD_SECRETS_HF')?.reveal()).toBe('hf-secret');
  expect(found.secrets.map((secret) => secret.reveal()).sort()).toEqual(
    ['hf-secret', 'minio-secret', 'new-secret', 'old-secret'].sort(),
  );
  expect(found.origins.get('MAD_MINIO')).toBe('MAD_MINIO');
});

test('a user without a password leaves the file in force', async () => {
  await write({ dockerhub: { username: 'old', password: 'old-secret' } });
  const found = await readCredentials(root, { MAD_DOCKERHUB_USER: 'new' });
  expect(found.entries.get('dockerhub')?.username).toBe('old');
});

test.each([
  ['[]', 'expected an object, found a list'],
  ['"x"', 'expected an object, found a string'],
  ['{"a": "hunter2hunter2"}', 'key "a": expected an object, found a string'],
  ['{"a": ["hunter2hunter2"]}', 'a list with a string in it'],
  ['{"a":\n {"password": hunter2hunter2}}', 'credential.json:2:15'],
])('refuses %j without showing its values', async (text, expected) => {
  await write(text);
  const error = await readCredentials(root, {}).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'INVALID_FILE', message: expect.stringContaining(expected) });
  expect(`${(error as Error).message}${(error as Error).cause}`).not.toContain('hunter2');
});

test('bad JSON in NAS_NODES is answered with a list, which it has to be', async () => {
  const error = await readCredentials(root, { NAS_NODES: '[' }).catch((thrown: unknown) => thrown);
  expect((error as MadError).hint).toContain(`NAS_NODES='[{"HOST"`);
});

test.each(['MAD_MINIO', 'MAD_AWS_S3', 'NAS_NODES', 'PUBLIC_GITHUB_ROCM_KEY'])(
  'bad JSON in %s names the variable and shows no value',
  async (name) => {
    for (const value of ['{"password": hunter2hunter2}', '"hunter2hunter2"']) {
      const error = await readCredentials(root, { [name]: value }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'INVALID_ENVIRONMENT', message: expect.stringContaining(name) });
      expect((error as Error).message).not.toContain('hunter2');
    }
  },
);

test('a file that others can read, and a value that is only a variable name, are worth a warning', async () => {
  await write({ a: { password: '${MY_TOKEN}' } }, 0o644);
  const { warnings } = await readCredentials(root, {});
  expect(warnings.join('\n')).toMatch(/a\.password is a variable's name.*\n.*mode 644/);
});

test.each([
  [0o640, /can be read by others .*mode 640.*chmod 600/],
  [0o622, /can be changed by others/],
  [0o666, /can be read and changed/],
])('mode %o is worth a warning', async (mode, expected) => {
  await write({}, mode);
  expect((await readCredentials(root, {})).warnings).toEqual([expect.stringMatching(expected)]);
});

test.each([0o600, 0o400, 0o700])('mode %o is not', async (mode) => {
  await write({}, mode);
  expect((await readCredentials(root, {})).warnings).toEqual([]);
});

test.runIf(process.getuid?.() === 0)('root is not told that a file belongs to somebody else', async () => {
  await write({});
  await chown(join(root, 'credential.json'), 1500, 1500);
  expect((await readCredentials(root, {})).warnings).toEqual([]);
});

test('a variable that nobody replaced does not take the place of a secret, and is told', async () => {
  await write({
    MAD_MINIO: { USERNAME: 'u', password: 'open sesame' },
    dockerhub: { username: 'me', password: 'hub sesame' },
  });
  const found = await readCredentials(root, {
    MAD_MINIO: '{"USERNAME": "new", "PASSWORD": "${MINIO_PASSWORD}", "TOKEN": "$TOKEN"}',
    MAD_DOCKERHUB_USER: 'me',
    MAD_DOCKERHUB_PASSWORD: '$HUB_PASSWORD',
    MAD_SECRETS_HF: '${HF_TOKEN}',
  });
  const minio = found.entries.get('MAD_MINIO');
  expect(revealed(minio?.PASSWORD)).toBe('open sesame');
  expect(revealed(minio?.USERNAME)).toBe('new');
  expect(revealed(found.entries.get('dockerhub')?.password)).toBe('hub sesame');
  expect(found.warnings).toEqual([
    "dockerhub.password is a variable's name, not its value: the one of credential.json is used.",
    "MAD_MINIO.PASSWORD is a variable's name, not its value: the one of credential.json is used.",
    "MAD_MINIO.TOKEN is a variable's name, not its value: nothing replaces it here.",
    "MAD_SECRETS_HF is a variable's name, not its value: nothing replaces it here.",
  ]);
});

test('a password that only begins with a dollar is a password', async () => {
  await write({ a: { password: '$ecret!' } });
  expect((await readCredentials(root, {})).warnings).toEqual([]);
});

test('files count from the package; keys inside of it are found', async () => {
  await write({
    A: { SSH_KEY_FILE: 'keys/id' },
    B: { ssh_key_file: '~/.ssh/id', known_hosts_file: 'known' },
    NAS_NODES: [
      { HOST: 'h', ssh_key_file: join(root, 'other') },
      { HOST: 'i', ssh_key_file: '../out' },
    ],
  });
  const found = await readCredentials(root, {});
  expect(keyFiles(found, root)).toEqual(['keys/id', 'other']);
  expect(found.secrets).toEqual([]);
  expect(ownFile('keys/id', '/mad')).toBe('/mad/keys/id');
  expect(ownFile('~/.ssh/id', '/mad')).toBe('~/.ssh/id');
  expect(ownFile(' ', '/mad')).toBeUndefined();
});
