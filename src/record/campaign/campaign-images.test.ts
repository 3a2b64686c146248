import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { imagesOfCampaign } from './campaign-images.ts';
import { writePlanned } from './campaign-inputs.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'madengine-images-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const lines = (...items: readonly object[]): string =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('');

test('what a campaign built, pushed, pulled and was to run is found in its folder', async () => {
  const path = await folder();
  const at = '2026-01-01T00:00:00Z';
  const journal = lines(
    { at, act: 'image.build', image: 'ci-a', dockerfile: 'a' },
    { at, act: 'image.push', image: 'ci-a', registry_image: 'r/ci-a:latest' },
  );
  await writeFile(join(path, 'journal.ndjson'), journal);
  const events = lines(
    { type: 'pull.ended', status: 'SUCCESS', image: 'r/b@sha256:1', digest: 'sha256:1' },
    { type: 'pull.ended', status: 'FAILURE', image: 'r/c@sha256:2' },
    { type: 'build.ended', status: 'SUCCESS', image: 'ci-a', image_id: 'sha256:3' },
  );
  await writeFile(join(path, 'events.ndjson'), `${events}{"type":"pull.ended","sta`);
  await writePlanned(path, {
    manifest_file: '/m.json',
    manifest: {},
    context: { values: {}, origins: {} },
    jobs: [{ card: {}, image_name: 'ci-d', image: { docker_image: 'ci-d', image_id: 'sha256:4' } }],
    build_failures: 0,
  });
  const { names, digests, pulled } = await imagesOfCampaign(path);
  expect([...names]).toEqual(['ci-a', 'r/ci-a:latest', 'ci-d']);
  expect([...digests]).toEqual(['sha256:4', 'sha256:1', 'sha256:3']);
  expect([...pulled]).toEqual(['r/b@sha256:1']);
});

test('an empty folder tells nothing, and a pipe in the place of the log is not waited for', async () => {
  const path = await folder();
  execFileSync('mkfifo', [join(path, 'events.ndjson')]);
  const { names, pulled } = await imagesOfCampaign(path);
  expect([names.size, pulled.size]).toEqual([0, 0]);
});
