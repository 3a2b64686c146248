import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { requireCpus } from './online-cpus.ts';

test('CPUs that are not online are missing, and told with those that are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'madengine-cpus-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const online = join(folder, 'online');
  await writeFile(online, '0-3,6\n');
  const context = (docker_cpus: string) => ({ values: { docker_cpus }, origins: {} });
  await requireCpus(context('0-1,6'), online);
  await requireCpus(context(''), online);
  await expect(requireCpus(context('2-6'), online)).rejects.toMatchObject({
    code: 'DEVICE_UNAVAILABLE',
    message: 'docker_cpus names CPUs 4-5, and this machine has 0-3,6',
  });
  // Where the kernel doesn't say, the engine will.
  await requireCpus(context('99'), join(folder, 'absent'));
});
