/** As `leak.test.ts`, for a run that uses everything at once: data, tools, the look at the environment, several samples. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { temporaryFolder } from './support/folder.ts';
import { leaksBelow, leaksIn, printsAll, watch } from './support/leaks.ts';
import { minioServer } from './support/minio.ts';
import { runCli, startCli } from './support/program.ts';
import { readRecords } from './support/results.ts';
import { tinyPackage } from './support/tiny-package.ts';

const password = `a pass+word/for=the clone ${process.pid}`;
const token = `to/ken+of the=environment ${process.pid}`;

/** A tool that writes all it knows into each kind of file that is kept of tools. */
const leakyScript = `${printsAll}
cd .. && mkdir -p leaky_output/deep
{ show "$MAD_SECRETS_TOKEN"; show "$LAB_PASSWORD"; env; } > leaky_output/deep/all.txt
gzip -c leaky_output/deep/all.txt > trace.json.gz
{ echo time,note; show "$MAD_SECRETS_TOKEN"; } > leaky_output.csv
`;
const tools = {
  tools: { leaky: { cmd: 'env &&', pre_scripts: [{ path: 'scripts/common/leaky.sh' }] } },
};
const script = `${printsAll}show "$MAD_SECRETS_TOKEN"; env; ls "$MAD_DATAHOME"; sleep 1; echo "performance: $(date +%s) x"\n`;

/** What a run has on its disk while it goes on: files come and go meanwhile. */
async function liveFiles(folder: string): Promise<Map<string, string>> {
  const campaigns = join(folder, '.madengine', 'campaigns');
  const names = await readdir(campaigns, { recursive: true }).catch(() => []);
  const texts = await Promise.all(
    names.map(async (name) => [name, await readFile(join(campaigns, name), 'utf8').catch(() => '')] as const),
  );
  return new Map(texts);
}

test('data, tools, environment and samples: no secret shows in what they leave, record or write down meanwhile', async (context) => {
  const minio = await minioServer(context, 'leak-test');
  await minio.put('set/a.bin', Buffer.alloc(3_000_000, 'x'));
  const folder = await tinyPackage([{ name: 'uses_all', script, card: { cred: 'LAB', data: 'set' } }]);
  await mkdir(join(folder, 'scripts', 'common'));
  await writeFile(join(folder, 'scripts', 'common', 'leaky.sh'), leakyScript);
  await writeFile(join(folder, 'scripts', 'common', 'tools.json'), JSON.stringify(tools));
  const data = { set: { minio: { path: 's3://leak-test/set' } } };
  await writeFile(join(folder, 'data.json'), JSON.stringify(data));
  const credentials = { LAB: { username: 'somebody', password }, MAD_MINIO: JSON.parse(minio.login()) };
  await writeFile(join(folder, 'credential.json'), JSON.stringify(credentials), { mode: 0o600 });
  const elsewhere = await temporaryFolder();
  const settings = {
    tools: ['leaky'],
    rocenv_mode: 'full',
    docker_env_vars: { COPY_OF_TOKEN: token, ADDRESS: `https://me:${token}@example.org/` },
  };
  await writeFile(join(elsewhere, 'context.json'), JSON.stringify(settings));
  const secrets = { token, password, 'secret key of MinIO': minio.secretKey };
  const env = {
    MAD_SECRETS_TOKEN: token,
    TMPDIR: elsewhere,
    XDG_CACHE_HOME: join(elsewhere, 'cache'),
    MAD_VERBOSE_CONFIG: 'true',
  };
  const args = [
    ...['run', '--tags', 'all_of_them', '--live-output', '--json', '--repeat', '2', '--package', 'file'],
    ...['--force-mirror-local', join(elsewhere, 'mirror')],
    ...['--additional-context-file', join(elsewhere, 'context.json')],
  ];
  const over = new AbortController();
  const watching = watch(secrets, over.signal, { 'secret key of MinIO': /^(?!)/ });
  const live = new Map<string, string>();
  const looking = (async () => {
    while (!over.signal.aborted) {
      for (const [name, text] of await liveFiles(folder)) if (text !== '') live.set(name, text);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  // What a later process could go on with is written down for single executions alone.
  const once = args.filter((word, index) => word !== '--repeat' && args[index - 1] !== '--repeat');
  const sampled = await startCli(args, { cwd: folder, env }).ended;
  const single = await startCli(once, { cwd: folder, env }).ended.finally(() => over.abort());
  const seen = await watching;
  await looking;
  expect(sampled.exitCode, sampled.stdout + sampled.stderr).toBe(0);
  expect(single.exitCode, single.stdout + single.stderr).toBe(0);
  expect(seen.containers).toBeGreaterThan(0);
  expect(seen.leaks).toEqual([]);
  expect(
    leaksIn('what it shows', sampled.stdout + sampled.stderr + single.stdout + single.stderr, secrets),
  ).toEqual([]);

  const written = [...live.keys()].join('\n');
  for (const name of ['options.json', 'jobs.json', 'started.json', 'journal.ndjson', 'events.ndjson'])
    expect(written, name).toContain(name);
  // What the model writes is as it wrote it until it is over, and a build gets its secrets as files: both in folders that
  // nobody else may look into.
  const outputs = /\/(?:control|workspace)\/|\/secrets\/build-\w+\/secret-\d$/;
  const meanwhile = [...live].filter(([name]) => !outputs.test(name));
  expect(meanwhile.flatMap(([name, text]) => leaksIn(name, text, secrets))).toEqual([]);

  const [record] = await readRecords(folder);
  const kept = record?.artifacts as { path: string }[] | undefined;
  const artifacts = kept?.map(({ path }) => path).join('\n');
  const left = ['leaky_output/deep/all.txt', 'leaky_output.csv', 'trace.json.gz'];
  for (const name of left) expect(artifacts, name).toContain(name);
  const beside = gunzipSync(await readFile(join(folder, 'trace.json.gz'))).toString();
  expect(beside).toContain('plain ******');
  const shown = await runCli(['runs', 'show', record?.run ?? '', '--json'], { cwd: folder });
  expect(shown.exitCode, shown.stderr).toBe(0);
  expect(leaksIn('runs show', shown.stdout, secrets)).toEqual([]);

  await writeFile(join(elsewhere, 'context.json'), '');
  const below = await Promise.all([folder, elsewhere].map((path) => leaksBelow(path, secrets)));
  expect(below.flatMap(({ leaks }) => leaks)).toEqual([]);
  const names = below.flatMap(({ files }) => files).join('\n');
  for (const name of ['uses_all_env.csv', 'environment_variables.txt', 'mirror/set/a.bin', 'record.json'])
    expect(names, name).toContain(name);
});
