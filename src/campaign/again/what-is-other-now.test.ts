import { expect, test } from 'vitest';
import { sampleRecord } from '../../../test/sample/record.ts';
import { imageInfo } from '../../image/fake-engine.ts';
import type { PackageSnapshot } from '../../package/snapshot-schema.ts';
import { missingImage, otherHere, otherPackage } from './what-is-other-now.ts';

const machine = { os: '', kernel: '6.8', architecture: 'x64', cpu: 'EPYC', cpus: 1, memory_bytes: 1 };
const gpu = { vendor: 'AMD', architecture: 'gfx942', count: 8, driver: '6.3' } as const;

test('what is other on the machine is told, what no record knew is not', () => {
  const old = sampleRecord({ machine, gpu, placement: { host: 'here', target: 'local', gpus: [] } });
  const same = { machine, gpu, engine: old.engine, host: 'here' };
  expect(otherHere(old, same)).toEqual([]);
  const now = { ...same, gpu: { ...gpu, driver: '6.4' }, machine: { ...machine, kernel: '6.11' } };
  expect(otherHere(old, now)).toEqual([
    'the kernel was 6.8 and is 6.11',
    'the GPU driver was 6.3 and is 6.4',
  ]);
  expect(otherHere(sampleRecord({ gpu: null, engine: null, placement: null }), same)).toEqual([]);
});

const snapshot = (digest: string, more: Partial<PackageSnapshot> = {}): PackageSnapshot => ({
  digest,
  commit: null,
  dirty: null,
  files: [{ path: 'scripts/run.sh', mode: '755', bytes: 1, sha256: digest }],
  ...more,
});

test('another package is told with its files and with what brings the old one back', () => {
  expect(otherPackage(snapshot('a'), snapshot('a'))).toEqual([]);
  const clean = otherPackage(snapshot('a', { commit: 'c1', dirty: false }), snapshot('b', { commit: 'c2' }));
  expect(clean[0]).toContain(': scripts/run.sh');
  expect(clean[1]).toContain('git checkout c1');
  const dirty = otherPackage(snapshot('a', { commit: 'c1', dirty: true }), snapshot('b'));
  expect(dirty[1]).toContain('not committed');
});

test('an image is missing when it is not here and no registry has it', () => {
  const image = { ...sampleRecord({}).image, registry_image: null, dockerfile: 'docker/a.Dockerfile' };
  const old = sampleRecord({ image });
  expect(missingImage(old, undefined)).toContain('build it anew from docker/a.Dockerfile');
  expect(missingImage(old, imageInfo({}))).toBeUndefined();
  const pushed = sampleRecord({ image: { ...image, registry_image: 'r/a', digest: 'sha256:1' } });
  expect(missingImage(pushed, undefined)).toBeUndefined();
});
