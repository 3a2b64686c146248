import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeContext } from '../context/merge.ts';
import type { Tool } from '../package/tools-config.ts';
import { toolChain, wantedTools } from './tool-chain.ts';

const context = (tools: unknown) => mergeContext([{ origin: '--additional-context', values: { tools } }]);

const tool = (cmd: string, more: Partial<Tool> = {}): Tool => ({
  cmd,
  envVars: {},
  preScripts: [],
  postScripts: [],
  requires: [],
  outputs: [],
  ...more,
});

const script = (path: string, args = '') => ({ path, args });

const known = new Map([
  [
    'a',
    tool('a1 -x', { preScripts: [script('pre/a')], postScripts: [script('post/a')], envVars: { A: '1' } }),
  ],
  ['b', tool('b1', { preScripts: [script('pre/b')], postScripts: [script('post/b')] })],
  ['c', tool('', { preScripts: [script('pre/c')], postScripts: [script('post/c')], envVars: { A: '3' } })],
]);

const chainOf = (...tools: unknown[]) => toolChain(wantedTools(context(tools)), known);

test('the last tool of the list is the outermost: first with its pre-script, last with its post-script', () => {
  const chain = chainOf('a', { name: 'b' }, 'c');
  expect(chain.prefix).toBe('b1 a1 -x ');
  expect(chain.preScripts.map(({ tool, path }) => [tool, path])).toEqual([
    ['c', 'pre/c'],
    ['b', 'pre/b'],
    ['a', 'pre/a'],
  ]);
  expect(chain.postScripts.map(({ path }) => path)).toEqual(['post/a', 'post/b', 'post/c']);
  expect(chain.env).toEqual({ A: '3' });
});

test('an entry replaces the command and adds to the variables, also where the tool has none', () => {
  const chain = chainOf(
    { name: 'a', cmd: 'other --y', env_vars: { B: true } },
    { name: 'b', env_vars: { C: 2 } },
  );
  expect(chain.prefix).toBe('b1 other --y ');
  expect(chain.env).toEqual({ A: '1', B: 'True', C: '2' });
});

test('a variable that no shell passes on gets a name that all do', () => {
  expect(chainOf({ name: 'c', env_vars: { 'DUAL-GCD': 'true' } }).env).toEqual({ A: '3', DUAL_GCD: 'true' });
});

test('what is asked for twice is done once', () => {
  const chain = chainOf('a', 'b', 'a');
  expect(chain.prefix).toBe('b1 a1 -x ');
  expect(chain.preScripts.map(({ path }) => path)).toEqual(['pre/a', 'pre/b']);
  expect(chain.postScripts.map(({ path }) => path)).toEqual(['post/b', 'post/a']);
});

test('programs that must be there are those that an entry names, and the one that its command begins with', () => {
  const tools = new Map([
    ['named', tool('sh ../x.sh', { requires: [['v3', 'v1']] })],
    ['plain', tool('nvprof --log f')],
    ['assigned', tool('A=1 nvprof')],
    ['echo', tool('echo "x y" &&')],
    ['shell', tool('$(which x) y')],
  ]);
  const chain = toolChain(wantedTools(context([...tools.keys(), { name: 'named', cmd: 'mine -x' }])), tools);
  expect(chain.checks).toEqual([
    { tool: 'named', programs: ['mine'], alsoOffPath: false },
    { tool: 'plain', programs: ['nvprof'], alsoOffPath: false },
    { tool: 'named', programs: ['v3', 'v1'], alsoOffPath: true },
  ]);
});

test.each([
  ['is no list', 'rocprof'],
  ['position 1', [3]],
  ['position 2', ['a', { cmd: 'x' }]],
  ['position 1', [{ name: 'a', cmd: 4 }]],
  ['position 1', [{ name: 'a', cmd: 'a\0b' }]],
  ['position 1', [{ name: 'a', env_vars: ['X'] }]],
  ['position 1', [{ name: 'a', env_vars: { 'A=B': 'x' } }]],
  ['position 1', [{ name: 'a', env_vars: { A: { b: 1 } } }]],
])('tools that can not be read are refused: %s of %j', (what, tools) => {
  expect(() => wantedTools(context(tools))).toThrow(what);
});

test('no tools are no tools', () => {
  for (const none of [undefined, null, []]) expect(wantedTools(context(none))).toEqual([]);
});

const uses = fc.array(
  fc.record(
    {
      name: fc.constantFrom('a', 'b', 'c'),
      cmd: fc.stringMatching(/^[a-z -]{0,8}$/),
      env_vars: fc.dictionary(fc.stringMatching(/^[A-Z][A-Z0-9-]{0,4}$/), fc.string()),
    },
    { requiredKeys: ['name'] },
  ),
  { maxLength: 6 },
);

test('any list leaves the context as it is, has each command once, and ends what it begins in the opposite order', () => {
  fc.assert(
    fc.property(uses, (tools) => {
      const given = context(tools);
      const before = structuredClone(given.values);
      const chain = toolChain(wantedTools(given), known);
      expect(given.values).toEqual(before);
      expect(chain.postScripts.map(({ path }) => path.replace('post', 'pre'))).toEqual(
        chain.preScripts.map(({ path }) => path).reverse(),
      );
      expect(chain.prefix === '' || chain.prefix.endsWith(' ')).toBe(true);
      for (const name of Object.keys(chain.env)) expect(name).toMatch(/^[A-Z_][A-Z0-9_]*$/);
      expect(toolChain(wantedTools(given), known)).toEqual(chain);
    }),
  );
});
