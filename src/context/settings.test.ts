import { expect, test } from 'vitest';
import { mergeContext } from './merge.ts';
import { contextSettings, openSecrets } from './settings.ts';

const context = mergeContext([
  { origin: 'default', values: { gpu_vendor: 'AMD' } },
  { origin: 'manifest', values: { docker_env_vars: { OLD_TOKEN: 'x' } } },
  { origin: 'project file', values: { docker_env_vars: { A: '1' }, empty: {} } },
  {
    origin: '--additional-context',
    values: { docker_env_vars: { HF_TOKEN: 'hidden', MAX_TOKENS: '5' }, tools: [{ password: 'hidden' }] },
  },
]);

test('every value is shown with its origin, and nothing that sounds like a secret', () => {
  const shown = contextSettings(context);
  expect(shown.map(({ name, value, origin }) => `${name} = ${value} (${origin})`)).toEqual([
    'docker_env_vars.A = "1" (project file)',
    'docker_env_vars.HF_TOKEN = ****** (--additional-context)',
    'docker_env_vars.MAX_TOKENS = "5" (--additional-context)',
    'docker_env_vars.OLD_TOKEN = ****** (manifest)',
    'empty = {} (project file)',
    'gpu_vendor = "AMD" (default)',
    'tools = [{"password":"******"}] (--additional-context)',
  ]);
});

test('variables that sound like secrets are found where they are given, not where a manifest holds them', () => {
  expect(openSecrets(context)).toEqual(['docker_env_vars.HF_TOKEN']);
});
