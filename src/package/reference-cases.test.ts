/** What the reference does with cards and tags, case by case, where it isn't one of its known faults. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silent } from '../foundation/event.ts';
import { thisMachine } from '../machine/command/this-machine.ts';
import type { ModelCard } from './card.ts';
import { parseCard } from './card-schema.ts';
import { chooseModels } from './choose-models.ts';

const card = (name: string, tags: string[], more: object = {}) => ({
  name,
  dockerfile: 'docker/dummy',
  scripts: 'scripts/dummy/run.sh',
  n_gpus: '1',
  owner: 'team@example.com',
  training_precision: '',
  tags,
  args: '',
  ...more,
});

const files: Readonly<Record<string, string | object>> = {
  'models.json': [
    card('dummy', ['dummies', 'dummy_test']),
    card('dummy_prof', ['dummies'], { args: '--profile' }),
    card('pyt_huggingface_bert', ['pyt', 'hf']),
    card('shared', []),
  ],
  'scripts/dummy2/models.json': [
    card('dummy_2', ['dummies', 'dummy_test'], { dockerfile: '../../docker/dummy', scripts: 'run.sh' }),
    card('shared', ['only2'], { dockerfile: '../../docker/dummy', scripts: '../dummy/run.sh' }),
  ],
  'scripts/dummy3/get_models_json.py': `
from madengine.tools.discover_models import CustomModel
class Late(CustomModel):
    def update_model(self):
        self.args = '--late'
def list_models():
    return [Late(name='dummy_3', dockerfile='../../docker/dummy', scripts='run.sh', tags=['dummies', 'dummy_test_3']),
            CustomModel('dummy_4', '../../docker/dummy', '', 'run.sh')]
`,
};

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'madengine-reference-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

const { PATH } = process.env;
const choose = (...tags: string[]): Promise<ModelCard[]> =>
  chooseModels({ root, tags, runner: thisMachine({ env: { PATH } }), emit: silent, env: { PATH } });

describe('tags', () => {
  test.each<[string, string[]]>([
    ['dummy', ['dummy']],
    ['dummies', ['dummy', 'dummy_prof --profile', 'dummy2/dummy_2', 'dummy3/dummy_3 --late']],
    ['dummy_test', ['dummy', 'dummy2/dummy_2']],
    ['dummy2/dummy_2', ['dummy2/dummy_2']],
    ['dummy2:dummy_2', ['dummy2/dummy_2']],
    ['dummy2/all', ['dummy2/dummy_2', 'dummy2/shared']],
    ['dummy2/dummy_test', ['dummy2/dummy_2']],
    ['dummy3/dummy_3', ['dummy3/dummy_3 --late']],
    ['dummy3:dummy_3:batch_size=512', ['dummy3/dummy_3 --late --batch_size 512']],
    [
      'dummy3/dummy_3:batch_size=512:in=32:out=16',
      ['dummy3/dummy_3 --late --batch_size 512 --in 32 --out 16'],
    ],
    ['dummy_prof:x=1', ['dummy_prof --profile --x 1']],
    ['dummy_test:bs=32', ['dummy --bs 32', 'dummy2/dummy_2 --bs 32']],
    ['dummy2/all:bs=1', ['dummy2/dummy_2 --bs 1', 'dummy2/shared --bs 1']],
    ['shared', ['shared']],
    [
      'all',
      [
        'dummy',
        'dummy_prof --profile',
        'pyt_huggingface_bert',
        'shared',
        'dummy2/dummy_2',
        'dummy2/shared',
        'dummy3/dummy_3 --late',
        'dummy3/dummy_4',
      ],
    ],
    // Where the reference would list or prefix a model twice.
    ['dummies,dummy_test', ['dummy', 'dummy_prof --profile', 'dummy2/dummy_2', 'dummy3/dummy_3 --late']],
    ['dummy_test_3,dummies', ['dummy3/dummy_3 --late', 'dummy', 'dummy_prof --profile', 'dummy2/dummy_2']],
  ])('%s', async (tag, expected) => {
    const chosen = await choose(tag);
    expect(chosen.map(({ name, args }) => `${name} ${args}`.trim())).toEqual(expected);
  });

  test.each(['dummy_2', 'dummy3', 'Dummy', 'dummy2/none', 'none/all', 'dummy/dummy', 'bert', 'all/all'])(
    '%s chooses nothing, which is an error',
    async (tag) => {
      await expect(choose(tag)).rejects.toThrowError(expect.objectContaining({ code: 'MODEL_NOT_FOUND' }));
    },
  );

  test('several of them add up in their order', async () => {
    const chosen = await choose('pyt', 'dummy', 'dummy2/dummy_2');
    expect(chosen.map(({ name }) => name)).toEqual(['pyt_huggingface_bert', 'dummy', 'dummy2/dummy_2']);
  });
});

test('paths of folders are those of the package, once, also after update_model', async () => {
  const chosen = await choose('dummy2/all', 'dummy3/all', 'dummies');
  expect(chosen.map(({ dockerfile, scripts }) => [dockerfile, scripts])).toEqual([
    ['docker/dummy', 'scripts/dummy2/run.sh'],
    ['docker/dummy', 'scripts/dummy/run.sh'],
    ['docker/dummy', 'scripts/dummy3/run.sh'],
    ['docker/dummy', 'scripts/dummy3/run.sh'],
    ['docker/dummy', 'scripts/dummy/run.sh'],
    ['docker/dummy', 'scripts/dummy/run.sh'],
  ]);
});

test("a CustomModel has the reference's defaults and positions", async () => {
  const [made] = await choose('dummy3/dummy_4');
  expect(made).toMatchObject({
    n_gpus: '-1',
    timeout: 7200,
    tags: [],
    dockercontext: '',
    is_deprecated: false,
  });
});

describe('fields', () => {
  test.each<[string, object, object]>([
    ['n_gpus -1 as number', { n_gpus: -1 }, { n_gpus: '-1' }],
    ['tags as one text', { tags: 'a, b' }, { tags: ['a', 'b'] }],
    [
      'skip_gpu_arch with blanks',
      { skip_gpu_arch: 'gfx908, A100-SXM' },
      { skip_gpu_arch: 'gfx908,A100-SXM' },
    ],
    ['timeout as number', { timeout: 100 }, { timeout: 100 }],
    ['dockercontext is not rewritten', { dockercontext: 'docker' }, { dockercontext: 'docker' }],
    ['GPU counts by other names', { n_gpus: undefined, gpus_per_node: 8 }, { n_gpus: '8' }],
    ['is_deprecated', { is_deprecated: true }, { is_deprecated: true }],
    [
      'additional_docker_run_options',
      { additional_docker_run_options: '--ipc=host' },
      { additional_docker_run_options: '--ipc=host' },
    ],
    [
      'distributed',
      { distributed: { launcher: 'torchrun', nnodes: 2 } },
      { extra: { distributed: { launcher: 'torchrun', nnodes: 2 } } },
    ],
    [
      'env_vars',
      { env_vars: { DOCKER_IMAGE_NAME: 'x' } },
      { extra: { env_vars: { DOCKER_IMAGE_NAME: 'x' } } },
    ],
    ['error patterns', { log_error_patterns: ['E'] }, { extra: { log_error_patterns: ['E'] } }],
    ['further keys', { mine: 1 }, { extra: { mine: 1 } }],
  ])('%s', (_what, given, expected) => {
    const raw = JSON.parse(JSON.stringify(card('m', [], given)));
    expect(parseCard(raw, { file: 'models.json', index: 0 }, 'dir')).toMatchObject(expected);
  });
});
