import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { docker, removeImages } from './support/engine.ts';
import { runCli } from './support/program.ts';
import { tinyPackage } from './support/tiny-package.ts';

/** Long enough for a small image to come beside it. */
const script = 'sleep 3; echo "performance: 1 things/s"\n';
const names = ['policy-one', 'policy-two', 'policy-three'];
const imageOf = (name: string): string => `ci-${name}_${name}.ubuntu`;

interface Event {
  type: string;
  image?: string;
  model?: string;
  code?: string;
  stage?: string;
  status?: string;
}

/** A package whose images are in the registry and not on this machine. */
async function pushedPackage(): Promise<string> {
  const { registry } = inject('servers');
  const folder = await tinyPackage(names.map((name) => ({ name, script, dockerfile: `LABEL of=${name}` })));
  const images = names.flatMap((name) => [imageOf(name), `${registry}/${imageOf(name)}:latest`]);
  onTestFinished(async () => {
    // What was pulled by its digest has no tag.
    const references = names.map((name) => `--filter=reference=${registry}/${imageOf(name)}`);
    const ids = await docker('image', 'ls', '--quiet', '--digests', ...references);
    await removeImages(...images, ...ids.split('\n').filter((id) => id !== ''));
  });
  const built = await runCli(['build', '--tags', ...names, '--registry', registry], { cwd: folder });
  expect(built.exitCode, built.stderr).toBe(0);
  await removeImages(...images);
  return folder;
}

async function runOf(
  folder: string,
  ...words: string[]
): Promise<{ exitCode: number | null; events: Event[] }> {
  const argv = [
    'run',
    '--manifest-file',
    'build_manifest.json',
    '--output',
    'node/perf.csv',
    '--json',
    ...words,
  ];
  const { exitCode, stdout } = await runCli(argv, { cwd: folder });
  const events = stdout.split('\n').filter((line) => line !== '');
  return { exitCode, events: events.map((line) => JSON.parse(line) as Event) };
}

test('with --prefetch always the next images come while a model runs, and --prune-images leaves none of them', async () => {
  const folder = await pushedPackage();
  const { exitCode, events } = await runOf(folder, '--prefetch', 'always', '--prune-images');
  expect(exitCode).toBe(0);
  const at = (type: string, what: string): number =>
    events.findIndex((event) => event.type === type && (event.model ?? event.image)?.includes(what));
  expect(at('pull.started', 'policy-two')).toBeLessThan(at('run.ended', 'policy-one'));
  expect(at('pull.ended', 'policy-two')).toBeLessThan(at('run.started', 'policy-two'));
  const pulls = events.filter(({ type, status }) => type === 'pull.ended' && status === 'SUCCESS');
  expect(pulls).toHaveLength(3);
  expect(events.filter(({ code }) => code === 'IMAGE_REMOVED')).toHaveLength(3);
  for (const { image = '' } of pulls) await expect(docker('image', 'inspect', image)).rejects.toThrow();
});

test('between: no image begins to come while a program runs; one that is gone fails its own model alone', async () => {
  const folder = await pushedPackage();
  const file = join(folder, 'build_manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  manifest.built_images[imageOf('policy-two')].registry_digest = `sha256:${'0'.repeat(64)}`;
  await writeFile(file, JSON.stringify(manifest));
  const { exitCode, events } = await runOf(folder, '--prefetch', '--retries', '0');
  expect(exitCode).toBe(3);
  const ended = events.filter(({ type }) => type === 'run.ended');
  expect(ended.map(({ model, status }) => [model, status])).toEqual([
    ['policy-one', 'SUCCESS'],
    ['policy-two', 'FAILURE'],
    ['policy-three', 'SUCCESS'],
  ]);
  let isRunning = false;
  for (const { type } of events) {
    if (type === 'stage.started') isRunning = true;
    if (type === 'stage.ended') isRunning = false;
    if (type === 'pull.started') expect(isRunning).toBe(false);
  }
});

test('a built image goes with --prune-images all, and stays when its model failed', async () => {
  const folder = await tinyPackage([
    { name: 'policy-good', script: 'echo "performance: 1 things/s"\n', dockerfile: 'LABEL of=good' },
    { name: 'policy-bad', script: 'exit 3\n', dockerfile: 'LABEL of=bad' },
  ]);
  onTestFinished(() => removeImages(imageOf('policy-good'), imageOf('policy-bad')));
  const ran = await runCli(['run', '--tags', 'policy-good', 'policy-bad', '--prune-images', 'all'], {
    cwd: folder,
  });
  expect(ran.exitCode).toBe(3);
  expect(ran.stdout).toContain(`removed the image ${imageOf('policy-good')}`);
  await expect(docker('image', 'inspect', imageOf('policy-good'))).rejects.toThrow();
  await docker('image', 'inspect', imageOf('policy-bad'));
});
