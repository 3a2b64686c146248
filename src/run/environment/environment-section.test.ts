/** The script that is shipped, in real shells, with stand-ins for the programs of an image. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { environmentSections } from './environment-section.ts';

vi.setConfig({ testTimeout: 60_000 });

const script = join(import.meta.dirname, '../../../capture/environment.sh');
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'environment script '));
  await mkdir(join(folder, 'bin'));
  // No more of the system's programs than a small image has.
  for (const name of ['sh', 'cat', 'tr', 'sleep', 'mkdir', 'rm', 'grep']) {
    const path = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    await program(name, `exec ${path} "$@"`);
  }
});
afterEach(() => rm(folder, { recursive: true }));

async function program(name: string, body: string): Promise<void> {
  await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${body}\n`);
  await chmod(join(folder, 'bin', name), 0o755);
}

const shells: [string, string[]][] = [
  ['dash', ['/bin/dash']],
  ['bash', ['/bin/bash', '--posix']],
  ['busybox', ['/bin/busybox', 'sh']],
];

function note(shell: readonly string[], options: { mode?: string; limit?: number; env?: object } = {}) {
  const { mode = 'lite', limit = 20, env = {} } = options;
  const [word = '', ...words] = shell;
  // What the shell itself brings must not stand in for programs: busybox's rpm and dpkg, for instance.
  return spawnSync(word, [...words, script, join(folder, 'out'), mode, String(limit), 'MY_NAMED'], {
    env: { PATH: join(folder, 'bin'), ROCM_PATH: '/nowhere', CUDA_HOME: '/nowhere', ...env },
    encoding: 'utf8',
  });
}

const text = (section: string) => readFile(join(folder, 'out', `${section}.txt`), 'utf8');
const states = async () =>
  new Map(
    (await readFile(join(folder, 'out/index.tsv'), 'utf8'))
      .split('\n')
      .map((line) => line.split('\t') as [string, string | undefined]),
  );

describe.each(shells)('%s', (_name, shell) => {
  test('lite and full have the sections that are promised, and nothing else is left', async () => {
    for (const mode of ['lite', 'full']) {
      expect(note(shell, { mode })).toMatchObject({ status: 0, stdout: '', stderr: '' });
      const wanted = environmentSections.filter(({ full }) => !full || mode === 'full');
      const names = wanted.map(({ name }) => name).sort();
      const found = await states();
      expect([...found.keys()].filter((name) => name !== 'over' && name !== '').sort()).toEqual(names);
      expect(found.has('over')).toBe(true);
      const files = (await readdir(join(folder, 'out'))).filter((name) => !name.startsWith('.'));
      const here = names.filter((name) => found.get(name) !== 'absent');
      expect(files).toEqual(expect.arrayContaining(here.map((name) => `${name}.txt`)));
      const possible = ['index.tsv', ...names.map((name) => `${name}.txt`)];
      expect(files.filter((name) => !possible.includes(name))).toEqual([]);
      expect(files).not.toContain('rocm_smi.txt');
      await rm(join(folder, 'out'), { recursive: true });
    }
  });

  test('what is there is noted with what it says, what is not has a line in the index alone', async () => {
    await program('rocm-smi', 'echo "rocm-smi was called with: $*"');
    await program('nvidia-smi', 'echo broken >&2; exit 9');
    await program('python3', 'echo "torch==2.6.0"');
    note(shell);
    expect(await text('ifwi_version')).toContain('rocm-smi was called with: --showvbios');
    expect(await text('pip_list')).toContain('torch==2.6.0');
    expect(await text('nvidia_smi')).toMatch(/broken\n.*exit code 9/);
    await expect(text('amd_smi')).rejects.toThrow('ENOENT');
    const found = await states();
    expect(['ifwi_version', 'pip_list', 'nvidia_smi', 'amd_smi'].map((name) => found.get(name))).toEqual([
      'ok',
      'ok',
      'failed',
      'absent',
    ]);
  });

  test('a program that hangs is killed and not asked again; the others are', async () => {
    await program('rocm-smi', 'trap "" TERM; echo begun; sleep 100 & wait; sleep 100');
    await program('nvidia-smi', 'echo here');
    await program('python3', 'echo "torch==2.6.0"');
    expect(note(shell, { limit: 5 }).status).toBe(0);
    const found = await states();
    expect(found.get('rocm_smi')).toBe('late');
    expect(found.get('rocm_smi_topology')).toBe('late');
    expect([found.get('nvidia_smi'), found.get('pip_list')]).toEqual(['ok', 'ok']);
    expect(await text('rocm_smi_topology')).toContain('not asked again');
    expect(found.has('over')).toBe(true);
  });

  test('more programs that hang than there is time for end with what was noted until then', async () => {
    for (const name of ['rocm-smi', 'amd-smi', 'nvidia-smi', 'xpu-smi', 'rocminfo']) {
      await program(name, 'sleep 100');
    }
    await program('python3', 'echo "torch==2.6.0"');
    expect(note(shell, { limit: 3 }).status).toBe(0);
    const found = await states();
    expect(found.has('over')).toBe(false);
    expect(found.get('pip_list')).toBe('ok');
    expect(found.has('xpu_smi')).toBe(false);
  });

  test('values of secrets are masked by name, over several lines, too; others are shown', async () => {
    note(shell, {
      env: {
        API_TOKEN: 'hidden-1',
        my_password: 'hidden-2\nhidden-3',
        AWS_SECRET_ACCESS_KEY: 'hidden-4',
        MY_NAMED: 'hidden-5',
        MAD_MINIO: '{"PASSWORD": "hidden-6"}',
        HF_TOKEN: 'hidden-7',
        SSH_KEY: '-----BEGIN\nhidden-8\nX=hidden-9\n',
        TOKENIZERS_PARALLELISM: 'shown-1',
        HIP_VISIBLE_DEVICES: '0,1',
        PLAIN: 'two\nlines',
      },
    });
    const all = await text('environment_variables');
    for (const file of await readdir(join(folder, 'out'))) {
      expect(await readFile(join(folder, 'out', file), 'utf8')).not.toContain('hidden-');
    }
    expect(all).toContain('API_TOKEN=******\n');
    expect(all).toContain('TOKENIZERS_PARALLELISM=shown-1\n');
    expect(all).toContain('PLAIN=two\u0001lines\n');
    expect(await text('rocm_env_variables')).toContain('HIP_VISIBLE_DEVICES=0,1\n');
  });

  test('a folder that can not be made is no failure', async () => {
    await writeFile(join(folder, 'out'), 'a file');
    expect(note(shell).status).toBe(0);
  });
});
