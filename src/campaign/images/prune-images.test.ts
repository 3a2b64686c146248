import { expect, test } from 'vitest';
import { type FakeEngine, fakeEngine } from '../../image/fake-engine.ts';
import type { Engine, ImageInfo } from '../../machine/engine/engine.ts';
import type { CampaignImages } from '../../record/campaign/campaign-images.ts';
import { fullName, pruneImages } from './prune-images.ts';

const signal = new AbortController().signal;

const images = (parts: Partial<Record<keyof CampaignImages, string[]>>): CampaignImages => ({
  names: new Set(parts.names),
  digests: new Set(parts.digests),
  pulled: new Set(parts.pulled),
});

/** An engine whose images carry the label of the campaign `old`. */
function engineWith(
  infos: readonly Partial<ImageInfo>[],
  { users = [], fails }: { users?: string[]; fails?: string } = {},
): { engine: Engine; removed: string[]; fake: FakeEngine } {
  const fake = fakeEngine({ images: Object.fromEntries(infos.map((info) => [info.id ?? '', info])) });
  for (const info of [...fake.images.values()]) {
    for (const name of [...info.tags, ...info.repoDigests]) fake.images.set(name, info);
  }
  const removed: string[] = [];
  const engine: Engine = {
    ...fake,
    listImages: async ({ 'madengine.campaign': id }) =>
      id === 'old' ? infos.map((info) => info.id ?? '') : [],
    imageUsers: async () => users,
    removeImage: async (name) => {
      if (name === fails) throw new Error(`conflict: unable to remove ${name}`);
      removed.push(name);
      fake.images.delete(name);
    },
  };
  return { engine, removed, fake };
}

const gone = new Map([['old', images({ names: ['ci-a'] })]]);

test('an image that was built goes by its own name, one that lost its name by its id', async () => {
  const { engine, removed } = engineWith([
    { id: 'sha256:1', tags: ['ci-a:latest'], bytes: 7 },
    { id: 'sha256:2' },
  ]);
  const pruned = await pruneImages({ engine, gone, kept: [], dryRun: false, signal });
  expect(pruned.map(({ kept }) => kept)).toEqual([undefined, undefined]);
  expect(removed).toEqual(['ci-a:latest', 'sha256:1', 'sha256:2']);
});

test('an image stays that a kept campaign names, by name or by digest, or that a container uses', async () => {
  const info = { id: 'sha256:1', tags: ['ci-a:latest'], repoDigests: ['r/ci-a@sha256:9'] };
  for (const kept of [{ names: ['ci-a'] }, { digests: ['sha256:1'] }, { digests: ['sha256:9'] }]) {
    const { engine, removed } = engineWith([info]);
    const [one] = await pruneImages({ engine, gone, kept: [images(kept)], dryRun: false, signal });
    expect([one?.kept, removed]).toEqual(['a campaign that stays names it', []]);
  }
  const { engine, removed } = engineWith([info], { users: ['0123456789abcdef'] });
  const [used] = await pruneImages({ engine, gone, kept: [], dryRun: false, signal });
  expect([used?.kept, removed]).toEqual(['a container uses it (0123456789ab)', []]);
});

test('a name that somebody else gave stays, and the image with it; ours goes', async () => {
  const { engine, removed } = engineWith([{ id: 'sha256:1', tags: ['ci-a:latest', 'mine:1'] }]);
  const [one] = await pruneImages({ engine, gone, kept: [], dryRun: false, signal });
  expect([one?.kept, removed]).toEqual(['it is mine:1, too', ['ci-a:latest']]);
});

test('an image that was pulled goes by its reference; what the engine refuses is told', async () => {
  const reference = 'r/ci-b@sha256:9';
  const { engine, removed, fake } = engineWith([], { fails: 'sha256:7' });
  fake.images.set(reference, { ...(await fakeInfo()), id: 'sha256:7', repoDigests: [reference] });
  fake.images.set('sha256:7', { ...(await fakeInfo()), id: 'sha256:7' });
  const pulled = new Map([['old', images({ pulled: [reference] })]]);
  const [one] = await pruneImages({ engine, gone: pulled, kept: [], dryRun: false, signal });
  expect(removed).toEqual([reference]);
  expect(one?.kept).toContain('conflict');
});

const fakeInfo = async (): Promise<ImageInfo> => {
  const { imageInfo } = await import('../../image/fake-engine.ts');
  return imageInfo({});
};

test('a dry run removes nothing', async () => {
  const { engine, removed } = engineWith([{ id: 'sha256:1', tags: ['ci-a:latest'] }]);
  const [one] = await pruneImages({ engine, gone, kept: [], dryRun: true, signal });
  expect([one?.kept, removed]).toEqual([undefined, []]);
});

test('names are the same with and without their tag, a registry port is none', () => {
  expect(fullName('ci-a')).toBe('ci-a:latest');
  expect(fullName('localhost/ci-a:latest')).toBe('ci-a:latest');
  expect(fullName('host:5000/ci-a')).toBe('host:5000/ci-a:latest');
  expect(fullName('host:5000/ci-a@sha256:1')).toBe('host:5000/ci-a@sha256:1');
});
