import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readGroupLimits } from './group-limits.ts';
import { readHostFacts } from './host-facts.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'host-facts-'));
});
afterEach(() => rm(root, { recursive: true }));

async function files(contents: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${content}\n`);
  }
}

const cpu = 'sys/devices/system/cpu';

test('governor, boost and balancing are told where the kernel tells them', async () => {
  await files({
    'etc/os-release': 'NAME=Ubuntu\nPRETTY_NAME="Ubuntu 24.04.1 LTS"',
    [`${cpu}/cpu0/cpufreq/scaling_governor`]: 'performance',
    [`${cpu}/intel_pstate/no_turbo`]: '1',
    'proc/sys/kernel/numa_balancing': '2',
  });
  expect(await readHostFacts(root)).toMatchObject({
    os: 'Ubuntu 24.04.1 LTS',
    cpu_governor: 'performance',
    cpu_boost: false,
    numa_balancing: true,
  });
});

test('on a machine that tells nothing of them they are left out', async () => {
  const facts = await readHostFacts(root);
  expect(Object.keys(facts).sort()).toEqual([
    'architecture',
    'cpu',
    'cpus',
    'host',
    'kernel',
    'memory_bytes',
    'os',
  ]);
  expect(facts.kernel).not.toBe('');
});

test('the least that any group on the way up allows is the limit', async () => {
  await files({
    'proc/self/cgroup': '0::/slurm/job_7/step',
    'sys/fs/cgroup/slurm/cpu.max': '3200000 100000',
    'sys/fs/cgroup/slurm/job_7/cpu.max': '1650000 100000',
    'sys/fs/cgroup/slurm/job_7/memory.max': '68719476736',
    'sys/fs/cgroup/slurm/job_7/step/cpu.max': 'max 100000',
    'sys/fs/cgroup/slurm/job_7/step/memory.max': 'max',
    'sys/fs/cgroup/slurm/job_7/step/cpuset.cpus': '0-15',
  });
  expect(await readGroupLimits(root)).toEqual({ cpus: 16.5, cpu_set: '0-15', memory_bytes: 68719476736 });
});

test.each([
  ['no limit', '0::/user.slice'],
  ['version 1', '5:memory:/x'],
  ['a path out of what is seen', '0::/../../x'],
  ['nothing', ''],
])('%s is no limit', async (_what, text) => {
  await files({
    'proc/self/cgroup': text,
    'sys/fs/cgroup/user.slice/memory.max': 'max',
    'x/memory.max': '5',
  });
  expect(await readGroupLimits(root)).toBeUndefined();
});
