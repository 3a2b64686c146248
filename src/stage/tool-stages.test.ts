import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mergeContext } from '../context/merge.ts';
import type { ModelCard } from '../package/card.ts';
import { readTools } from '../package/tools-config.ts';
import { modelStages } from './model-stages.ts';
import { renderProgram, shellText } from './program.ts';
import { toolChain, wantedTools } from './tool-chain.ts';

const golden = (name: string) => join(import.meta.dirname, '../../test/golden/stage', name);

const ours = async () =>
  (await readTools({ packageDir: '/nowhere', toolsConfig: undefined, cwd: '/', wanted: [] })).tools;

async function stagesWith(tools: unknown[], more: Record<string, unknown> = {}, skipModelRun = false) {
  const context = mergeContext([{ origin: '--additional-context', values: { tools, ...more } }]);
  return modelStages({
    card: { name: 'dummy', args: '--bs 32' } as ModelCard,
    scriptFile: 'run.sh',
    modelDir: 'run_directory',
    interpreter: ['bash'],
    context,
    tools: toolChain(wantedTools(context), await ours()),
    skipModelRun,
    giveBackTo: { uid: 1000, gid: 1000 },
  });
}

test('the program of nested tools with scripts and a wrapper of the user is the golden one', async () => {
  const stages = await stagesWith(
    ['rocprof', { name: 'gpu_info_power_profiler', env_vars: { POWER_DEVICE: '0' } }, 'test_tools_A'],
    {
      pre_scripts: [{ path: 'scripts/mine.sh', args: 'a b' }],
      post_scripts: ['scripts/after.sh'],
      encapsulate_script: 'numactl -N 0',
    },
  );
  const program = renderProgram({ stages, workspace: '/myworkspace', control: '/madengine' });
  await expect(program).toMatchFileSnapshot(golden('tools.sh'));
});

test('what each of our tools does is in the golden list', async () => {
  const lines: string[] = [];
  for (const [name, { envVars }] of await ours()) {
    lines.push(`${name}: ${JSON.stringify(envVars)}`);
    for (const stage of await stagesWith([name])) {
      if (stage.name === 'give_back') continue;
      const [words] = stage.title.includes(' needs ') ? ['(looks for it)'] : [shellText(stage)];
      lines.push(`  ${stage.name}${stage.always ? ', always' : ''} | ${stage.title} | ${words}`);
    }
  }
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden('each-tool.txt'));
});

test('without the model no program is looked for, and the scripts of tools run', async () => {
  const stages = await stagesWith(['test_tools_A', 'rocprof', 'rpd'], {}, true);
  expect(stages.map(({ title }) => title)).toEqual([
    'tool test_tools_A: scripts/common/test_echo.sh',
    'tool test_tools_A: scripts/common/test_echo.sh',
    'tool rpd: scripts/common/post_scripts/trace.sh',
    'give_back',
  ]);
});

test('tools end their work also after a model that failed, scripts of the user do not', async () => {
  const stages = await stagesWith(['test_tools_A'], { post_scripts: ['scripts/after.sh'] });
  expect(
    stages.filter(({ name }) => name === 'post_script').map(({ title, always }) => [title, always]),
  ).toEqual([
    ['scripts/after.sh', false],
    ['tool test_tools_A: scripts/common/test_echo.sh', true],
  ]);
});
