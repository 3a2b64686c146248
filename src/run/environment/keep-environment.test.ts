import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Scrubber, Secret } from '../../foundation/secret.ts';
import { type KeepOptions, keepEnvironment } from './keep-environment.ts';

let folder = '';
const noted = () => join(folder, 'control/environment');
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keep-environment-'));
  await mkdir(noted(), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const secret = 'pass/word+of=somebody';
const keep = (more: Partial<KeepOptions> = {}) =>
  keepEnvironment({
    control: join(folder, 'control'),
    campaign: join(folder, 'campaign'),
    mode: 'lite',
    scrubber: new Scrubber([new Secret('S', secret)]),
    ...more,
  });

async function note(texts: Record<string, string>, index = ''): Promise<void> {
  const states = Object.keys(texts).map((name) => `${name}\tok\n`);
  await writeFile(join(noted(), 'index.tsv'), `${states.join('')}${index}`);
  for (const [name, text] of Object.entries(texts)) await writeFile(join(noted(), `${name}.txt`), text);
}

const kept = async (name: string) => {
  const { folder: place = '' } = (await keep()) ?? {};
  return readFile(join(place, name), 'utf8');
};

test('each section that is there is a text under its header, with the table and how each went beside it', async () => {
  await note({ os_information: 'NAME=x\n' }, 'pip_list\tabsent\nover\n');
  await writeFile(join(noted(), 'pip_list.txt'), 'python3: not here');
  const found = await keep();
  expect(found?.path).toMatch(/^environment\/[0-9a-f]{64}$/);
  expect(await kept('os_information.txt')).toBe('------- Section: os_information    ----------\nNAME=x\n');
  await expect(kept('pip_list.txt')).rejects.toThrow('ENOENT');
  expect(await kept('rocm_smi.txt')).toContain('\nnot asked: ');
  expect(await kept('environment.csv')).toContain('NAME|x');
  expect(JSON.parse(await kept('environment.json'))).toMatchObject({
    hash: found?.hash,
    mode: 'lite',
    sections: { os_information: 'ok', pip_list: 'absent', rocm_smi: 'late' },
  });
  expect(found?.problems).toEqual([expect.stringMatching(/^no answer in time for .* and \d+ more$/)]);
  expect(await readdir(join(folder, 'campaign/environment'))).toHaveLength(1);
});

test('the hash is that of what lasts: it stays while memory and clocks move, and changes with a package', async () => {
  await note({ pip_list: 'torch==2.6\n', memory_information: 'MemFree: 1\n' }, 'over\n');
  const first = await keep();
  await note({ pip_list: 'torch==2.6\n', memory_information: 'MemFree: 2\n' }, 'over\n');
  const second = await keep();
  await note({ pip_list: 'torch==2.7\n', memory_information: 'MemFree: 2\n' }, 'over\n');
  const third = await keep();
  expect(second?.hash).toBe(first?.hash);
  expect(second?.path).not.toBe(first?.path);
  expect(third?.hash).not.toBe(first?.hash);
});

test('no secret is kept: plain, URL-encoded, in base64, over several lines, or in an address', async () => {
  const lines = '-----BEGIN\nAAAABBBB"CCCC\n-----END';
  const scrubber = new Scrubber([new Secret('S', secret), new Secret('K', lines)]);
  await note({
    environment_variables: [
      `A=${secret}`,
      `B=${encodeURIComponent(secret)}`,
      `C=${Buffer.from(`x${secret}`).toString('base64')}`,
      `D=${lines.replaceAll('\n', '\u0001')}`,
      'E=https://me:hidden-one@example.com/x',
      `F={"password": "hidden-two"}`,
      'G=two\u0001lines',
      `H=${Buffer.from(secret).toString('base64').replace(/.{6}/g, '$&\u0001')}`,
      '',
    ].join('\n'),
  });
  const found = await keep({ scrubber });
  const text = await readFile(join(found?.folder ?? '', 'environment_variables.txt'), 'utf8');
  const whole = text + (await readFile(join(found?.folder ?? '', 'environment.csv'), 'utf8'));
  for (const form of [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').slice(4, -4),
    Buffer.from(`x${secret}`).toString('base64').slice(4, -4),
    'AAAABBBB',
    'hidden-',
  ]) {
    expect(whole.replaceAll('\\n', '')).not.toContain(form);
  }
  expect(text).toContain('A=******\n');
  expect(text).toContain('G=two\\nlines\n');
});

test('control characters are taken out, and a section without end is cut at a line', async () => {
  await note({
    os_information: '\u001b[31mred\u001b[0m\r\n\u0000x\n',
    packages_installed: `${'a package 1.0\n'.repeat(100_000)}half a li`,
  });
  expect(await kept('os_information.txt')).toContain('\n[31mred[0m\nx\n');
  const packages = await kept('packages_installed.txt');
  expect(packages.length).toBeLessThan(1_100_000);
  expect(packages.endsWith('a package 1.0\n')).toBe(true);
});

test('links, pipes and folders in place of a section lead nowhere', async () => {
  await note({ os_information: 'x\n' });
  await writeFile(join(folder, 'outside'), 'of the host\n');
  await symlink(join(folder, 'outside'), join(noted(), 'pip_list.txt'));
  execFileSync('mkfifo', [join(noted(), 'rocm_smi.txt')]);
  await mkdir(join(noted(), 'amd_smi.txt'));
  expect(await kept('pip_list.txt')).not.toContain('of the host');
  expect(await kept('rocm_smi.txt')).toContain('not asked');
  expect(await kept('amd_smi.txt')).toContain('not asked');

  await rm(noted(), { recursive: true });
  await mkdir(join(folder, 'elsewhere'));
  await writeFile(join(folder, 'elsewhere/index.tsv'), 'over\n');
  await symlink(join(folder, 'elsewhere'), noted());
  expect(await keep()).toBeUndefined();
});

test('what is not through yet can be left alone', async () => {
  await note({ os_information: 'x\n' });
  expect(await keep({ onlyWhole: true })).toBeUndefined();
  await note({ os_information: 'x\n' }, 'over\n');
  expect(await keep({ onlyWhole: true })).toBeDefined();
});

test('full has the sections about hardware, lite has not', async () => {
  await note({ os_information: 'x\n' });
  const names = async (mode: 'lite' | 'full') => (await keep({ mode }))?.files.map(({ path }) => path) ?? [];
  expect(await names('lite')).not.toContain('bios_settings.txt');
  expect(await names('full')).toContain('bios_settings.txt');
});

test('two runs that saw the same at the same time keep it both', async () => {
  await note({ os_information: 'NAME=x\n' }, 'over\n');
  const [first, ...others] = await Promise.all([keep(), keep(), keep()]);
  expect(first?.path).toMatch(/^environment\//);
  for (const other of others) expect(other).toEqual(first);
  expect(await readdir(join(folder, 'campaign/environment'))).toHaveLength(1);
});
