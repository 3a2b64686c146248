import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeAnswer, fakeRunner } from '../command/fake-runner.ts';
import { machineView } from './machine-view.ts';
import { findRocm } from './rocm-path.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'madengine-rocm-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function files(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), '');
  }
}

const find = (
  env: Record<string, string> = {},
  options: { asked?: string; answers?: FakeAnswer[]; programs?: Record<string, string> } = {},
) => findRocm(machineView(fakeRunner(options.answers ?? [], options.programs), { root, env }), options.asked);

test('what was asked for is taken as it is', async () => {
  await files('/opt/rocm/bin/rocminfo');
  expect(await find({}, { asked: '/my/rocm' })).toBe('/my/rocm');
});

test('the usual folder, else the newest version', async () => {
  await files('/opt/rocm-6.9.0/.info/version', '/opt/rocm-6.10.1/bin/rocminfo', '/opt/rocm-7.0.0/share/doc');
  expect(await find()).toBe('/opt/rocm-6.10.1');
  await files('/opt/rocm/share/therock/therock_manifest.json');
  expect(await find()).toBe('/opt/rocm');
});

test('both management tools make a folder look like ROCm, one does not', async () => {
  await files('/opt/rocm/bin/amd-smi');
  expect(await find({ ROCM_PATH: '/elsewhere' })).toBe('/elsewhere');
  await files('/opt/rocm/bin/rocm-smi');
  expect(await find({ ROCM_PATH: '/elsewhere' })).toBe('/opt/rocm');
});

test('the sdk, variables with the folders above them, the home, and tools on PATH are followed', async () => {
  await files('/home/me/therock/.info/version');
  expect(await find({ HOME: '/home/me' })).toBe('/home/me/therock');
  await files('/data/rocm/.info/version');
  expect(await find({ HIP_PATH: '/data/rocm/lib/hip', HOME: '/home/me' })).toBe('/data/rocm');
  await files('/venv/_rocm/.info/version');
  const answers = [{ when: '/venv/bin/rocm-sdk path --root', stdout: 'a warning\n/venv/_rocm\n' }];
  expect(await find({}, { answers, programs: { 'rocm-sdk': '/venv/bin/rocm-sdk' } })).toBe('/venv/_rocm');
  await files('/tools/rocm/bin/rocminfo');
  expect(await find({}, { programs: { rocminfo: '/tools/rocm/bin/rocminfo' } })).toBe('/tools/rocm');
});

test('with MAD_AUTO_ROCM_PATH=0 nothing is searched', async () => {
  await files('/opt/rocm-6.4.1/.info/version');
  expect(await find({ MAD_AUTO_ROCM_PATH: '0' })).toBe('/opt/rocm');
  expect(await find({ MAD_AUTO_ROCM_PATH: '0', ROCM_PATH: '/set' })).toBe('/set');
});
