import { chmod, copyFile, mkdir, mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { docSetups } from './support/doc-setups.ts';
import { containersWithLabel, docker } from './support/engine.ts';
import { linesToCome, typedLines } from './support/python-tool-lines.ts';
import { readRecords } from './support/results.ts';
import { runLine } from './support/shell-line.ts';

let scratch: string;
let place: { folder: string; cache: string };

const card = (name: string, ...tags: string[]) => ({
  name,
  dockerfile: 'docker/dummy',
  scripts: 'scripts/dummy/run.sh',
  n_gpus: '0',
  owner: 'tests@example.com',
  training_precision: '',
  tags,
  args: '',
});

/** The package that such lines are typed in. */
async function fill(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await docSetups.dummies?.(folder);
  const models = [
    card('dummy', 'production_models'),
    card('resnet', 'models', 'research_models'),
    card('bert', 'models', 'datacenter_models'),
    card('pyt_huggingface_bert', 'customer_models'),
  ];
  const batch = [
    { model_name: 'dummy', build_new: true, registry: 'docker.io', registry_image: 'my-org/dummy:latest' },
    { model_name: 'resnet', build_new: false, registry_image: 'existing-registry/resnet:v1.0' },
    { model_name: 'bert', build_new: true, registry: 'localhost:5000' },
  ];
  const files: Record<string, unknown> = {
    'models.json': models,
    'customer_context.json': { gpu_vendor: 'AMD', guest_os: 'UBUNTU' },
    'customer_models.json': [{ model_name: 'pyt_huggingface_bert', build_new: true }],
    'batch.json': batch.map((entry) => JSON.parse(here(JSON.stringify(entry)))),
  };
  for (const [name, value] of Object.entries(files)) {
    await writeFile(join(folder, name), JSON.stringify(value));
  }
  // A profiler that the lines ask for.
  await copyFile(join(import.meta.dirname, 'support/stand-in.sh'), join(folder, 'docker/stand-in.sh'));
  await chmod(join(folder, 'docker/stand-in.sh'), 0o755);
  await writeFile(
    join(folder, 'docker/dummy.ubuntu.Dockerfile'),
    `# CONTEXT {'guest_os': 'UBUNTU'}\nARG BASE_DOCKER=${inject('servers').baseImage}\nFROM $BASE_DOCKER\nCOPY stand-in.sh /bin/rocprofv3\n`,
  );
}

/** With hosts and folders that are here. */
const here = (line: string): string =>
  line
    .replace(
      /localhost:5000|docker\.io|prod\.registry\.com|lab-registry:5000|gcr\.io|dc-registry\.local|existing-registry(?=\/)/g,
      inject('servers').registry,
    )
    .replace(/"my-org\//g, `"${inject('servers').registry}/my-org/`)
    .replaceAll('/shared/nfs/madengine', join(scratch, 'shared'))
    .replaceAll('/tmp/mirror', join(scratch, 'mirror'));

beforeAll(async () => {
  scratch = await mkdtemp(join(await realpath(tmpdir()), 'madengine-test-'));
  place = { folder: join(scratch, 'mad'), cache: join(scratch, 'cache') };
  await fill(place.folder);
  await mkdir(join(scratch, 'shared'));
});

afterAll(async () => {
  for (const root of [place.folder, join(scratch, 'shared')]) {
    const kept = await containersWithLabel(`madengine.results_root=${root}`);
    if (kept.length > 0) await docker('rm', '--force', '--volumes', ...kept);
  }
  await rm(scratch, { recursive: true, force: true });
});

describe('command lines of the Python tool work as they are typed', () => {
  test.each(typedLines)('$line', async ({ line, options, writes = [], says }) => {
    for (const file of writes) await rm(join(place.folder, file), { force: true });
    const before = new Set((await readRecords(place.folder)).map(({ run }) => run));
    const { exitCode, output } = await runLine(here(line), place);
    expect(exitCode, output).toBe(0);
    if (says) expect(output).toMatch(says);
    for (const file of writes) expect((await stat(join(place.folder, file))).size, file).toBeGreaterThan(0);
    if (!options) return;
    const made = (await readRecords(place.folder)).filter(({ run }) => !before.has(run));
    expect(made.length).toBeGreaterThan(0);
    for (const record of made) expect(record.madengine).toMatchObject({ options });
  });
});

describe('command lines of the Python tool that are still to come are refused, and nothing is done', () => {
  test.each(linesToCome)('%s', async (line) => {
    const { exitCode, output } = await runLine(line, place);
    expect(exitCode, output).toBe(4);
    expect(output).toMatch(/is not in this version of madengine/);
  });
});
