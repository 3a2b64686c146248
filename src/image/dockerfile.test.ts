import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { explainNoMatch, findDockerfiles } from './dockerfile.ts';
import { card, contextOf, packageWith } from './fixture.ts';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});
function folder(files: Record<string, string>): string {
  const root = packageWith(files);
  roots.push(root);
  return root;
}

const amd = contextOf({ gpu_vendor: 'AMD', guest_os: 'UBUNTU' });

test('all files of the prefix that fit the context are taken, in order', async () => {
  const root = folder({
    'docker/dummy.ubuntu.amd.Dockerfile':
      "# CONTEXT {'gpu_vendor': 'amd', 'guest_os': 'Ubuntu'}\nFROM rocm/pytorch",
    'docker/dummy.ubuntu.nvidia.Dockerfile': "# CONTEXT {'gpu_vendor': 'NVIDIA'}\nFROM nvidia/cuda",
    'docker/dummy.any.Dockerfile': 'FROM busybox',
    'docker/dummy.any.Dockerfile.dockerignore': '*',
    'docker/dummy2.ubuntu.amd.Dockerfile': 'FROM other',
    'docker/dummy.folder/file': '',
  });
  const found = await findDockerfiles(root, card(), amd);
  expect(found.map(({ path }) => path)).toEqual([
    'docker/dummy.any.Dockerfile',
    'docker/dummy.ubuntu.amd.Dockerfile',
  ]);
  expect(found[1]).toMatchObject({ base: 'rocm/pytorch', gpuVendor: 'AMD', context: { gpu_vendor: 'amd' } });
  expect(found[0]).toMatchObject({ context: undefined });
  expect(found[0]).not.toHaveProperty('gpuVendor');
});

test('a card may name the file itself', async () => {
  const root = folder({ Dockerfile: 'FROM busybox' });
  const found = await findDockerfiles(root, card({ dockerfile: './Dockerfile' }), amd);
  expect(found).toMatchObject([{ path: 'Dockerfile' }]);
});

test('only keys that the context has are compared, each with its type', async () => {
  const root = folder({ 'docker/dummy.Dockerfile': "# CONTEXT {'flavour': 'x', 'level': 1}\nFROM a" });
  expect(await findDockerfiles(root, card(), amd)).toHaveLength(1);
  expect(await findDockerfiles(root, card(), contextOf({ level: 1 }))).toHaveLength(1);
  expect(await findDockerfiles(root, card(), contextOf({ level: '1' }))).toHaveLength(0);
  expect(await findDockerfiles(root, card(), contextOf({ flavour: 'X' }))).toHaveLength(0);
});

test('a CONTEXT line counts in the first five lines only', async () => {
  const line = "# CONTEXT {'gpu_vendor': 'NVIDIA'}";
  const root = folder({
    'docker/dummy.five': `#\n#\n#\n#\n${line}\nFROM a`,
    'docker/dummy.six': `#\n#\n#\n#\n#\n${line}\nFROM a`,
  });
  const found = await findDockerfiles(root, card(), amd);
  expect(found.map(({ path }) => path)).toEqual(['docker/dummy.six']);
});

test('when nothing fits, every file and the key that excludes it are named', async () => {
  const root = folder({ 'docker/dummy.nvidia.Dockerfile': "# CONTEXT {'gpu_vendor': 'NVIDIA'}\nFROM a" });
  expect(await findDockerfiles(root, card(), amd)).toEqual([]);
  expect(await explainNoMatch(root, card(), amd)).toBe(
    'no Dockerfile of the model dummy fits the context: docker/dummy.nvidia.Dockerfile (needs gpu_vendor "NVIDIA", the context says "AMD")',
  );
  expect(await explainNoMatch(root, card({ dockerfile: 'docker/none' }), amd)).toContain('docker/none.*');
});

test('a broken CONTEXT line is an error with file, line and column', async () => {
  const root = folder({ 'docker/dummy.Dockerfile': "# Licence\n# CONTEXT {'gpu_vendor': AMD}\nFROM a" });
  await expect(findDockerfiles(root, card(), amd)).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining('docker/dummy.Dockerfile, line 2, column 26'),
  });
});

test.each(['../outside/x', '/etc/passwd', 'docker/../../x'])(
  'the path %s never leads out of the package',
  async (path) => {
    const root = folder({ 'docker/x.y': 'FROM a' });
    const found = findDockerfiles(root, card({ dockerfile: path }), amd);
    await expect(found).rejects.toMatchObject({ code: 'INVALID_FILE' });
  },
);

test('a link never leads out of the package, one within it is followed', async () => {
  const elsewhere = folder({ 'secret.Dockerfile': 'FROM a' });
  const root = folder({ 'docker/real.Dockerfile': 'FROM a' });
  symlinkSync('real.Dockerfile', join(root, 'docker/dummy.link'));
  expect(await findDockerfiles(root, card(), amd)).toMatchObject([{ path: 'docker/dummy.link' }]);
  symlinkSync(join(elsewhere, 'secret.Dockerfile'), join(root, 'docker/dummy.out'));
  await expect(findDockerfiles(root, card(), amd)).rejects.toMatchObject({ code: 'INVALID_FILE' });
});

test.each([
  ['ARG BASE_DOCKER=rocm/pytorch:1\nFROM ${BASE_DOCKER}', {}, 'rocm/pytorch:1'],
  ['ARG BASE_DOCKER=rocm/pytorch:1\nFROM $BASE_DOCKER', { BASE_DOCKER: 'own/base' }, 'own/base'],
  ['ARG TAG=2\nARG BASE_DOCKER="x:${TAG}"\nFROM ${BASE_DOCKER}', { TAG: '3' }, 'x:3'],
  ['ARG V\nFROM --platform=linux/amd64 base:${V:-9} AS one\nFROM two', {}, 'base:9'],
  ['ARG A=$B\nARG B=$A\nFROM $A', {}, ''],
])('the base of %j with %j is %s', async (text, args, base) => {
  const root = folder({ 'docker/dummy.Dockerfile': text });
  const found = await findDockerfiles(root, card(), contextOf({ docker_build_arg: args }));
  expect(found[0]?.base).toBe(base);
});

test.each([
  ['dummy.ubuntu.nvidia.Dockerfile', 'FROM x', 'NVIDIA'],
  ['dummy.Dockerfile', 'FROM rocm/vllm', 'AMD'],
  ['dummy.Dockerfile', 'FROM nvcr.io/x', 'NVIDIA'],
  ['dummy.ubuntu.amd', "# CONTEXT {'gpu_vendor': 'intel'}\nFROM x", 'INTEL'],
  ['dummy.Dockerfile', 'FROM busybox', undefined],
])('the vendor of %s with %j is %s', async (name, text, vendor) => {
  const root = folder({ [`docker/${name}`]: text });
  const found = await findDockerfiles(root, card(), contextOf({}));
  expect(found[0]?.gpuVendor).toBe(vendor);
});

test('the architecture comes from the context, else from the file', async () => {
  const root = folder({ 'docker/dummy.Dockerfile': 'FROM a\nARG MAD_SYSTEM_GPU_ARCHITECTURE=gfx90a' });
  const given = contextOf({ docker_build_arg: { MAD_SYSTEM_GPU_ARCHITECTURE: 'gfx942' } });
  expect((await findDockerfiles(root, card(), contextOf({})))[0]?.gpuArchitecture).toBe('gfx90a');
  expect((await findDockerfiles(root, card(), given))[0]?.gpuArchitecture).toBe('gfx942');
});
