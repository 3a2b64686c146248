import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containersWithLabel } from './support/engine.ts';
import { runCli } from './support/program.ts';
import { campaignFolders, readRecords, readRows } from './support/results.ts';
import { goodScript, type TinyModel, tinyPackage } from './support/tiny-package.ts';

const token = 't0ken/+with=odd&chars~value';

const models: TinyModel[] = [
  {
    name: 'snooper',
    script: `find /madpackage/ -path '*/.madengine/*'; cat /madpackage/credential.json\n${goodScript}`,
  },
  {
    name: 'leaker',
    card: { multiple_results: 'r.csv' },
    script: [
      'printf %s "$MAD_SECRETS_TOKEN" | base64; echo "RuntimeError: $MAD_SECRETS_TOKEN"',
      'ln /madengine/output.log /madengine/copy; echo "$MAD_SECRETS_TOKEN" >/madengine/stolen',
      'printf "model,performance,metric,$MAD_SECRETS_TOKEN\\na,1,x/s,$MAD_SECRETS_TOKEN\\n" >r.csv',
    ].join('\n'),
  },
  {
    name: 'swapper',
    script: `${goodScript}rm /madengine/output.log; ln -s /etc/passwd /madengine/output.log\n`,
  },
  { name: 'eraser', script: `${goodScript}rm -rf /madengine/* /myworkspace/*\n` },
  { name: 'forger', script: "printf 'over\\t2.0\\t5\\t0\\n' >>/madengine/stages.tsv; exit 3\n" },
  { name: 'daemon', script: `${goodScript}(setsid sh -c 'while :; do echo on; done' &)\n` },
];

test('a model sees nothing of campaigns, leaves no secret, and can neither lend itself a file of the host nor a success', async () => {
  const folder = await tinyPackage(models);
  const env = { MAD_SECRETS_TOKEN: token };
  await writeFile(join(folder, 'credential.json'), '{"git": {"password": "pass-word-1"}}', { mode: 0o600 });
  const run = await runCli(['run', '--tags', 'all_of_them'], { cwd: folder, env });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);

  const log = await readFile(join(folder, 'snooper_snooper.ubuntu.run.live.log'), 'utf8');
  expect(log).toBe('performance: 12.5 samples/sec\n');
  const encoded = Buffer.from(token).toString('base64').slice(0, 24);
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((f) => f.isFile());
  for (const { parentPath, name } of files) {
    const text = await readFile(join(parentPath, name), 'latin1');
    expect([name, text.includes(token), text.includes(encoded)]).toEqual([name, false, false]);
  }
  const logs = files.filter(({ name }) => name.endsWith('.log'));
  for (const { parentPath, name } of logs)
    expect(await readFile(join(parentPath, name), 'latin1')).not.toContain('root:');

  const judged = Object.fromEntries((await readRecords(folder)).map((one) => [one.model.name, one.status]));
  expect(judged).toEqual({
    snooper: 'SUCCESS',
    leaker: 'FAILURE',
    // Whether its metric was read before it swapped the output is a matter of luck.
    swapper: expect.any(String),
    eraser: 'FAILURE',
    forger: 'FAILURE',
    daemon: 'SUCCESS',
  });
  for (const campaign of await campaignFolders(folder)) {
    expect(await readdir(campaign)).not.toContain('secrets');
    expect(await containersWithLabel(`madengine.campaign=${campaign.split('/').at(-1)}`)).toEqual([]);
    for (const one of await readdir(join(campaign, 'runs'))) {
      const left = await readdir(join(campaign, 'runs', one));
      expect(left.filter((name) => ['control', 'workspace', 'empty'].includes(name))).toEqual([]);
    }
  }
});

test('a model whose image cannot be built has a record and a row, and the others are run: exit code 2', async () => {
  const folder = await tinyPackage([
    { name: 'unbuildable', script: goodScript, dockerfile: 'RUN exit 7' },
    { name: 'fine', script: goodScript },
  ]);
  const run = await runCli(['run', '--tags', 'all_of_them'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(2);
  expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
    { model: 'unbuildable', status: 'FAILURE', failure_class: 'build' },
    { model: 'fine', status: 'SUCCESS' },
  ]);
});
