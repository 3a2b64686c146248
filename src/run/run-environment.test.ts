import { expect, test } from 'vitest';
import type { ContextOrigin } from '../context/context.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import { cardFromManifest } from '../package/manifest-card.ts';
import { type EnvironmentOptions, runEnvironment } from './run-environment.ts';

const gpus: GpuFacts = {
  vendor: 'AMD',
  count: 2,
  architecture: 'gfx942',
  devices: [
    { index: 0, runtimeIndex: 1, name: 'AMD Instinct MI300X' },
    { index: 1, runtimeIndex: 0, name: 'AMD Instinct MI300X', uuid: 'GPU-1' },
  ],
  toolkit: { name: 'HIP', version: '6.4' },
  notes: [],
};

const environment = (
  changes: Partial<EnvironmentOptions> = {},
  values: Record<string, unknown> = {},
  origins: Record<string, ContextOrigin> = {},
) =>
  runEnvironment({
    card: cardFromManifest({ name: 'x', n_gpus: '1', env_vars: { A: 'card', B: 'card' } }),
    context: { values, origins },
    gpus,
    used: [1],
    engine: 'docker',
    buildNumber: '7',
    launch: {},
    ...changes,
  });

test('a model hears of the GPUs of the machine and of its own', () => {
  expect(environment()).toMatchObject({
    MAD_GPU_VENDOR: 'AMD',
    MAD_SYSTEM_NGPUS: '2',
    MAD_RUNTIME_NGPUS: '1',
    MAD_SYSTEM_GPU_ARCHITECTURE: 'gfx942',
    MAD_SYSTEM_GPU_PRODUCT_NAME: 'AMD Instinct MI300X',
    MAD_SYSTEM_HIP_VERSION: '6.4',
    JENKINS_BUILD_NUMBER: '7',
  });
});

test('the context wins over the card, and both over what was detected', () => {
  const context = { env_vars: { B: 'context' }, docker_env_vars: { MAD_SYSTEM_NGPUS: '8', C: true } };
  expect(environment({}, context)).toMatchObject({
    A: 'card',
    B: 'context',
    C: 'True',
    MAD_SYSTEM_NGPUS: '8',
  });
});

test('the vendor that a manifest names was another machine’s; one that was typed counts', () => {
  const values = { gpu_vendor: 'NVIDIA' };
  expect(environment({}, values, { gpu_vendor: 'manifest' }).MAD_GPU_VENDOR).toBe('AMD');
  expect(environment({}, values, { gpu_vendor: '--additional-context' }).MAD_GPU_VENDOR).toBe('NVIDIA');
  const none: GpuFacts = { vendor: 'NONE', count: 0, architecture: '', devices: [], notes: [] };
  expect(environment({ gpus: none, used: [] }, values, { gpu_vendor: 'manifest' }).MAD_GPU_VENDOR).toBe(
    'NVIDIA',
  );
});

test('a process of the machine is told which GPUs are its, in the way of the runtime', () => {
  expect(environment().HIP_VISIBLE_DEVICES).toBeUndefined();
  expect(environment({ engine: 'host' }).HIP_VISIBLE_DEVICES).toBe('0');
  expect(environment({ engine: 'host', used: [] }).HIP_VISIBLE_DEVICES).toBe('');
  expect(environment({ engine: 'host', gpus: { ...gpus, vendor: 'NVIDIA' } }).CUDA_VISIBLE_DEVICES).toBe(
    'GPU-1',
  );
});

test('what card or context say of the launcher’s variables is never replaced', () => {
  const launch = { MAD_MULTI_NODE_RUNNER: 'torchrun', A: 'launcher', NNODES: '1' };
  const context = { docker_env_vars: { MAD_MULTI_NODE_RUNNER: 'mine' } };
  expect(environment({ launch }, context)).toMatchObject({
    MAD_MULTI_NODE_RUNNER: 'mine',
    A: 'card',
    NNODES: '1',
  });
});
