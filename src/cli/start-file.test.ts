import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const bin = (name: string): string => fileURLToPath(new URL(`../../bin/${name}`, import.meta.url));
const version = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;

function start(program: string, args: string[], nodeVersion = '22.18.0') {
  const setUp = `Object.defineProperty(process.versions, 'node', { value: ${JSON.stringify(nodeVersion)} });
    process.argv = ['node', 'program'].concat(${JSON.stringify(args)});
    require(${JSON.stringify(bin('start.cjs'))})(${JSON.stringify(program)});
    console.error(Object.keys(require.cache).filter((file) => /dist/.test(file)).join());`;
  return spawnSync(process.execPath, ['--eval', setUp], { encoding: 'utf8' });
}

test.each(['20.19.5', '22.17.9', '18.0.0', '8.17.0'])(
  'Node.js %s is told to be too old in one line, exit 1',
  (old) => {
    const { status, stdout, stderr } = start('madengine', ['--version'], old);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`madengine needs Node.js 22.18 or newer; this is ${old}.\n`);
  },
);

test.each([
  ['madengine', '--version'],
  ['madengine', '-v'],
  ['madengine', '-V'],
  ['madengine-cli', '--version'],
  ['madengine-cli', '-V'],
])('%s %s is answered without loading anything', (program, flag) => {
  const { status, stdout, stderr } = start(program, [flag]);
  expect([status, stdout, stderr]).toEqual([0, `${program} ${version}\n`, '\n']);
});

test.each(['22.18.0', '23.0.0', '24.1.0', '100.0.0'])('Node.js %s is new enough', (enough) => {
  expect(start('madengine', ['--version'], enough).status).toBe(0);
});

test('the start-up files have nothing that an old Node.js could not parse', () => {
  for (const name of ['start.cjs', 'madengine.cjs', 'madengine-cli.cjs']) {
    const code = readFileSync(bin(name), 'utf8')
      .replace(/^#!.*|\/\/.*$|\/\*[\s\S]*?\*\//gm, '')
      .replace(/'[^']*'/g, "''");
    expect(code).not.toMatch(/\b(?:const|let|class|async|await|import|of)\b|=>|`|\?\.|\?\?|\.\.\.|,\s*\)/);
  }
});

/** Only the start file: what it would start is `main`, which says where it is kept. */
const keeps = (cache: string) => {
  const setUp = `process.umask(0);
    require.cache[require.resolve(${JSON.stringify(bin('start.cjs'))})] = undefined;
    const load = module.constructor._load;
    module.constructor._load = (name, ...more) => name.endsWith('dist/main.js')
      ? { main: () => console.log(require('node:module').getCompileCacheDir() ?? 'nowhere') } : load(name, ...more);
    require(${JSON.stringify(bin('start.cjs'))})('madengine');`;
  const env = { PATH: process.env.PATH, XDG_CACHE_HOME: cache };
  return spawnSync(process.execPath, ['--eval', setUp], { encoding: 'utf8', env, timeout: 20_000 });
};

test('a cache folder that can not be made is done without', () => {
  const { status, stdout, stderr } = keeps('/proc/no such folder');
  expect([status, stdout, stderr]).toEqual([0, 'nowhere\n', '']);
});

test('compiled code lies where nobody else can write, whatever the umask', () => {
  const root = mkdtempSync(join(tmpdir(), 'madengine-start-'));
  try {
    const { stdout } = keeps(join(root, 'cache'));
    expect(stdout).toContain(join(root, 'cache/madengine/compiled'));
    expect(statSync(join(root, 'cache')).mode & 0o777).toBe(0o700);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a version that can not be written is one line, exit 1', () => {
  const stdio: ['ignore', number, 'pipe'] = ['ignore', openSync('/dev/full', 'w'), 'pipe'];
  const { status, stderr } = spawnSync(process.execPath, [bin('madengine.cjs'), '--version'], {
    encoding: 'utf8',
    stdio,
  });
  expect([status, stderr]).toEqual([1, 'Error: standard output: ENOSPC: no space left on device, write\n']);
});
