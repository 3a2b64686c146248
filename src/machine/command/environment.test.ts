import { expect, test } from 'vitest';
import { childEnvironment } from './environment.ts';

test('children get what they need to find programs, engines, proxies and certificates', () => {
  const env = {
    PATH: '/bin',
    HOME: '/root',
    LC_ALL: 'C.UTF-8',
    XDG_RUNTIME_DIR: '/run/user/1',
    DOCKER_HOST: 'unix:///run/docker.sock',
    https_proxy: 'http://proxy',
    NO_PROXY: 'localhost',
    SSL_CERT_FILE: '/etc/cert.pem',
    SSH_AUTH_SOCK: '/tmp/agent',
  };
  expect(childEnvironment(env)).toEqual(env);
});

test("tokens and whatever else stands in a person's shell stay behind", () => {
  const env = {
    GITHUB_TOKEN: 'x',
    MAD_SECRETS_HF: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    GIT_DIR: '/x',
    NODE_OPTIONS: 'x',
  };
  expect(childEnvironment({ ...env, TZ: undefined })).toEqual({});
});
