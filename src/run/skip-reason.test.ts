import { expect, test } from 'vitest';
import type { GpuFacts } from '../machine/device/detect.ts';
import { cardFromManifest } from '../package/manifest-card.ts';
import { makeJob } from './job.ts';
import { skipOf } from './skip-reason.ts';

const amd: GpuFacts = {
  vendor: 'AMD',
  count: 1,
  architecture: 'gfx90a',
  devices: [{ index: 0, name: 'x' }],
  notes: [],
};
const nvidia: GpuFacts = { ...amd, vendor: 'NVIDIA', architecture: 'NVIDIA A100-SXM4-80GB' };
const none: GpuFacts = { vendor: 'NONE', count: 0, architecture: '', devices: [], notes: [] };
const settings = { ignoreDeprecated: false, disableSkipGpuArch: false };
const context = { values: {}, origins: {} };

const job = (card: Record<string, unknown>, image: Record<string, unknown> = {}) =>
  makeJob(cardFromManifest({ name: 'x', n_gpus: '1', ...card }), 'ci-x', {
    docker_image: 'ci-x',
    dockerfile: '',
    base_docker: '',
    docker_sha: '',
    build_duration: 0,
    build_command: '',
    log_file: '',
    ...image,
  });

test('an image of another vendor or architecture does not fit', () => {
  expect(skipOf(job({}, { gpu_vendor: 'NVIDIA' }), context, amd, settings)).toMatchObject({ misfit: true });
  expect(skipOf(job({}, { gpu_architecture: 'gfx942' }), context, amd, settings)).toMatchObject({
    misfit: true,
  });
  expect(
    skipOf(job({}, { gpu_vendor: 'AMD', gpu_architecture: 'gfx90a' }), context, amd, settings),
  ).toBeUndefined();
});

test('a machine without GPUs leaves it to the job whether it needs one', () => {
  expect(skipOf(job({ n_gpus: '0' }, { gpu_vendor: 'AMD' }), context, none, settings)).toBeUndefined();
});

test('skip_gpu_arch is by choice, and can be switched off', () => {
  const skipped = job({ skip_gpu_arch: 'V100, A100' });
  expect(skipOf(skipped, context, nvidia, settings)).toMatchObject({ misfit: false });
  expect(skipOf(skipped, context, nvidia, { ...settings, disableSkipGpuArch: true })).toBeUndefined();
});

test('skip_gpu_arch looks at the architecture that models are told', () => {
  const told = { values: { docker_env_vars: { MAD_SYSTEM_GPU_ARCHITECTURE: 'gfx942' } }, origins: {} };
  expect(skipOf(job({ skip_gpu_arch: 'gfx942' }), told, none, settings)).toMatchObject({ misfit: false });
  expect(skipOf(job({ skip_gpu_arch: 'gfx90a' }), told, amd, settings)).toBeUndefined();
});

test('a deprecated card is left out until it is asked for', () => {
  const old = job({ is_deprecated: true });
  expect(skipOf(old, context, amd, settings)).toMatchObject({ misfit: false });
  expect(skipOf(old, context, amd, { ...settings, ignoreDeprecated: true })).toBeUndefined();
});
