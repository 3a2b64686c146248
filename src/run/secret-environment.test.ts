import { expect, test } from 'vitest';
import { Scrubber, Secret } from '../foundation/secret.ts';
import type { Credentials } from '../package/credential-file.ts';
import { secretVariables, splitSecrets } from './secret-environment.ts';

const scrubber = new Scrubber([new Secret('MAD_SECRETS_TOKEN', 's3cret/t0ken')]);

test('variables that repeat a secret, in whatever form, travel as secrets; the others stay in sight', () => {
  const { plain, secret } = splitSecrets(
    { COPY: 's3cret/t0ken', ADDRESS: 'https://me:s3cret%2Ft0ken@host/', MODE: 'fast', EMPTY: '' },
    scrubber,
  );
  expect(plain).toEqual({ MODE: 'fast', EMPTY: '' });
  expect(secret.COPY?.reveal()).toBe('s3cret/t0ken');
  expect(secret.ADDRESS?.reveal()).toBe('https://me:s3cret%2Ft0ken@host/');
});

test('without secrets nothing is taken out', () => {
  const variables = { MODE: 'fast' };
  expect(splitSecrets(variables, scrubber)).toEqual({ plain: variables, secret: {} });
});

test("a model gets MAD_SECRETS* by their names and its card's credential field by field", () => {
  const entry = { username: 'bot', 'ssh-key': new Secret('GIT.ssh-key', 'k3y') };
  const credentials = { entries: new Map([['MY_GIT', entry]]) } as unknown as Credentials;
  const hf = new Secret('MAD_SECRETS_HF', 'hf');
  const shown = (cred: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(secretVariables(cred, credentials, [hf])).map(([name, secret]) => [
        name,
        secret.reveal(),
      ]),
    );
  expect(shown('MY_GIT')).toEqual({ MAD_SECRETS_HF: 'hf', MY_GIT_USERNAME: 'bot', MY_GIT_SSH_KEY: 'k3y' });
  expect(shown('')).toEqual({ MAD_SECRETS_HF: 'hf' });
});
