/** Folders in which the examples of a page run; a page names one near its top (see doc-examples.ts). */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { inject } from 'vitest';
import { buildImage } from './engine.ts';
import { git } from './git-server.ts';
import { runCli } from './program.ts';
import { registryLogin } from './registry.ts';
import { goodScript } from './tiny-package.ts';

/** Fills an empty folder. */
export type DocSetup = (folder: string) => Promise<void>;

export const defaultSetup = 'mad';

export const docSetups: Readonly<Record<string, DocSetup>> = {
  /** `examples/mad`. */
  mad: (folder) => cp(resolve(import.meta.dirname, '../../../examples/mad'), folder, { recursive: true }),
  /** Nothing, for pages that show all files that they need. */
  empty: async () => {},
  /** The models that most documents on MAD packages speak of: dummy, resnet, bert, dummy2/dummy_2, dummy3/dummy_3. */
  dummies,
  /** `dummies` and the `build_manifest.json` of dummy, for pages whose examples don't build on each other. */
  built: async (folder) => {
    await dummies(folder);
    const { exitCode, stdout, stderr } = await runCli(['build', '--tags', 'dummy'], { cwd: folder });
    if (exitCode !== 0) throw new Error(stdout + stderr);
  },
  /** A model `train` that wants the data `words` and `numbers`, without any `data.json`. */
  data: async (folder) => {
    const files: Record<string, string> = {
      'models.json': JSON.stringify([{ ...docCard('train', ['train']), data: 'words,numbers' }]),
      'docker/dummy.ubuntu.Dockerfile': docDockerfile(),
      'scripts/dummy/run.sh': `cat /data_dlm_0/list.txt && test -s /data_dlm_1/numbers.txt || exit 1\n${goodScript}`,
      'scripts/common/data/numbers.sh': 'seq "$1" "$2" >numbers.txt\n',
      'sets/words/list.txt': 'some words\n',
      'sets/other/list.txt': 'other words\n',
      'sets/words/numbers.txt': '1\n',
    };
    await writeAll(folder, files);
  },
  /** A git repository whose `dummy` got slower after its tag `v1.0`, and images `app:1` to `app:4`, of which the third is slower. */
  history: async (folder) => {
    const script = (level: number): string =>
      `echo "performance: $(cat /level 2>/dev/null || echo ${level}) samples/s"\n`;
    await dummies(folder);
    await git(folder, 'init', '--quiet', '--initial-branch', 'main');
    for (const [index, level] of [100, 100, 94, 94].entries()) {
      await writeFile(join(folder, 'scripts/dummy/run.sh'), script(level));
      await git(folder, 'add', '--all');
      await git(folder, 'commit', '--quiet', '--allow-empty', '--message', `Change ${index}`);
      if (index === 0) await git(folder, 'tag', 'v1.0');
      const dockerfile = `FROM ${inject('servers').baseImage}\nRUN echo ${level} >/level\n`;
      await buildImage(`app:${index + 1}`, dockerfile);
    }
  },
  /** `dummies` with a `credential.json` for `private.example.com`. */
  login: async (folder) => {
    await dummies(folder);
    const { registry, username, password } = await registryLogin();
    await writeFile(join(folder, 'credential.json'), JSON.stringify({ [registry]: { username, password } }), {
      mode: 0o600,
    });
  },
};

const docCard = (name: string, tags: string[]) => ({
  name,
  dockerfile: 'docker/dummy',
  scripts: 'scripts/dummy/run.sh',
  n_gpus: '0',
  owner: 'docs@example.com',
  training_precision: '',
  tags,
  args: '',
});

const docDockerfile = (): string =>
  `# CONTEXT {'guest_os': 'UBUNTU'}\nARG BASE_DOCKER=${inject('servers').baseImage}\nFROM $BASE_DOCKER\n`;

async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

async function dummies(folder: string): Promise<void> {
  const inFolder = { dockerfile: '../../docker/dummy', scripts: 'run.sh' };
  const hook = `from madengine.tools.discover_models import CustomModel

def list_models():
    return [CustomModel(name='dummy_3', dockerfile='../../docker/dummy', scripts='run.sh', n_gpus='0', tags=['models'])]
`;
  const files: Record<string, string> = {
    'models.json': JSON.stringify(
      [docCard('dummy', ['models', 'smoke']), docCard('resnet', ['models']), docCard('bert', ['models'])],
      null,
      2,
    ),
    'docker/dummy.ubuntu.Dockerfile': docDockerfile(),
    'scripts/dummy/run.sh': goodScript,
    'scripts/dummy2/models.json': JSON.stringify([{ ...docCard('dummy_2', ['models']), ...inFolder }]),
    'scripts/dummy2/run.sh': goodScript,
    'scripts/dummy3/get_models_json.py': hook,
    'scripts/dummy3/run.sh': goodScript,
  };
  await writeAll(folder, files);
}
