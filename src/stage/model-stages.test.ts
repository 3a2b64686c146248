import { expect, test } from 'vitest';
import type { Context } from '../context/context.ts';
import type { ModelCard } from '../package/card.ts';
import { type ModelStagesOptions, modelStages } from './model-stages.ts';
import { quoteWord } from './quote.ts';

const context = (values: Record<string, unknown>): Context => ({
  values,
  origins: Object.fromEntries(Object.keys(values).map((key) => [key, '--additional-context' as const])),
});

const stagesOf = (options: Partial<ModelStagesOptions> & { args?: string } = {}) =>
  modelStages({
    card: { name: 'dummy', args: options.args ?? '' } as ModelCard,
    scriptFile: 'run.sh',
    modelDir: 'run_directory',
    interpreter: ['bash'],
    context: context({}),
    skipModelRun: false,
    ...options,
  });

const commands = (options: Parameters<typeof stagesOf>[0]) =>
  stagesOf(options).map(({ name, prefix, words }) => [name, `${prefix}|${words.map(quoteWord).join(' ')}`]);

test('a plain model is one stage: its script with its arguments, in its folder', () => {
  const [run, ...others] = stagesOf({ args: '--bs 32' });
  expect(others).toEqual([]);
  expect(run).toMatchObject({ name: 'run', cwd: 'run_directory', always: false });
  expect(commands({ args: '--bs "3 2"' })).toEqual([['run', `|"\${madengine_shell}" run.sh --bs '3 2'`]]);
});

test('the environment is noted between the pre-scripts and the model, and no exit code of that is left', () => {
  const values = { pre_scripts: [{ path: 'pre.sh' }] };
  const capture = { mode: 'full', secretNames: ['MAD_SECRETS_X'] } as const;
  expect(stagesOf({ context: context(values), capture }).map(({ name }) => name)).toEqual([
    'pre_script',
    'environment',
    'run',
  ]);
  expect(commands({ capture, skipModelRun: true })).toEqual([
    [
      'environment',
      '|sh -c \'sh "$@"; exit 0\' environment "${madengine_control}"/environment.sh "${madengine_control}"/environment full 20 MAD_SECRETS_X',
    ],
  ]);
});

test('other interpreters are named as they are', () => {
  expect(commands({ interpreter: ['/usr/bin/env', 'perl'], scriptFile: '-x' })).toEqual([
    ['run', '|/usr/bin/env perl ./-x'],
  ]);
});

test("the context's scripts, wrapper and arguments have their places", () => {
  const values = context({
    pre_scripts: [{ path: 'scripts/common/pre_scripts/a.sh', args: 'x "y z"' }, 'b.py'],
    post_scripts: [{ path: '/opt/post.sh', args: 3 }],
    encapsulate_script: 'time ',
    model_args: '--only',
  });
  expect(commands({ context: values, args: '--card' })).toEqual([
    [
      'pre_script',
      `|"\${madengine_shell}" "\${madengine_workspace}"/scripts/common/pre_scripts/a.sh x 'y z'`,
    ],
    ['pre_script', `|python3 "\${madengine_workspace}"/b.py`],
    ['run', `time |"\${madengine_shell}" run.sh --only`],
    ['post_script', `|"\${madengine_shell}" /opt/post.sh 3`],
  ]);
});

test("empty model_args take the card's arguments away", () => {
  expect(commands({ context: context({ model_args: '' }), args: '--card' })).toEqual([
    ['run', `|"\${madengine_shell}" run.sh`],
  ]);
});

test('without the model everything around it still runs', () => {
  const around = context({ pre_scripts: ['a.sh'], post_scripts: ['b.sh'] });
  const names = stagesOf({ context: around, skipModelRun: true, giveBackTo: { uid: 1000, gid: 100 } }).map(
    ({ name, always }) => [name, always],
  );
  expect(names).toEqual([
    ['pre_script', false],
    ['post_script', false],
    ['give_back', true],
  ]);
});

test.each([
  [{ pre_scripts: 'a.sh' }, 'pre_scripts of the context (--additional-context) is no list'],
  [
    { post_scripts: [{ args: 'x' }] },
    "post_scripts of the context (--additional-context) has no script's path at position 1",
  ],
  [{ encapsulate_script: ['x'] }, 'encapsulate_script of the context (--additional-context) is no text'],
  [{ model_args: 3 }, 'model_args of the context (--additional-context) is no text'],
])('%j is refused', (values, message) => {
  expect(() => stagesOf({ context: context(values) })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  );
});

test('in a container that is kept, a model that is skipped can be run by hand', () => {
  const stages = stagesOf({ skipModelRun: true, keepAlive: true });
  expect(stages).toEqual(stagesOf({}).map((stage) => ({ ...stage, byHand: true })));
});
