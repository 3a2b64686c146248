/** What is noted of the environment that models run in, from outside. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containersWithLabel } from './support/engine.ts';
import { runCli } from './support/program.ts';
import { campaignFolders, readRecords, readRows, type StoredRecord } from './support/results.ts';
import { goodScript, tinyPackage } from './support/tiny-package.ts';

interface Noted extends StoredRecord {
  environment?: { hash: string; mode: string; path: string };
  durations: { stages_s: number; total_s: number };
  stages: { name: string; duration_s: number; exit_code: number }[];
  artifacts: { path: string; bytes: number; sha256: string }[];
  warnings: string[];
}

const records = async (folder: string) => (await readRecords(folder)) as Noted[];
const campaign = async (folder: string): Promise<string> => (await campaignFolders(folder)).at(-1) ?? '';
const stagesOf = (record: Noted | undefined) => record?.stages.map(({ name }) => name);
const isThere = async (folder: string, name: string) => (await readdir(folder)).includes(name);

/** Lines of a Dockerfile that put a program into the image. */
const standIn = (name: string, body: string): string =>
  `RUN printf '#!/bin/sh\\n${body}\\n' > /bin/${name} && chmod 755 /bin/${name}\n`;

const tools =
  standIn('rocm-smi', 'echo "rocm-smi says: $*"') + standIn('python3', 'echo torch==2.6.0+rocm6.4');

async function run(folder: string, ...args: string[]) {
  const result = await runCli(['run', '--tags', 'all_of_them', ...args], { cwd: folder });
  return { ...result, text: result.stdout + result.stderr };
}

test('an image is looked at once, all models in it refer to that, and another image is looked at anew', async () => {
  const folder = await tinyPackage([
    { name: 'first', script: goodScript, dockerfile: tools },
    { name: 'second', script: goodScript, card: { dockerfile: 'docker/first' } },
    { name: 'third', script: goodScript, dockerfile: 'RUN echo > /another' },
  ]);
  const { exitCode, text } = await run(folder);
  expect(exitCode, text).toBe(0);
  const [first, second, third] = await records(folder);
  expect([first, second, third].map(stagesOf)).toEqual([
    ['environment', 'run'],
    ['run'],
    ['environment', 'run'],
  ]);
  expect(first?.environment).toMatchObject({ mode: 'lite', hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(second?.environment).toEqual(first?.environment);
  expect(third?.environment?.hash).not.toBe(first?.environment?.hash);

  const kept = join(await campaign(folder), first?.environment?.path ?? '');
  expect(await readFile(join(kept, 'pip_list.txt'), 'utf8')).toContain('torch==2.6.0+rocm6.4');
  expect(await readFile(join(kept, 'ifwi_version.txt'), 'utf8')).toContain('rocm-smi says: --showvbios');
  await expect(readFile(join(kept, 'nvidia_smi.txt'))).rejects.toThrow('ENOENT');
  for (const name of ['first', 'second']) {
    expect(await readFile(join(folder, `${name}_env.csv`), 'utf8')).toContain('\ntorch|2.6.0+rocm6.4\n');
    expect(await readdir(join(folder, `${name}_env`))).toContain('os_information.txt');
  }
  expect(second?.artifacts).toEqual([]);
  expect(first?.artifacts.length).toBeGreaterThan(20);
  for (const { path, bytes, sha256 } of first?.artifacts ?? []) {
    const content = await readFile(join(await campaign(folder), 'runs', first?.run ?? '', path));
    expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256]);
  }
});

test('a record says what is needed to do it again: program, command lines, machine; secrets by name', async () => {
  const folder = await tinyPackage([{ name: 'model', script: goodScript }]);
  const secret = `hidden+value=${process.pid}`;
  const context = `{"docker_env_vars": {"BATCH": "8", "MY_API_KEY": "hidden-in-context"}}`;
  const result = await runCli(['run', '--tags', 'model', '--timeout', '77', '-c', context], {
    cwd: folder,
    env: { MAD_SECRETS_X: secret },
  });
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  const [record] = await records(folder);
  expect(record?.madengine).toMatchObject({
    version: expect.stringMatching(/^\d/),
    node: process.version,
    argv: expect.arrayContaining(['run', '--timeout', '77']),
    options: expect.objectContaining({ timeout: 77, engine: 'docker', keep_alive: false }),
  });
  expect(record?.machine).toMatchObject({
    kernel: (await readFile('/proc/sys/kernel/osrelease', 'utf8')).trim(),
  });
  const commands = record?.commands as { title: string; argv: string[] }[];
  expect(commands.map(({ title }) => title)).toEqual(['start', 'run']);
  expect(commands[0]?.argv).toEqual(
    expect.arrayContaining(['--env=BATCH=8', '--env=MY_API_KEY=******', '--entrypoint=/bin/sh']),
  );
  expect(commands[1]?.argv).toContain('--env=MAD_SECRETS_X');
  for (const part of [record?.madengine, commands, record?.machine])
    expect(JSON.stringify(part)).not.toMatch(/hidden/);
});

test("a tool that hangs costs neither the model's time nor its limit nor its result, and is gone afterwards", async () => {
  const folder = await tinyPackage([
    {
      name: 'hung',
      script: `sleep 1; ${goodScript}`,
      dockerfile: standIn('rocm-smi', 'trap "" TERM; sleep 1000'),
      card: { timeout: 5 },
    },
    { name: 'also', script: goodScript, card: { dockerfile: 'docker/hung' } },
  ]);
  const { exitCode, text } = await run(folder);
  expect(exitCode, text).toBe(0);
  const [hung, also] = await records(folder);
  const looked = hung?.stages.find(({ name }) => name === 'environment')?.duration_s ?? 0;
  expect(looked).toBeGreaterThan(5);
  expect(hung?.durations.stages_s).toBeLessThan(5);
  expect(Number((await readRows(join(folder, 'perf.csv')))[0]?.test_duration)).toBeLessThan(5);
  expect(hung?.warnings).toEqual([
    expect.stringContaining('no answer in time for gpu_information, rocm_smi,'),
  ]);
  expect(also?.environment).toEqual(hung?.environment);
  expect(also?.warnings).toEqual([]);
  expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
});

test('no secret of the environment is noted, by its name or in any form', async () => {
  const secret = `hidden+in/the environment=${process.pid}`;
  const folder = await tinyPackage([
    {
      name: 'secretive',
      script: goodScript,
      card: { cred: 'ACCOUNT' },
      dockerfile: `ENV IMAGES_API_TOKEN=hidden-in-image\n${standIn('python3', 'printf %s "$MAD_SECRETS_X" | base64; echo "$MAD_SECRETS_X"')}`,
    },
  ]);
  await writeFile(
    join(folder, 'credential.json'),
    JSON.stringify({ ACCOUNT: { user: 'me', value: secret } }),
    {
      mode: 0o600,
    },
  );
  const result = await runCli(['run', '--tags', 'all_of_them'], {
    cwd: folder,
    env: { MAD_SECRETS_X: secret },
  });
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  const base64 = Buffer.from(secret).toString('base64').slice(0, -4);
  const texts = await readdir(join(folder, 'secretive_env'));
  for (const place of [...texts.map((name) => `secretive_env/${name}`), 'secretive_env.csv']) {
    const content = await readFile(join(folder, place), 'utf8');
    for (const form of [secret, encodeURIComponent(secret), base64, 'hidden-in-image'])
      expect(content).not.toContain(form);
  }
  const variables = await readFile(join(folder, 'secretive_env/environment_variables.txt'), 'utf8');
  for (const name of ['MAD_SECRETS_X', 'ACCOUNT_VALUE', 'IMAGES_API_TOKEN'])
    expect(variables).toContain(`${name}=******\n`);
  expect(variables).toContain('MAD_MODEL_NAME=secretive\n');
});

test('option and context turn it off, the context counts over the option, and a manifest can say it for all', async () => {
  const folder = await tinyPackage([{ name: 'model', script: goodScript }]);
  const last = async (...args: string[]) => {
    const result = await run(folder, ...args);
    expect(result.exitCode, result.text).toBe(0);
    return (await records(folder)).at(-1);
  };
  const off = await last('--no-sys-env-details');
  expect([off?.environment, stagesOf(off)]).toEqual([undefined, ['run']]);
  expect(await isThere(folder, 'model_env')).toBe(false);
  expect((await last('-c', '{"gen_sys_env_details": false}'))?.environment).toBeUndefined();
  const on = await last('--no-sys-env-details', '-c', '{"gen_sys_env_details": true, "rocenv_mode": "FULL"}');
  expect(on?.environment?.mode).toBe('full');
  const noted = await readFile(join(folder, 'model_env/environment.json'), 'utf8');
  expect(JSON.parse(noted)).toMatchObject({ sections: { bios_settings: expect.any(String) } });

  const wrong = await run(folder, '-c', '{"rocenv_mode": "most"}');
  expect([wrong.exitCode, wrong.stderr]).toEqual([4, expect.stringContaining('lite, full')]);

  await runCli(['build', '--tags', 'model', '--no-sys-env-details'], { cwd: folder });
  const byManifest = await runCli(['run', '--manifest-file', 'build_manifest.json'], { cwd: folder });
  expect(byManifest.exitCode, byManifest.stdout + byManifest.stderr).toBe(0);
  expect((await records(folder)).at(-1)?.environment).toBeUndefined();
});

test('without a container the machine itself is looked at; without the model it is looked at, too', async () => {
  const folder = await tinyPackage([{ name: 'model', script: goodScript }]);
  await runCli(['build', '--tags', 'model'], { cwd: folder });
  const onHost = ['run', '--manifest-file', 'build_manifest.json', '--engine', 'host'];
  const host = await runCli(onHost, { cwd: folder });
  expect(host.exitCode, host.stdout + host.stderr).toBe(0);
  const os = await readFile(join(folder, 'model_env/os_information.txt'), 'utf8');
  expect(os).toContain((await readFile('/proc/sys/kernel/osrelease', 'utf8')).trim());

  const skipping = ['run', '--manifest-file', 'build_manifest.json', '--skip-model-run'];
  const skipped = await runCli(skipping, { cwd: folder });
  expect(skipped.exitCode, skipped.stdout + skipped.stderr).toBe(0);
  const record = (await records(folder)).at(-1);
  expect([record?.status, record?.environment?.mode]).toEqual(['SKIPPED', 'lite']);
});

test('a model that tampers with what was noted loses that alone', async () => {
  const folder = await tinyPackage([
    {
      name: 'vandal',
      script: `rm -rf /madengine/environment && ln -s /etc /madengine/environment; ${goodScript}`,
    },
  ]);
  const { exitCode, text } = await run(folder);
  expect(exitCode, text).toBe(0);
  const [record] = await records(folder);
  expect(record?.environment).toBeUndefined();
  expect(record?.warnings).toEqual([expect.stringContaining('its environment was not noted')]);
});
