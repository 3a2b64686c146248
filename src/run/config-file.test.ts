import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfigFile } from './config-file.ts';

let folder = '';
let root = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-file-'));
  root = join(folder, 'mad');
  await mkdir(root);
});
afterEach(() => rm(folder, { recursive: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}
const read = (args: string): Promise<unknown> => readConfigFile(args, root, 'scripts/models/bert');

test.each(['--config c.json', '--steps 2 --config=c.json -v', '--config "c.json"'])(
  '%s names it',
  async (args) => {
    await write('scripts/models/bert/c.json', '{"lr": 0.1}');
    expect(await read(args)).toEqual({ lr: 0.1 });
  },
);

test.each(['', '--configure c.json', '--config', "--config '", '--config gone.json'])(
  '%j names none',
  async (args) => {
    await write('scripts/models/bert/c.json', '{"lr": 0.1}');
    expect(await read(args)).toBeUndefined();
  },
);

test('the nearest folder from the scripts up to the package has it', async () => {
  await write('c.json', '1');
  expect(await read('--config c.json')).toBe(1);
  await write('scripts/c.json', '2');
  expect(await read('--config c.json')).toBe(2);
  await write('scripts/models/c.json', '3');
  expect(await read('--config c.json')).toBe(3);
});

test('rows of a CSV file are objects, YAML is data, other files are text, and so is what is broken', async () => {
  await write('c.csv', 'model, tp\r\nllama,8\r\n"a,b",1');
  await write('c.yaml', 'base: &base\n  lr: 0.1\nlong:\n  <<: *base\n  steps: 5\n');
  await write('c.json', '{"lr"');
  expect(await read('--config c.csv')).toEqual([
    { model: 'llama', tp: '8' },
    { model: 'a,b', tp: '1' },
  ]);
  expect(await read('--config c.yaml')).toEqual({ base: { lr: 0.1 }, long: { lr: 0.1, steps: 5 } });
  await write('c.yml', 'lr: [0.1');
  expect(await read('--config c.yml')).toBe('lr: [0.1');
  await write('c.toml', 'lr = 0.1');
  expect(await read('--config c.toml')).toBe('lr = 0.1');
  expect(await read('--config c.json')).toBe('{"lr"');
});

test('nothing outside of the package is read, nor what is no file or far too long', async () => {
  await writeFile(join(folder, 'outside.json'), '{}');
  await symlink(join(folder, 'outside.json'), join(root, 'link.json'));
  await write('long.json', `"${'x'.repeat(2 * 1024 * 1024)}"`);
  await mkdir(join(root, 'folder.json'));
  await write('credential.json', '{}');
  await symlink('credential.json', join(root, 'indirect.json'));
  const names = [
    'credential.json',
    'indirect.json',
    '../outside.json',
    '../../../../outside.json',
    join(folder, 'outside.json'),
    'link.json',
    'long.json',
    'folder.json',
  ];
  for (const name of names) expect(await read(`--config ${name}`), name).toBeUndefined();
});

test('aliases that stand for ever more, nesting without end and odd keys do no harm', async () => {
  const letters = [...'abcdefghi'];
  const bomb = letters.map((name, index) => {
    const before = letters[index - 1];
    return `${name}: &${name} [${before === undefined ? 'lol' : Array(9).fill(`*${before}`).join(', ')}]`;
  });
  await write('bomb.yaml', bomb.join('\n'));
  expect(await read('--config bomb.yaml')).toBe(bomb.join('\n'));
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
  for (const name of ['deep.yaml', 'deep.json']) {
    await write(name, deep);
    expect((await read(`--config ${name}`)) === deep).toBe(true);
  }
  await write('odd.yaml', '__proto__: {polluted: 1}\n? [a, b]\n: .nan\n');
  expect(Object.keys((await read('--config odd.yaml')) as object)).toContain('__proto__');
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test('what a run must not see is no configuration, whatever it is called', async () => {
  await write('keys/id_ed25519', 'private');
  await write('.madengine/campaigns/1/secrets/config.json', '{"auths": {}}');
  await symlink(join(root, 'keys/id_ed25519'), join(root, 'plain.json'));
  const hidden = [
    { path: 'keys/id_ed25519', kind: 'file' },
    { path: '.madengine', kind: 'folder' },
  ] as const;
  for (const name of ['keys/id_ed25519', 'plain.json', '.madengine/campaigns/1/secrets/config.json'])
    expect(await readConfigFile(`--config ${name}`, root, 'scripts', hidden)).toBeUndefined();
});
