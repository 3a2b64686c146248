import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import type { ContextLayer } from './merge.ts';
import { finishContext, readContextLayers } from './read.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'context-'));
});
afterAll(() => rm(folder, { recursive: true }));

const given = (values: Record<string, unknown>): ContextLayer[] => [
  { origin: '--additional-context', values },
];

async function failure(act: () => unknown): Promise<MadError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof MadError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('the string lies over the file, and both may be JSON or Python', async () => {
  await writeFile(
    join(folder, 'ctx.json'),
    "\uFEFF{'gpu_vendor': 'NVIDIA', 'docker_env_vars': {'A': 'file', 'B': 1,}}",
  );
  const layers = await readContextLayers({
    additionalContextFile: 'ctx.json',
    additionalContext: '{"docker_env_vars": {"A": "string"}}',
    env: {},
    cwd: folder,
  });
  const context = finishContext(layers, { gpu_vendor: 'AMD', guest_os: 'UBUNTU' });
  expect(context.values).toEqual({
    gpu_vendor: 'NVIDIA',
    guest_os: 'UBUNTU',
    docker_env_vars: { A: 'string', B: '1' },
  });
  expect(context.origins).toEqual({
    gpu_vendor: '--additional-context-file',
    guest_os: 'default',
    'docker_env_vars.A': '--additional-context',
    'docker_env_vars.B': '--additional-context-file',
  });
});

test('secrets of the environment are no context values', async () => {
  const layers = await readContextLayers({
    additionalContext: '{}',
    env: { MAD_SECRETS_TOKEN: 'hidden-value' },
    cwd: folder,
  });
  expect(JSON.stringify(finishContext(layers, {}))).not.toContain('hidden-value');
});

test('nothing given is no layer', async () => {
  expect(await readContextLayers({ additionalContext: ' ', env: {}, cwd: folder })).toEqual([]);
});

test('a broken string names line, column and the way out', async () => {
  const error = await failure(() =>
    readContextLayers({ additionalContext: '{gpu_vendor: AMD}', env: {}, cwd: folder }),
  );
  expect(error.code).toBe('INVALID_ARGUMENT');
  expect(error.exitCode).toBe(4);
  expect(error.message).toContain('line 1, column 2');
  expect(error.hint).toContain('single quotes');
});

test('a file name where the string should be is answered with the right option', async () => {
  const error = await failure(() =>
    readContextLayers({ additionalContext: 'ctx.json', env: {}, cwd: folder }),
  );
  expect(error.hint).toContain('--additional-context-file');
});

test('a list where an object should be is not put down to the shell', async () => {
  const error = await failure(() => readContextLayers({ additionalContext: '[1]', env: {}, cwd: folder }));
  expect(error.hint).toMatch(/^Write an object/);
});

test.each([
  ['missing.json', 'FILE_NOT_FOUND', /no such file/],
  ['.', 'INVALID_FILE', /not a file/],
  ['list.json', 'INVALID_FILE', /expected an object.*found a list/],
  ['broken.json', 'INVALID_FILE', /line 2, column 1/],
])('the context file %s is refused', async (file, code, message) => {
  await writeFile(join(folder, 'list.json'), '[1]');
  await writeFile(join(folder, 'broken.json'), '{"a": 1\n');
  const error = await failure(() => readContextLayers({ additionalContextFile: file, env: {}, cwd: folder }));
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
  expect(error.exitCode).toBe(4);
});

test('known keys are brought to the form that the program uses', () => {
  const context = finishContext(
    given({
      gpu_vendor: 'nvidia',
      guest_os: ' Rocky',
      docker_build_arg: { N: 3, ON: true, T: 'x' },
      docker_env_vars: { LR: 0.5 },
      docker_gpus: '0, 2-4',
      docker_cpus: 7,
      timeout_multiplier: 1.5,
      encapsulate_script: null,
      my_filter: { kept: [1] },
    }),
    {},
  );
  expect(context.values).toEqual({
    gpu_vendor: 'NVIDIA',
    guest_os: 'ROCKY',
    docker_build_arg: { N: '3', ON: 'True', T: 'x' },
    docker_env_vars: { LR: '0.5' },
    docker_gpus: '0,2-4',
    docker_cpus: '7',
    timeout_multiplier: 1.5,
    my_filter: { kept: [1] },
  });
});

test('an empty vendor in a manifest hides no default', () => {
  const layers: ContextLayer[] = [{ origin: 'manifest', values: { gpu_vendor: '', guest_os: null } }];
  const context = finishContext(layers, { gpu_vendor: 'AMD', guest_os: 'UBUNTU' });
  expect(context.values).toEqual({ gpu_vendor: 'AMD', guest_os: 'UBUNTU' });
  expect(context.origins.gpu_vendor).toBe('default');
});

test.each([
  [{ gpu_vendor: 'FOO' }, /gpu_vendor: "FOO" is none of AMD, NVIDIA, INTEL, NONE/],
  [{ guest_os: 5 }, /guest_os: expected one of/],
  [{ docker_build_arg: 'x' }, /docker_build_arg: expected an object/],
  [
    { docker_build_arg: { A: [] } },
    /docker_build_arg\.A: expected text, a number or a boolean, found a list/,
  ],
  [{ docker_build_arg: { A: 2 ** 60 } }, /docker_build_arg\.A: .*quotes/],
  [{ docker_env_vars: { 'MY-VAR': '1' } }, /docker_env_vars\.MY-VAR: a variable name/],
  [{ docker_mounts: { data: '/x' } }, /docker_mounts\.data: the key is the absolute path/],
  [{ docker_mounts: { '/data': 3 } }, /docker_mounts\.\/data: expected a path/],
  [{ docker_gpus: '0;1' }, /docker_gpus: "0;1" is no list/],
  [{ docker_gpus: '0 1' }, /docker_gpus: "0 1" is no list/],
  [{ docker_gpus: 'MIG-0a1b2c3d,' }, /docker_gpus: "MIG-0a1b2c3d," is no list/],
  [{ docker_gpus: 'GPU-0a1b2c3d,3-1' }, /docker_gpus: "GPU-0a1b2c3d,3-1" is no list/],
  [{ docker_cpus: '0,7-4' }, /docker_cpus: the range 7-4 goes backwards/],
  [{ docker_gpus: '0-99999999999' }, /docker_gpus: 99999999999 is beyond every machine/],
  [{ gpu_renderDs: [128, 129, 128] }, /gpu_renderDs: the render node 128 stands there twice/],
  [{ gpu_renderDs: [128, 1] }, /gpu_renderDs\[1\]: expected the number of a render node/],
  [{ timeout_multiplier: 0 }, /timeout_multiplier: expected a number above 0/],
  [{ timeout_multiplier: '2' }, /timeout_multiplier: expected a number, found text/],
  [{ tools: { name: 'x' } }, /tools: expected a list/],
  [{ tools: [{ name: 'a' }, { cmd: 'b' }] }, /tools\[1\]\.name: this key is missing/],
  [{ pre_scripts: [{ path: 1 }] }, /pre_scripts\[0\]\.path: expected text/],
  [{ log_error_patterns: [] }, /log_error_patterns: expected at least one entry/],
  [{ slurm: [] }, /slurm: expected an object/],
])('%o is refused with the path of its key', async (values, message) => {
  const error = await failure(() => finishContext(given(values), {}));
  expect(error.code).toBe('INVALID_ARGUMENT');
  expect(error.message).toMatch(message);
  expect(error.message).toContain('(from --additional-context)');
});

test('all wrong keys are named at once', async () => {
  const error = await failure(() => finishContext(given({ gpu_vendor: 'X', docker_cpus: [] }), {}));
  expect(error.message).toMatch(/gpu_vendor.*\n.*docker_cpus/);
});
