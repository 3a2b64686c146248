import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Emit, EventBody } from '../foundation/event.ts';
import { thisMachine } from '../machine/command/this-machine.ts';
import { chooseModels } from './choose-models.ts';
import { type DiscoveryOptions, discoverCards } from './discovery.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function madPackage(files: Readonly<Record<string, string | object>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'madengine-package-'));
  folders.push(root);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return root;
}

const card = (name: string, more: object = {}) => ({ name, dockerfile: 'd', scripts: 'run.sh', ...more });
const env = { PATH: process.env.PATH, HOME: process.env.HOME, MAD_FLAVOUR: 'plain', MAD_SECRETS_X: 'hidden' };

function options(
  root: string,
  more: Partial<DiscoveryOptions> = {},
): DiscoveryOptions & { said: EventBody[] } {
  const said: EventBody[] = [];
  const emit: Emit = Object.assign((body: EventBody) => void said.push(body), { within: () => emit });
  return { root, runner: thisMachine({ env }), emit, env, said, ...more };
}

const names = async (root: string, more?: Partial<DiscoveryOptions>) =>
  (await discoverCards(options(root, more))).map((found) => found.card.name);

const failure = (code: string, ...texts: string[]) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(
      new RegExp(texts.map((text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('[^]*')),
    ),
  });

const python = (body: string) =>
  `from madengine.tools.discover_models import CustomModel\n${body.replace(/^\n/, '')}`;

test('the root comes first, then the folders by name, each in the order of its file', async () => {
  const root = await madPackage({
    'models.json': [card('z'), card('a')],
    'scripts/two/models.json': [card('m')],
    'scripts/One/models.json': [card('m')],
    'scripts/none/run.sh': '',
    'scripts/deep/er/models.json': [card('not')],
  });
  expect(await names(root)).toEqual(['z', 'a', 'One/m', 'two/m']);
});

test('a hook may import CustomModel from where version 2 of the Python tool has it', async () => {
  const hook = `from madengine.utils.discover_models import CustomModel
def list_models():
    return [CustomModel(name="m", dockerfile="d", scripts="run.sh", n_gpus="0")]`;
  const root = await madPackage({ 'scripts/new/get_models_json.py': hook });
  expect(await names(root)).toEqual(['new/m']);
});

test('a folder gives its models scope and paths', async () => {
  const root = await madPackage({
    'scripts/two/models.json': [card('m', { dockerfile: '../../docker/m', scripts: 'go/run.sh' })],
  });
  const [found] = await discoverCards(options(root));
  expect(found).toMatchObject({
    card: { name: 'two/m', dockerfile: 'docker/m', scripts: 'scripts/two/go/run.sh' },
    origin: { file: 'scripts/two/models.json', index: 0 },
  });
});

test('a folder without any model is no package, and the hint says how to name one', async () => {
  const root = await madPackage({ 'scripts/x/run.sh': '' });
  await expect(names(root)).rejects.toThrowError(failure('PACKAGE_NOT_FOUND', root));
  await expect(names(root)).rejects.toThrowError(
    expect.objectContaining({ hint: expect.stringContaining('MODEL_DIR') }),
  );
});

test('a mistake in JSON is shown with its line and column', async () => {
  const root = await madPackage({ 'models.json': '[\n  {"name": "a",}\n]' });
  await expect(names(root)).rejects.toThrowError(failure('INVALID_FILE', 'models.json:2:16'));
});

test('a card file that holds one object says that a list is expected', async () => {
  const root = await madPackage({ 'models.json': card('a') });
  await expect(names(root)).rejects.toThrowError(failure('INVALID_FILE', 'models.json', 'list', 'object'));
});

test('two files with models in one folder are an error', async () => {
  const root = await madPackage({
    'scripts/x/models.json': [card('a')],
    'scripts/x/get_models_json.py': '',
  });
  await expect(names(root)).rejects.toThrowError(
    failure('INVALID_FILE', 'scripts/x', 'get_models_json.py', 'models.json'),
  );
});

test('a name that stands twice is an error with both places', async () => {
  const root = await madPackage({ 'models.json': [card('a'), card('b'), card('a')] });
  await expect(names(root)).rejects.toThrowError(
    failure('INVALID_FILE', '"a"', 'models.json, model 1', 'models.json, model 3'),
  );
});

test('a folder that is no folder or a loop is passed over', async () => {
  const root = await madPackage({ 'models.json': [card('a')], 'scripts/file': '' });
  await symlink('loop', join(root, 'scripts/loop'));
  expect(await names(root)).toEqual(['a']);
});

test('unknown keys are told once, with the nearest known one', async () => {
  const root = await madPackage({
    'models.json': [card('a', { timout: 5, env_vars: { A: '1' } }), card('b', { timout: 6 })],
  });
  const asked = options(root);
  await discoverCards(asked);
  expect(asked.said).toHaveLength(1);
  expect(asked.said[0]).toMatchObject({
    type: 'notice',
    code: 'UNKNOWN_CARD_KEY',
    message: expect.stringContaining('did you mean timeout?'),
  });
});

test('a Python hook lists its models, whatever it prints', async () => {
  const root = await madPackage({
    'scripts/py/get_models_json.py': python(`
import os, sys
print('noise [')
os.system('echo more noise')
class Mine(CustomModel):
    pass
def list_models():
    return [Mine(name='a', dockerfile='../../docker/a', scripts='run.sh', tags=['t'], args='--x'),
            {'name': 'b', 'dockerfile': 'b', 'scripts': 'run.sh', 'n_gpus': 2, 'url': None}]
`),
  });
  const asked = options(root);
  const found = await discoverCards(asked);
  expect(found.map((one) => [one.card.name, one.card.dockerfile, one.card.n_gpus])).toEqual([
    ['py/a', 'docker/a', '-1'],
    ['py/b', 'scripts/py/b', '2'],
  ]);
  expect(asked.said).toEqual([]);
});

test('what a hook prints is shown when asked for, without escape sequences', async () => {
  const root = await madPackage({
    'scripts/py/get_models_json.py': python(`
print('\\033[2Jhello\\a')
def list_models(): return []
`),
  });
  const asked = options(root, { verbose: true });
  await discoverCards(asked);
  expect(asked.said).toEqual([
    expect.objectContaining({
      code: 'HOOK_OUTPUT',
      message: 'scripts/py/get_models_json.py printed:\nhello',
    }),
  ]);
});

test('a Python hook finds its own modules, and leaves no compiled files', async () => {
  const root = await madPackage({
    'scripts/py/sizes.py': 'sizes = [1, 2]',
    'scripts/py/get_models_json.py': python(`
from sizes import sizes
def list_models():
    return [CustomModel(name=f'n{size}', dockerfile='d', scripts='run.sh') for size in sizes]
`),
  });
  expect(await names(root)).toEqual(['py/n1', 'py/n2']);
  expect(await names(root)).toEqual(['py/n1', 'py/n2']);
  await expect(rm(join(root, 'scripts/py/__pycache__'), { recursive: true })).rejects.toThrow();
});

test('a hook sees the variables of the package and no secrets', async () => {
  const root = await madPackage({
    'scripts/py/get_models_json.py': python(`
import os
def list_models():
    seen = ','.join(sorted(name for name in os.environ if name.startswith('MAD_')))
    return [CustomModel(name='a', dockerfile='d', scripts='s', owner=seen)]
`),
  });
  const [found] = await discoverCards(options(root));
  expect(found?.card.owner).toBe('MAD_FLAVOUR');
});

test('the traceback of a Python hook stands in the error, without our own lines', async () => {
  const root = await madPackage({
    'scripts/py/get_models_json.py': python(`
def list_models():
    return 1 / 0
`),
  });
  const thrown = await discoverCards(options(root)).catch((error: unknown) => error);
  expect(thrown).toEqual(
    failure('HOOK_FAILED', 'scripts/py/get_models_json.py', 'Traceback', 'line 3', 'ZeroDivisionError'),
  );
  expect(String(thrown)).not.toContain('run_hook.py');
});

test.each([
  ['does not compile', 'def list_models(:\n', 'SyntaxError'],
  ['defines nothing', 'x = 1', 'must define a function list_models()'],
  ['lists something else', 'def list_models(): return [5]', 'not int'],
  ['ends itself', 'import os\nos._exit(0)', 'ended without listing'],
  ['exits', 'import sys\nsys.exit(3)', 'SystemExit'],
])('a Python hook that %s is an error', async (_what, source, expected) => {
  const root = await madPackage({ 'scripts/py/get_models_json.py': source });
  await expect(names(root)).rejects.toThrowError(failure('HOOK_FAILED', 'scripts/py', expected));
});

test('a hook that hangs is ended and named', async () => {
  const root = await madPackage({ 'scripts/py/get_models_json.py': 'import time\ntime.sleep(600)' });
  await expect(names(root, { hookTimeoutMs: 300 })).rejects.toThrowError(
    failure('HOOK_FAILED', 'scripts/py/get_models_json.py', 'within 0.3 s'),
  );
});

test('a stopped discovery is INTERRUPTED', async () => {
  const root = await madPackage({ 'scripts/py/get_models_json.py': 'import time\ntime.sleep(600)' });
  await expect(names(root, { signal: AbortSignal.timeout(200) })).rejects.toThrowError(
    failure('INTERRUPTED', 'scripts/py/get_models_json.py'),
  );
});

test('without Python, the install line is shown only where a Python hook exists', async () => {
  const runner = thisMachine({ env: { PATH: '/nowhere' } });
  const withHook = await madPackage({ 'scripts/py/get_models_json.py': '' });
  await expect(names(withHook, { runner })).rejects.toThrowError(
    expect.objectContaining({
      code: 'PYTHON_NOT_FOUND',
      hint: expect.stringContaining('apt-get install python3'),
    }),
  );
  const without = await madPackage({ 'models.json': [card('a')] });
  expect(await names(without, { runner })).toEqual(['a']);
});

test('a card of a Python hook is checked like any other', async () => {
  const root = await madPackage({
    'scripts/py/get_models_json.py': python(`
def list_models(): return [CustomModel(name='a/b', dockerfile='d', scripts='s')]
`),
  });
  await expect(names(root)).rejects.toThrowError(
    failure('INVALID_FILE', 'scripts/py/get_models_json.py, model 1', 'key name'),
  );
});

const lazyHook = python(`
class Slow(CustomModel):
    def update_model(self):
        open('updated', 'a').write(self.name + '\\n')
        self.args = '--found 7'
        self.dockerfile = 'later'
def list_models():
    return [Slow(name='a', dockerfile='d', scripts='run.sh', tags=['x', 'y'], args='--guess 1'),
            Slow(name='b', dockerfile='d', scripts='run.sh'),
            CustomModel(name='c', dockerfile='d', scripts='run.sh', tags=['x'])]
`);

test('update_model runs once for selected models only, its paths are rewritten once, arguments of tags stay', async () => {
  const root = await madPackage({ 'scripts/py/get_models_json.py': lazyHook });
  const chosen = await chooseModels({ ...options(root), tags: ['x', 'y', 'py/a:bs=1|2'] });
  expect(chosen.map(({ name, args, dockerfile }) => [name, args, dockerfile])).toEqual([
    ['py/a', '--found 7', 'scripts/py/later'],
    ['py/c', '', 'scripts/py/d'],
    ['py/a', '--found 7 --bs 1', 'scripts/py/later'],
    ['py/a', '--found 7 --bs 2', 'scripts/py/later'],
  ]);
  const { readFile } = await import('node:fs/promises');
  expect(await readFile(join(root, 'updated'), 'utf8')).toBe('a\n');
});

test('update_model must not change the name', async () => {
  const root = await madPackage({
    'scripts/py/get_models_json.py': lazyHook.replace("self.dockerfile = 'later'", "self.name = 'other'"),
  });
  await expect(chooseModels({ ...options(root), tags: ['x'] })).rejects.toThrowError(
    failure('HOOK_FAILED', 'must not change name'),
  );
});

test.each([
  ['mjs', 'export default [{ name: "a", dockerfile: "d", scripts: "s" }];'],
  [
    'mjs',
    'export async function listModels() { console.log("{"); return [{ name: "a", dockerfile: "d", scripts: "s" }]; }',
  ],
  ['js', 'module.exports = { list_models: () => [{ name: "a", dockerfile: "d", scripts: "s" }] };'],
  ['js', 'export default () => [{ name: "a", dockerfile: "d", scripts: "s" }]; setInterval(() => {}, 1000);'],
  ['ts', 'const name: string = "a"; export default () => [{ name, dockerfile: "d", scripts: "s" }];'],
])('a hook in .%s lists its models: %s', async (ending, source) => {
  const root = await madPackage({ [`scripts/js/get_models_json.${ending}`]: source });
  expect(await names(root)).toEqual(['js/a']);
});

test.each([
  ['throws', 'mjs', 'export default () => { throw new Error("sorry"); };', 'Error: sorry'],
  ['exports nothing', 'mjs', 'export {};', 'has to export a list'],
  ['lists nothing', 'mjs', 'export default () => ({});', 'has to give a list'],
  ['never answers', 'mjs', 'export default () => new Promise(() => {});', 'waits for something'],
  ['exits', 'mjs', 'process.exit(0)', 'ended without listing'],
  ['needs more than stripping', 'ts', 'enum A { b }\nexport default [];', 'not supported in strip-only mode'],
])('a script hook that %s is an error', async (_what, ending, source, expected) => {
  const root = await madPackage({ [`scripts/js/get_models_json.${ending}`]: source });
  await expect(names(root)).rejects.toThrowError(failure('HOOK_FAILED', 'scripts/js', expected));
});
