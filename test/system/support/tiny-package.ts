import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { temporaryFolder } from './folder.ts';

export interface TinyModel {
  name: string;
  /** Text of its `run.sh`. */
  script: string;
  /** Further keys of its card. */
  card?: Record<string, unknown>;
  /** Lines behind `FROM`. */
  dockerfile?: string;
}

/** A MAD package with these models, all tagged `all_of_them`, below a folder that goes with the test unless one is given. */
export async function tinyPackage(models: readonly TinyModel[], parent?: string): Promise<string> {
  const folder = join(parent ?? (await temporaryFolder()), 'mad');
  await mkdir(join(folder, 'docker'), { recursive: true });
  for (const model of models) {
    const scripts = join(folder, 'scripts', model.name);
    await mkdir(scripts, { recursive: true });
    await writeFile(join(scripts, 'run.sh'), model.script);
    await writeFile(
      join(folder, 'docker', `${model.name}.ubuntu.Dockerfile`),
      `# CONTEXT {'guest_os': 'UBUNTU'}\nARG BASE_DOCKER=${inject('servers').baseImage}\nFROM $BASE_DOCKER\n${model.dockerfile ?? ''}\n`,
    );
  }
  await writeFile(join(folder, 'models.json'), JSON.stringify(models.map(cardOf), null, 2));
  return folder;
}

function cardOf(model: TinyModel): Record<string, unknown> {
  return {
    name: model.name,
    dockerfile: `docker/${model.name}`,
    scripts: `scripts/${model.name}/run.sh`,
    n_gpus: '0',
    owner: 'tests@example.com',
    training_precision: 'fp32',
    tags: ['all_of_them'],
    args: '',
    ...model.card,
  };
}

/** A script that prints a metric. */
export const goodScript = 'echo "performance: 12.5 samples/sec"\n';

/** `build_manifest.json` of such a package for `--engine host`: with images that nobody built. */
export async function manifestWithoutImages(folder: string, models: readonly TinyModel[]): Promise<void> {
  const image = (model: TinyModel): string => `ci-${model.name}_${model.name}.ubuntu`;
  const manifest = {
    built_images: Object.fromEntries(
      models.map((model) => [
        image(model),
        {
          docker_image: image(model),
          dockerfile: `docker/${model.name}.ubuntu.Dockerfile`,
          base_docker: '',
          docker_sha: '',
          build_duration: 0,
          build_command: '',
          log_file: '',
        },
      ]),
    ),
    built_models: Object.fromEntries(models.map((model) => [image(model), cardOf(model)])),
    context: {},
  };
  await writeFile(join(folder, 'build_manifest.json'), JSON.stringify(manifest));
}
