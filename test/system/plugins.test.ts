import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './support/folder.ts';
import { type ProgramOptions, runCli, startCli } from './support/program.ts';
import { campaignFolders, readRecords, readRows } from './support/results.ts';
import { goodScript, manifestWithoutImages, type TinyModel, tinyPackage } from './support/tiny-package.ts';

const execute = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const examples = join(root, 'examples/plugins');

const run = (folder: string, args: readonly string[], more: Partial<ProgramOptions> = {}) =>
  runCli(['run', ...args], { cwd: folder, ...more });

/** A package with models that run on the host, and files of plugins in it. */
async function hostPackage(
  plugins: Readonly<Record<string, string>>,
  models: readonly TinyModel[] = [{ name: 'm', script: goodScript }],
): Promise<string> {
  const folder = await tinyPackage(models);
  await manifestWithoutImages(folder, models);
  for (const [name, text] of Object.entries(plugins)) await writeFile(join(folder, name), text);
  return folder;
}

const onHost = ['--manifest-file', 'build_manifest.json', '--engine', 'host', '--no-sys-env-details'];

const said = async (folder: string): Promise<string> => {
  const texts = (await campaignFolders(folder)).map(async (campaign) => {
    const runs = await readdir(join(campaign, 'runs'));
    return Promise.all(
      runs.map((one) => readFile(join(campaign, 'runs', one, 'output.log'), 'utf8').catch(() => '')),
    );
  });
  return (await Promise.all(texts)).flat().join('');
};

/** A folder of a web server with its SHA256SUMS, for those who log in. */
async function webFolder(files: Readonly<Record<string, string>>, password: string): Promise<string> {
  const sums = (): string =>
    Object.entries(files)
      .map(([path, text]) => `${createHash('sha256').update(text).digest('hex')}  ${path}\n`)
      .join('');
  const wanted = `Basic ${Buffer.from(`reader:${password}`).toString('base64')}`;
  const server = createServer((request, response) => {
    const name = (request.url ?? '').replace('/set/', '');
    const text = name === 'SHA256SUMS' ? sums() : files[name];
    response.statusCode = request.headers.authorization !== wanted ? 401 : text === undefined ? 404 : 200;
    response.end(response.statusCode === 200 ? text : '');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/set`;
}

describe('the examples', () => {
  const password = 'hunter2-hunter2';
  const accelerate = '#!/bin/sh\nfor word; do echo "word: $word"; done\n';
  const model: TinyModel = {
    name: 'm',
    script: `$MAD_MULTI_NODE_RUNNER train.py || exit 1
cat $MAD_DATAHOME/a.txt $MAD_DATAHOME/deep/b.txt
${goodScript}`,
    dockerfile: 'COPY accelerate /bin/',
    card: {
      data: 'my_data',
      distributed: { launcher: 'accelerate', accelerate: { mixed_precision: 'bf16' }, nproc_per_node: 4 },
    },
  };

  test('of all kinds work together, named by the package', async () => {
    const folder = await tinyPackage([model]);
    await writeFile(join(folder, 'docker', 'accelerate'), accelerate, { mode: 0o755 });
    const path = await webFolder({ 'a.txt': 'some data\n', 'deep/b.txt': 'more data\n' }, password);
    await writeFile(join(folder, 'data.json'), JSON.stringify({ my_data: { http: { path } } }));
    const credential = { HTTP_DATA: { username: 'reader', password } };
    await writeFile(join(folder, 'credential.json'), JSON.stringify(credential), { mode: 0o600 });
    await cp(examples, join(folder, 'plugins'), { recursive: true });
    const names = ['launcher.ts', 'provider.mjs', 'report.mjs', 'target.ts', 'tool.mjs', 'vendor.mjs'];
    const plugins = names.map((name) => `plugins/${name}`);
    await writeFile(join(folder, 'madengine.config.json'), JSON.stringify({ plugins }));

    const context = JSON.stringify({ tools: ['disk_traffic'] });
    const asked = ['--tags', 'all_of_them', '--target', 'quiet', '--report', 'markdown=r.md', 'junit=r.xml'];
    const ended = await run(folder, [...asked, '--additional-context', context], {
      env: { QUIET_LOAD: '1000' },
    });

    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    expect(ended.stdout + ended.stderr).toMatch(
      /target "quiet" of plugins\/target\.ts: m starts at a load of/,
    );
    const [record] = await readRecords(folder);
    expect(record).toMatchObject({
      status: 'SUCCESS',
      launch: { launcher: 'accelerate', nproc_per_node: 4 },
      data: { provider: 'http', bytes: 20, items: [{ files: 2 }] },
      placement: { target: 'quiet' },
    });
    const { plugins: recorded = [] } = (record?.madengine ?? {}) as { plugins?: unknown[] };
    expect(recorded).toHaveLength(plugins.length);
    const launcher = createHash('sha256').update(await readFile(join(examples, 'launcher.ts')));
    expect(recorded[0]).toEqual({
      ...{ kind: 'launcher', name: 'accelerate', file: 'plugins/launcher.ts' },
      sha256: launcher.digest('hex'),
    });
    const artifacts = record?.artifacts as { path: string }[];
    expect(artifacts.map((one) => one.path.split('/').at(-1))).toEqual(
      expect.arrayContaining(['disk_traffic_before.csv', 'disk_traffic_after.csv']),
    );
    const output = await said(folder);
    expect(output).toContain('word: --num_processes=4\nword: --mixed_precision=bf16\nword: train.py\n');
    expect(output).toContain('some data\nmore data\n');
    expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
      { deployment_type: 'quiet', launcher: 'accelerate', data_provider_type: 'http' },
    ]);
    expect(await readFile(join(folder, 'r.md'), 'utf8')).toContain('| m | SUCCESS | samples/sec | 12.5 |  |');
    expect(await readFile(join(folder, 'r.xml'), 'utf8')).toContain('<testcase name="m"');

    await rm(join(folder, 'credential.json'));
    await expect(execute('grep', ['-r', '--', password, folder])).rejects.toMatchObject({ code: 1 });
  });

  const reading = { name: 'm', script: `cat $MAD_DATAHOME/a.txt\n${goodScript}`, card: { data: 'my_data' } };
  const provider = ['--plugin', join(examples, 'provider.mjs')];

  test('bring data into a mirror once, and again when it changed', async () => {
    const folder = await hostPackage({}, [reading]);
    const credential = { HTTP_DATA: { username: 'reader', password } };
    await writeFile(join(folder, 'credential.json'), JSON.stringify(credential), { mode: 0o600 });
    const files = { 'a.txt': '' };
    const http = { path: await webFolder(files, password), mirrorlocal: join(folder, 'mirror') };
    await writeFile(join(folder, 'data.json'), JSON.stringify({ my_data: { http } }));
    for (const text of ['first\n', 'first\n', 'second\n']) {
      files['a.txt'] = text;
      const ended = await run(folder, [...onHost, ...provider]);
      expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    }
    const data = (await readRecords(folder)).map((record) => record.data);
    expect(data).toMatchObject([
      { items: [{ bytes: 6, reused_bytes: 0 }] },
      { items: [{ bytes: 6, reused_bytes: 6 }] },
      { items: [{ bytes: 7, reused_bytes: 0 }] },
    ]);
    expect(await said(folder)).toContain('second\n');
  });

  test('say why a server refuses them', async () => {
    const folder = await hostPackage({}, [reading]);
    const path = await webFolder({ 'a.txt': 'some data\n' }, password);
    await writeFile(join(folder, 'data.json'), JSON.stringify({ my_data: { http: { path } } }));
    expect((await run(folder, [...onHost, ...provider])).exitCode).toBe(3);
    const [record, ...more] = await readRecords(folder);
    expect(record?.failure).toMatchObject({ class: 'data' });
    expect(record?.failure?.message).toContain('the server answers 401 for SHA256SUMS');
    // Another try would be refused, too.
    expect(more).toEqual([]);
  });

  test.skipIf(process.getuid?.() !== 0 || existsSync('/dev/accel'))(
    'find accelerators, hand them to containers, and heed what limits them',
    async () => {
      await mkdir('/dev/accel');
      onTestFinished(() => rm('/dev/accel', { recursive: true }));
      for (const index of [0, 1, 2])
        await execute('mknod', ['-m', '666', `/dev/accel/accel${index}`, 'c', '1', '3']);
      const folder = await tinyPackage([
        { name: 'm', script: `echo "files: $(ls /dev/accel | xargs)"\n${goodScript}`, card: { n_gpus: '2' } },
      ]);
      const dockerfile = join(folder, 'docker/m.ubuntu.Dockerfile');
      const text = await readFile(dockerfile, 'utf8');
      await writeFile(dockerfile, text.replace("'UBUNTU'}", "'UBUNTU', 'gpu_vendor': 'NPU'}"));
      const args = ['--tags', 'm', '--plugin', join(examples, 'vendor.mjs')];
      const ended = await run(folder, args, { env: { NPU_VISIBLE_DEVICES: '1,2' } });
      expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
      const [record] = await readRecords(folder);
      expect(record).toMatchObject({ gpu: { vendor: 'NPU', count: 3 }, placement: { gpus: [1, 2] } });
      expect(await said(folder)).toContain('files: accel1 accel2\n');
      expect(ended.stdout + ended.stderr).toContain(
        '2 of 3 GPUs are offered to models: NPU_VISIBLE_DEVICES=1,2',
      );
    },
  );

  test('are seen in a plan, which runs nothing of them', async () => {
    const folder = await hostPackage({});
    const args = [
      ...onHost,
      '--dry-run',
      '--plugin',
      join(examples, 'report.mjs'),
      join(examples, 'launcher.ts'),
    ];
    const context = ['--additional-context', '{"launcher": "accelerate"}'];
    const text = await run(folder, [...args, ...context]);
    expect(text.exitCode, text.stderr).toBe(0);
    expect(text.stdout).toContain(`# plugin launcher accelerate of ${examples}/launcher.ts`);
    const json = await run(folder, [...args, ...context, '--json']);
    const plan = json.stdout.split('\n').find((line) => line.includes('"plan.made"')) ?? '{}';
    expect(JSON.parse(plan).plan.plugins).toMatchObject([
      { kind: 'report', name: 'markdown', file: `${examples}/report.mjs` },
      { kind: 'launcher', name: 'accelerate', file: `${examples}/launcher.ts` },
    ]);
  });

  test.each(['nodenext', 'bundler'])(
    'have the types of the installed package, resolved as %s',
    async (resolution) => {
      const folder = await temporaryFolder();
      await cp(examples, folder, { recursive: true });
      await mkdir(join(folder, 'node_modules/@types'), { recursive: true });
      await symlink(inject('installed').packageFolder, join(folder, 'node_modules/madengine'));
      for (const name of ['@types/node', 'undici-types'])
        await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name));
      const compilerOptions = {
        ...{
          target: 'es2024',
          lib: ['es2024'],
          types: ['node'],
          strict: true,
          noEmit: true,
          skipLibCheck: false,
        },
        ...{ module: resolution === 'bundler' ? 'esnext' : 'nodenext', moduleResolution: resolution },
        ...{ verbatimModuleSyntax: true, erasableSyntaxOnly: true, preserveSymlinks: true },
      };
      await writeFile(join(folder, 'package.json'), '{"type": "module"}');
      await writeFile(join(folder, 'wrong.ts'), wrongLauncher);
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
      const tsc = join(root, 'node_modules/.bin/tsc');
      const told = await execute(tsc, ['-p', folder]).then(
        () => '',
        ({ stdout }: { stdout: string }) => stdout,
      );
      expect(told.split('\n').filter((line) => line.includes('error'))).toEqual([
        expect.stringMatching(
          /^.*wrong\.ts\(6,3\): error TS\d+: .*'lunch' does not exist in type 'LauncherPlugin'/,
        ),
      ]);
    },
  );
});

const wrongLauncher = `import type { LauncherPlugin } from 'madengine/plugin';
export const launcher: LauncherPlugin = {
  api: 1,
  kind: 'launcher',
  name: 'mine',
  lunch: () => ({ runner: [], env: {} }),
};
`;

describe('a plugin that can not be used is told before anything is done', () => {
  const launcher = "api: 1, kind: 'launcher', name: 'mine', launch: () => ({ runner: [], env: {} })";
  test.each([
    [
      'throws while it loads',
      'p.mjs',
      'const a = 1;\nthrow new Error("not today");',
      1,
      /p\.mjs can't be loaded: not today \(p\.mjs:2\)/,
    ],
    [
      'throws what is no error',
      'p.mjs',
      'throw { toString() { throw 1; } };',
      1,
      /something that cannot be shown/,
    ],
    [
      'has a mistake in its syntax',
      'p.mjs',
      'const a = 1;\nexport defalt {};',
      4,
      /Unexpected token|Unexpected identifier/,
    ],
    [
      'is TypeScript with an enum',
      'p.ts',
      'enum A { b }\nexport default {};',
      4,
      /p\.ts:1\).*\n.*takes types out: use no enum/,
    ],
    ['imports what is not there', 'p.mjs', 'import "nothing-such";', 4, /Cannot find package 'nothing-such'/],
    ['exports nothing', 'p.mjs', `export const plugin = {};`, 4, /p\.mjs has no default export/],
    [
      'has no kind',
      'p.mjs',
      `export default { api: 1, name: 'x' };`,
      4,
      /p\.mjs: kind: expected one of vendor, provider/,
    ],
    ['has a kind that is none', 'p.mjs', `export default { api: 1, kind: 'lancher' };`, 4, /found "lancher"/],
    [
      'is for a newer madengine',
      'p.mjs',
      `export default { api: 2 };`,
      4,
      /api: expected 1, found the number 2/,
    ],
    [
      'has a key that is none',
      'p.mjs',
      `export default { ${launcher}, lunch: 1 };`,
      4,
      /"lunch" is no key of a launcher.*\n.*launch\?/,
    ],
    [
      'lacks its function',
      'p.mjs',
      `export default { api: 1, kind: 'report', name: 'x' };`,
      4,
      /render: expected a function, found nothing/,
    ],
    [
      'has the name of ours',
      'p.mjs',
      `export default { api: 1, kind: 'launcher', name: 'torchrun', launch() {} };`,
      4,
      /madengine has a launcher of that name/,
    ],
    [
      'has the name of another',
      'p.mjs',
      `export default [{ ${launcher} }, { ${launcher} }];`,
      4,
      /p\.mjs has that name, too/,
    ],
    [
      'answers every question with an error',
      'p.mjs',
      'export default new Proxy({}, { get() { throw 1; } });',
      1,
      /its definition: 1/,
    ],
    [
      'has scripts elsewhere',
      'p.mjs',
      `export default { api: 1, kind: 'tool', name: 'x', pre_scripts: ['../x.sh'] };`,
      4,
      /"\.\.\/x\.sh" is no path inside/,
    ],
    ['is no module', 'p.json', '{}', 4, /"p\.json" is neither \.mjs nor \.ts/],
  ] as const)('%s', async (_, name, text, code, message) => {
    const folder = await hostPackage({ [name]: text });
    const ended = await run(folder, [...onHost, '--plugin', name]);
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toContain('defect of madengine');
    expect(ended.exitCode).toBe(code);
    expect(existsSync(join(folder, '.madengine'))).toBe(false);
  });

  test('lies outside of the package that names it', async () => {
    const folder = await hostPackage({});
    await writeFile(join(folder, '../out.mjs'), `export default { ${launcher} };`);
    await symlink('../out.mjs', join(folder, 'link.mjs'));
    for (const name of ['../out.mjs', 'link.mjs', join(folder, '../out.mjs')]) {
      await writeFile(join(folder, 'madengine.config.json'), JSON.stringify({ plugins: [name] }));
      const ended = await run(folder, onHost);
      expect(ended.exitCode).toBe(4);
      expect(ended.stderr).toContain('leads out of the package');
    }
  });

  test('never comes to its end, and is left alone at a signal', async () => {
    const folder = await hostPackage({ 'p.mjs': 'console.error("waits"); await new Promise(() => {});' });
    const program = startCli(['run', ...onHost, '--plugin', 'p.mjs'], { cwd: folder });
    await until(() => program.stderr().includes('waits'));
    program.kill('SIGINT');
    expect((await program.ended).exitCode).toBe(130);
  });

  test.each([
    ['--target', 'quite', 'there is no target "quite"'],
    ['--report', 'markdwn=r.md', 'there is no report "markdwn"'],
    ['--report', 'markdown', 'is not NAME=FILE'],
    ['--report', 'markdown=nowhere/r.md', 'there is no folder nowhere'],
  ])('is named wrongly in %s %s', async (option, value, message) => {
    const folder = await hostPackage({});
    const plugins = ['--plugin', join(examples, 'target.ts'), '--plugin', join(examples, 'report.mjs')];
    const ended = await run(folder, [...onHost, ...plugins, option, value]);
    expect(ended.stderr).toContain(message);
    expect(await readRecords(folder)).toEqual([]);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((done) => setTimeout(done, 20));
}

describe('a plugin that fails at work', () => {
  const failing = (kind: string, name: string, functions: string): string =>
    `const fail = () => { throw new TypeError('it broke'); };
export default { api: 1, kind: '${kind}', name: '${name}', ${functions} };`;

  test('in launch fails its job for good, and no other', async () => {
    const models: TinyModel[] = [
      { name: 'a', script: goodScript, card: { distributed: { launcher: 'mine' } } },
      { name: 'b', script: goodScript },
    ];
    const folder = await hostPackage({ 'p.mjs': failing('launcher', 'mine', 'launch: fail') }, models);
    const ended = await run(folder, [...onHost, '--plugin', 'p.mjs']);
    expect(ended.exitCode).toBe(3);
    const [a, b, ...more] = await readRecords(folder);
    expect(more).toEqual([]);
    expect(a?.failure).toMatchObject({
      ...{ class: 'setup', permanent: true },
      message: 'launcher "mine" of p.mjs, launch: it broke',
    });
    expect(b?.status).toBe('SUCCESS');
  });

  test.each([
    ['a text', '"torchrun"'],
    ['a promise', 'Promise.resolve({ runner: [], env: {} })'],
    ['words with blanks', '{ runner: [[{ text: "a b" }]], env: {} }'],
    ['files elsewhere', '{ runner: [], env: {}, files: { "../x": "" } }'],
  ])('in launch with %s for an answer fails its job', async (_, answer) => {
    const folder = await hostPackage({ 'p.mjs': failing('launcher', 'mine', `launch: () => (${answer})`) });
    const asked = ['--plugin', 'p.mjs', '--additional-context', '{"launcher": "mine"}'];
    expect((await run(folder, [...onHost, ...asked])).exitCode).toBe(3);
    const [record] = await readRecords(folder);
    expect(record?.failure?.message).toMatch(/^launcher "mine" of p\.mjs, launch: expected/);
  });

  test.each([
    [
      'check: fail, fetch: fail',
      'data "d" can\'t be had: broken: provider "broken" of p.mjs, check: it broke',
    ],
    [
      'check: async () => "closed on Sundays", fetch: fail',
      'data "d" can\'t be had: broken: closed on Sundays',
    ],
    ['check: async () => {}, fetch: fail', 'provider "broken" of p.mjs, fetch: it broke'],
    [
      'check: async () => {}, fetch: async () => 3',
      'provider "broken" of p.mjs, fetch: expected { files, bytes }',
    ],
  ])('in a provider with { %s } is a failure of data', async (functions, message) => {
    const models = [{ name: 'm', script: goodScript, card: { data: 'd' } }];
    const folder = await hostPackage({ 'p.mjs': failing('provider', 'broken', functions) }, models);
    await writeFile(join(folder, 'data.json'), JSON.stringify({ d: { broken: { path: 'x' } } }));
    expect((await run(folder, [...onHost, '--retries', '0', '--plugin', 'p.mjs'])).exitCode).toBe(3);
    const [record] = await readRecords(folder);
    expect(record?.failure).toMatchObject({ class: 'data', stage: 'data' });
    expect(record?.failure?.message).toContain(message);
  });

  test.each([
    ['throws', 'place: fail', 'target "odd" of p.mjs, place: it broke'],
    ['runs nothing', 'place: async () => ({ status: "SUCCESS" })', 'place: the job was not run'],
  ])('in a target that %s has its record', async (_, functions, message) => {
    const folder = await hostPackage({ 'p.mjs': failing('target', 'odd', functions) });
    expect((await run(folder, [...onHost, '--plugin', 'p.mjs', '--target', 'odd'])).exitCode).toBe(3);
    const [record] = await readRecords(folder);
    expect(record).toMatchObject({ status: 'FAILURE', placement: null, failure: { class: 'setup' } });
    expect(record?.failure?.message).toContain(message);
    expect(await readRows(join(folder, 'perf.csv'))).toHaveLength(1);
  });

  test('in a target behind its job costs no result', async () => {
    const place = 'async place(job, { here }) { await here(); fail(); }';
    const folder = await hostPackage({ 'p.mjs': failing('target', 'odd', place) });
    const ended = await run(folder, [...onHost, '--plugin', 'p.mjs', '--target', 'odd']);
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout + ended.stderr).toContain('target "odd" of p.mjs, place: it broke');
  });

  test('in a report costs neither records nor other reports', async () => {
    const folder = await hostPackage({ 'p.mjs': failing('report', 'odd', 'render: fail') });
    const ended = await run(folder, [...onHost, '--plugin', 'p.mjs', '--report', 'odd=o.txt', 'junit=j.xml']);
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain('report "odd" of p.mjs, render: it broke');
    expect(existsSync(join(folder, 'o.txt'))).toBe(false);
    expect(await readFile(join(folder, 'j.xml'), 'utf8')).toContain('tests="1"');
    expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([{ status: 'SUCCESS' }]);
  });

  test('in detect is told, and models without GPUs run', async () => {
    const folder = await hostPackage({
      'p.mjs': failing('vendor', 'ODD', "files: ['/dev/null'], detect: fail"),
    });
    const ended = await run(folder, [...onHost, '--plugin', 'p.mjs']);
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(ended.stdout + ended.stderr).toContain('vendor "ODD" of p.mjs, detect: it broke');
  });

  test('where nobody waits for it does not end the campaign', async () => {
    const render =
      'render() { setTimeout(fail, 1); Promise.reject(new Error("left behind")); return new Promise((done) => setTimeout(() => done("good"), 50)); }';
    const folder = await hostPackage({ 'p.mjs': failing('report', 'odd', render) });
    const ended = await run(folder, [...onHost, '--plugin', 'p.mjs', '--report', 'odd=o.txt']);
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(ended.stdout + ended.stderr).toContain(
      'the plugin p.mjs threw where nobody waited for it: it broke',
    );
    expect(ended.stdout + ended.stderr).toContain('left behind');
    expect(await readFile(join(folder, 'o.txt'), 'utf8')).toBe('good');
  });
});

test('what a plugin prints leaves the events alone', async () => {
  const render = 'render() { console.log("mine"); console.info("too"); return ""; }';
  const text = `console.log('loaded'); export default { api: 1, kind: 'report', name: 'loud', ${render} };`;
  const folder = await hostPackage({ 'p.mjs': text });
  const ended = await run(folder, [...onHost, '--json', '--plugin', 'p.mjs', '--report', 'loud=l.txt']);
  expect(ended.exitCode, ended.stderr).toBe(0);
  for (const line of ended.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('type');
  expect(ended.stderr).toMatch(/loaded\n(?:.*\n)*mine\ntoo\n/);
});

test('a plugin takes the place of ours when it says so', async () => {
  const launch = "launch: () => ({ runner: [[{ text: 'env' }]], env: { MINE: [{ text: '1' }] } })";
  const definitions = [
    `{ api: 1, kind: 'launcher', name: 'torchrun', replaces: true, ${launch} }`,
    "{ api: 1, kind: 'tool', name: 'trace', replaces: true, cmd: 'env TRACED=mine' }",
    "{ api: 1, kind: 'report', name: 'junit', replaces: true, render: () => 'mine' }",
  ];
  const models = [{ name: 'm', script: `echo "words: $MAD_MULTI_NODE_RUNNER $MINE $TRACED"\n${goodScript}` }];
  const folder = await hostPackage({ 'p.mjs': `export default [${definitions.join(', ')}];` }, models);
  const context = '{"tools": ["trace"], "launcher": "torchrun"}';
  const args = [...onHost, '--plugin', 'p.mjs', '--junit', 'j.xml', '--additional-context', context];
  const ended = await run(folder, args);
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  expect(await said(folder)).toContain('words: env 1 mine\n');
  expect(await readFile(join(folder, 'j.xml'), 'utf8')).toBe('mine');
  const unsaid = definitions.map((one) => one.replace('replaces: true, ', ''));
  await writeFile(join(folder, 'p.mjs'), `export default ${unsaid[1]};`);
  const refused = await run(folder, args);
  expect(refused.exitCode).toBe(4);
  expect(refused.stderr).toContain('madengine has a tool named "trace" already');
});

describe('a plugin that never ends', () => {
  const forever = 'new Promise(() => {})';

  test('in fetch is left alone at a signal, and its job is interrupted', async () => {
    const fetch = `fetch() { console.error('fetching'); return ${forever}; }`;
    const text = `export default { api: 1, kind: 'provider', name: 'slow', check: async () => {}, ${fetch} };`;
    const folder = await hostPackage({ 'p.mjs': text }, [
      { name: 'm', script: goodScript, card: { data: 'd' } },
    ]);
    await writeFile(join(folder, 'data.json'), JSON.stringify({ d: { slow: { path: 'x' } } }));
    const program = startCli(['run', ...onHost, '--plugin', 'p.mjs'], { cwd: folder });
    await until(() => program.stderr().includes('fetching'));
    program.kill('SIGINT');
    expect((await program.ended).exitCode).toBe(130);
    expect(await readRecords(folder)).toMatchObject([{ failure: { class: 'interrupted' } }]);
  });

  test('in place ends at the deadline with a record', async () => {
    const text = `export default { api: 1, kind: 'target', name: 'slow', place: () => ${forever} };`;
    const folder = await hostPackage({ 'p.mjs': text });
    const args = [...onHost, '--plugin', 'p.mjs', '--target', 'slow', '--deadline', '2'];
    expect((await run(folder, args)).exitCode).toBe(3);
    expect(await readRecords(folder)).toMatchObject([{ failure: { class: 'timeout' } }]);
  });

  test('in place of one job keeps no other from ending', async () => {
    const place = `place: (job, { here }) => (job.model === 'a' ? ${forever} : here())`;
    const text = `export default { api: 1, kind: 'target', name: 'odd', ${place} };`;
    const models = ['a', 'b'].map((name) => ({ name, script: goodScript }));
    const folder = await hostPackage({ 'p.mjs': text }, models);
    const args = [...onHost, '--plugin', 'p.mjs', '--target', 'odd', '--parallel', '2', '--deadline', '5'];
    expect((await run(folder, args)).exitCode).toBe(3);
    const ends = (await readRecords(folder)).map(({ model, status }) => `${model.name} ${status}`);
    expect(ends.sort()).toEqual(['a FAILURE', 'b SUCCESS']);
  });

  test('goes on with all that it was when the campaign is resumed', async () => {
    const folder = await hostPackage({});
    await cp(join(examples, 'target.ts'), join(folder, 'quiet.ts'));
    const asked = ['run', ...onHost, '--plugin', 'quiet.ts', '--target', 'quiet'];
    const program = startCli(asked, { cwd: folder, env: { QUIET_LOAD: '-1' } });
    await until(
      () => existsSync(join(folder, '.madengine')) && program.stdout().includes('this machine has no GPU'),
    );
    program.kill('SIGTERM');
    expect((await program.ended).exitCode).toBe(143);
    const resumed = await run(folder, ['--resume'], { env: { QUIET_LOAD: '1000' } });
    expect(resumed.exitCode, resumed.stdout + resumed.stderr).toBe(0);
    expect((await readRecords(folder)).at(-1)).toMatchObject({
      status: 'SUCCESS',
      placement: { target: 'quiet' },
    });
  });
});

test('a plugin sees no secret that it does not ask for, and one that it asks for is masked', async () => {
  const place = `async place(job, around) {
    around.tell('sees ' + JSON.stringify({ ...around, here: 0, run: 0 }) + around.secrets.MY_TOKEN.reveal());
    return around.here();
  }`;
  const folder = await hostPackage({
    'p.mjs': `export default { api: 1, kind: 'target', name: 'nosy', variables: ['MY_TOKEN', 'MY_PLACE'], ${place} };`,
    'credential.json': JSON.stringify({ other: { username: 'someone', password: 'not-for-plugins' } }),
  });
  const env = { MY_TOKEN: 'token-of-mine-123', MY_PLACE: 'here', MY_SECRET: 'not-for-plugins-2' };
  const ended = await run(folder, [...onHost, '--plugin', 'p.mjs', '--target', 'nosy'], { env });
  expect(ended.exitCode, ended.stderr).toBe(0);
  const shown = ended.stdout + ended.stderr;
  expect(shown).toContain('"env":{"MY_PLACE":"here"}');
  expect(shown).not.toMatch(/not-for-plugins|token-of-mine/);
  expect(shown).toContain('******');
});
