import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shippedTools } from './shipped-tools.ts';
import { readTools } from './tools-config.ts';

let packageDir = '';
beforeEach(async () => {
  packageDir = await mkdtemp(join(tmpdir(), 'tools-config-'));
  await mkdir(join(packageDir, 'scripts/common'), { recursive: true });
});
afterEach(() => rm(packageDir, { recursive: true }));

const write = (text: string, path = 'scripts/common/tools.json') => writeFile(join(packageDir, path), text);
const tools = (entries: unknown) => write(JSON.stringify({ tools: entries }));
const read = (wanted: string[] = [], toolsConfig?: string) =>
  readTools({ packageDir, toolsConfig, cwd: packageDir, wanted });

test('a package without tools.json has ours', async () => {
  const { tools: known, warnings } = await read(['rocprof', 'trace']);
  expect(known.get('trace')).toMatchObject({
    envVars: { TRACE_MODE: 'all' },
    outputs: ['library_trace.csv'],
  });
  expect(warnings).toEqual([]);
});

test("the package's tool of a name takes the place of ours; an entry with cmd and env_vars is enough", async () => {
  await tools({ rocprof: { cmd: 'rocprof', env_vars: { A: 1, B: true } } });
  const { tools: known } = await read(['rocprof', 'nsys']);
  expect(known.get('rocprof')).toEqual({
    cmd: 'rocprof',
    envVars: { A: '1', B: 'True' },
    preScripts: [],
    postScripts: [],
    requires: [],
    outputs: [],
  });
});

test('--tools-config takes the place of the file of the package, over ours', async () => {
  await tools({ theirs: { cmd: 'x' } });
  await write('{"tools": {"mine": {"cmd": "y"}}}', 'other.json');
  const { tools: known } = await read(['mine', 'rocprof'], 'other.json');
  expect(known.has('theirs')).toBe(false);
  await expect(read([], 'absent.json')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});

test('an unknown tool is told with near names and the places that were looked in', async () => {
  await tools({ rocprofx: { cmd: 'x' } });
  await expect(read(['rocprov'])).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/"rocprov".*scripts\/common\/tools\.json.*madengine's own/),
    hint: expect.stringContaining('"rocprof"'),
  });
});

test('unknown keys are kept out of the way and told once', async () => {
  await tools({ a: { cmd: 'x', cmdd: 'y' }, b: { note: 1 } });
  expect((await read(['a'])).warnings).toEqual([
    'scripts/common/tools.json: "a.cmdd", "b.note": no such key',
  ]);
});

test.each([
  ['no JSON', '{"tools": '],
  ['no tools', '{}'],
  ['tools are a list', '{"tools": []}'],
  ['a tool is text', '{"tools": {"a": "x"}}'],
  ['cmd is a number', '{"tools": {"a": {"cmd": 3}}}'],
  ['cmd holds NUL', '{"tools": {"a": {"cmd": "x\\u0000y"}}}'],
  ['a variable is an object', '{"tools": {"a": {"env_vars": {"A": {}}}}}'],
  ['the name of a variable', '{"tools": {"a": {"env_vars": {"A=B": "x"}}}}'],
  ['a script outside', '{"tools": {"a": {"pre_scripts": [{"path": "../../etc/x.sh"}]}}}'],
  ['an absolute script', '{"tools": {"a": {"post_scripts": ["/etc/x.sh"]}}}'],
  ['a script without a path', '{"tools": {"a": {"pre_scripts": [{"args": "x"}]}}}'],
  ['an output outside', '{"tools": {"a": {"outputs": ["../x"]}}}'],
  ['a program with blanks', '{"tools": {"a": {"requires": ["a; rm"]}}}'],
])('a tools.json that can not be used is refused with its name: %s', async (_, text) => {
  await write(text);
  await expect(read(['a'])).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining('scripts/common/tools.json'),
  });
});

test('a script that neither the package nor we have is told before anything runs', async () => {
  await tools({ a: { pre_scripts: ['scripts/common/pre_scripts/trace.sh', 'scripts/mine.sh'] } });
  await expect(read(['a'])).rejects.toMatchObject({ message: expect.stringContaining('"scripts/mine.sh"') });
  await write('', 'scripts/mine.sh');
  await expect(read(['a'])).resolves.toBeDefined();
});

test('a pipe in its place is no file, and nobody waits for it', async () => {
  execFileSync('mkfifo', [join(packageDir, 'scripts/common/tools.json')]);
  await expect(read()).rejects.toMatchObject({ code: 'INVALID_FILE' });
  await rm(join(packageDir, 'scripts/common/tools.json'));
  await symlink('/dev/zero', join(packageDir, 'scripts/common/tools.json'));
  await expect(read()).rejects.toMatchObject({ code: 'INVALID_FILE' });
});

test('each of our tools has its scripts, and every script is POSIX sh or for an older name', async () => {
  const { tools: ours } = await read();
  const root = shippedTools();
  for (const [name, tool] of ours) {
    await expect(read([name]), name).resolves.toBeDefined();
    const [, path] = /^sh \.\.\/(\S+)/.exec(tool.cmd) ?? [];
    if (path !== undefined) await expect(readFile(join(root, path)), name).resolves.toBeDefined();
  }
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.sh'));
  expect(files.length).toBeGreaterThan(15);
  for (const file of files) {
    expect(await readFile(join(root, file), 'utf8'), file).toMatch(/^#!\/bin\/sh\n/);
    execFileSync('sh', ['-n', join(root, file)]);
    if (existsSync('/usr/bin/busybox')) execFileSync('busybox', ['sh', '-n', join(root, file)]);
  }
});

test('the documentation has the table of our tools as they are', async () => {
  const { tools: ours } = JSON.parse(
    await readFile(join(shippedTools(), 'scripts/common/tools.json'), 'utf8'),
  ) as { tools: Record<string, { description: string; requires?: string[]; outputs?: string[] }> };
  const rows = Object.entries(ours).map(([name, { description, requires = [], outputs = [] }]) => {
    const needs = requires.map((one) => one.replace(/[^|]+/g, '`$&`').replaceAll('|', ' or ')).join(', ');
    return `| \`${name}\` | ${description} | ${needs} | ${outputs.map((one) => `\`${one}\``).join(', ')} |`;
  });
  const page = await readFile(join(import.meta.dirname, '../../docs/tools.md'), 'utf8');
  const [, table = ''] = /\| leaves \|\n.*\n((?:\|.*\n)+)/.exec(page) ?? [];
  expect(table.trim().split('\n')).toEqual(rows);
});
