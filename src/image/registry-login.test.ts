import { expect, test } from 'vitest';
import { TransferError } from '../machine/engine/transfer-error.ts';
import { fakeEngine } from './fake-engine.ts';
import { credentialsOf } from './fixture.ts';
import { loginFor, loginForImage, loginOnce } from './registry-login.ts';

const entries = {
  dockerhub: { username: 'hub', password: 'hub-password' },
  'localhost:5000': { USERNAME: 'local', PASSWORD: 'local-password' },
  'gcr.io': { username: 'host', password: 'host-password' },
  'gcr.io/ml-bench': { username: 'path', password: 'path-password' },
  'half.io': { username: 'half' },
};

test.each([
  ['', 'docker.io', 'hub'],
  ['docker.io', 'docker.io', 'hub'],
  ['dockerhub', 'docker.io', 'hub'],
  ['docker.io/group', 'docker.io', 'hub'],
  ['https://localhost:5000/', 'localhost:5000', 'local'],
  ['localhost:5000/path', 'localhost:5000', 'local'],
  ['gcr.io/ml-bench', 'gcr.io', 'path'],
  ['gcr.io/other', 'gcr.io', 'host'],
])('the login for %j is that of %s as %s', (registry, host, username) => {
  const login = loginFor(registry, credentialsOf(entries));
  expect(login).toMatchObject({ registry: host, username });
  expect(login?.password.reveal()).toBe(`${username}-password`);
});

test.each(['quay.io', 'half.io', 'localhost:5001'])('there is no login for %s', (registry) => {
  expect(loginFor(registry, credentialsOf(entries))).toBeUndefined();
});

const login = () => {
  const found = loginFor('gcr.io', credentialsOf(entries));
  if (!found) throw new Error('no login');
  return found;
};
const loginError = (problem: 'unauthorized' | 'network') =>
  new TransferError('LOGIN_FAILED', problem, problem, '');

test('one registry is logged in to once, also by images that are pushed at the same time', async () => {
  const engine = fakeEngine();
  await Promise.all([loginOnce(engine, login(), '/c'), loginOnce(engine, login(), '/c')]);
  await loginOnce(engine, login(), '/c');
  await loginOnce(engine, login(), '/other');
  expect(engine.asked).toEqual(['login gcr.io host /c', 'login gcr.io host /other']);
});

test('a refused login is not tried again, one that the network broke is', async () => {
  const engine = fakeEngine({ failures: { login: [loginError('network'), loginError('unauthorized')] } });
  await expect(loginOnce(engine, login(), '/c')).rejects.toThrow('network');
  await expect(loginOnce(engine, login(), '/c')).rejects.toThrow('unauthorized');
  await expect(loginOnce(engine, login(), '/c')).rejects.toThrow('unauthorized');
  expect(engine.asked).toHaveLength(2);
});

test.each<[string, (string | undefined)[], string]>([
  ['gcr.io/ml-bench/x:1', ['gcr.io/ml-bench'], 'path'],
  ['gcr.io/other/x:1', ['gcr.io/ml-bench', 'gcr.io'], 'host'],
  ['gcr.io/ml-bench2/x:1', ['gcr.io/ml-bench'], 'host'],
  ['localhost:5000/x:1', [undefined, 'docker.io'], 'local'],
  ['my-org/x:latest', ['localhost:5000', 'dockerhub'], 'hub'],
  ['my-org/x', [], 'hub'],
])(
  'an image %s with the registries %j is fetched with the login of its own registry',
  (image, registries, username) => {
    expect(loginForImage(image, registries, credentialsOf(entries))).toMatchObject({ username });
  },
);
