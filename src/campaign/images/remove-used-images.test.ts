import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../foundation/clock.ts';
import { EventStream } from '../../foundation/event.ts';
import { fakeEngine, imageInfo } from '../../image/fake-engine.ts';
import { card } from '../../image/fixture.ts';
import type { BuiltImage } from '../../manifest/manifest-schema.ts';
import { type Job, makeJob } from '../../run/job.ts';
import type { RunServices } from '../../run/run-services.ts';
import { type ImagePolicy, removeUsedImages, type UsedImages } from './remove-used-images.ts';

const digest = 'sha256:9';
const reference = `r/ci-a@${digest}`;

const job = (name: string, image: Partial<BuiltImage>): Job =>
  makeJob(card({ name }), name, { docker_image: `ci-${name}`, ...image } as BuiltImage);
const fromRegistry = { registry_image: 'r/ci-a:latest', registry_digest: digest };

async function given(
  policy: ImagePolicy,
  jobs: readonly Job[],
): Promise<{ used: UsedImages; removed: string[]; events: EventStream; messages: string[] }> {
  const path = await mkdtemp(join(tmpdir(), 'madengine-used-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  const pulled = imageInfo({ id: 'sha256:1', repoDigests: [reference] });
  const built = imageInfo({ id: 'sha256:2', tags: ['ci-b:latest'] });
  const fake = fakeEngine({
    images: { [reference]: pulled, 'sha256:1': pulled, 'ci-b': built, 'sha256:2': built },
  });
  const removed: string[] = [];
  const engine = {
    ...fake,
    listImages: async () => ['sha256:2'],
    imageUsers: async () => [],
    removeImage: async (name: string) => {
      removed.push(name);
      fake.images.delete(name);
    },
  };
  const events = new EventStream(systemClock);
  const messages: string[] = [];
  events.listen((event) => event.type === 'notice' && messages.push(event.message));
  const services = { engine, campaign: { path, id: 'this' }, emit: events.emit } as unknown as RunServices;
  const used = await removeUsedImages(policy, jobs, services, events, false);
  if (!used) throw new Error('an engine has images');
  return { used, removed, events, messages };
}

const pull = (events: EventStream): void =>
  events.emit({ type: 'pull.ended', image: reference, status: 'SUCCESS', duration_s: 1, digest });

test('a pulled image goes after the last job that needs it, and this is told', async () => {
  const [one, two] = [job('a', fromRegistry), job('a2', fromRegistry)];
  const { used, removed, events, messages } = await given('pulled', [one, two]);
  pull(events);
  await used.over(one, true);
  expect(removed).toEqual([]);
  await used.over(two, false);
  expect(removed).toEqual([reference, 'sha256:1']);
  expect(messages).toEqual([expect.stringContaining('removed the image ci-a2')]);
});

test('an image that was there before the campaign stays', async () => {
  const one = job('a', fromRegistry);
  const { used, removed } = await given('pulled', [one]);
  await used.over(one, true);
  expect(removed).toEqual([]);
});

test('an image that the campaign built goes with `all` alone, and not when its model failed', async () => {
  const one = job('b', { image_id: 'sha256:2' });
  const good = await given('all', [one]);
  await good.used.over(one, true);
  expect(good.removed).toEqual(['ci-b:latest', 'sha256:2']);
  const bad = await given('all', [one]);
  await bad.used.over(one, false);
  expect(bad.removed).toEqual([]);
  const other = await given('pulled', [one]);
  await other.used.over(one, true);
  expect(other.removed).toEqual([]);
});
