import { expect, test } from 'vitest';
import { Scrubber, Secret } from '../foundation/secret.ts';
import { splitSecrets } from './secret-environment.ts';

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
