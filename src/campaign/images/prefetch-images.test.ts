import { expect, test } from 'vitest';
import { card } from '../../image/fixture.ts';
import type { BuiltImage } from '../../manifest/manifest-schema.ts';
import { type Job, makeJob } from '../../run/job.ts';
import { type Prefetching, type PrefetchMode, prefetchImages } from './prefetch-images.ts';

const job = (name: string, image = name): Job =>
  makeJob(card({ name }), image, { docker_image: image, registry_image: `r/${image}` } as BuiltImage);

interface Fetched {
  prefetch: Prefetching;
  /** `+a` began, `-a` was stopped, `=a` is here. */
  seen: string[];
  arrive(): Promise<void>;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Fetches go on until `arrive`. */
function fetching(mode: PrefetchMode, jobs: readonly Job[], hasRoom = async () => true): Fetched {
  const seen: string[] = [];
  let end: (() => void) | undefined;
  const prefetch = prefetchImages({
    ...{ mode, jobs, hasRoom, signal: new AbortController().signal },
    fetch: ({ imageName }, signal) => {
      seen.push(`+${imageName}`);
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          seen.push(`-${imageName}`);
          resolve(false);
        });
        end = () => {
          seen.push(`=${imageName}`);
          resolve(true);
        };
      });
    },
  });
  const arrive = async (): Promise<void> => {
    end?.();
    end = undefined;
    await turn();
  };
  return { prefetch, seen, arrive };
}

const [a, b, c, d] = [job('a'), job('b'), job('c'), job('d')] as const;
const nothing = async (): Promise<void> => {};

test('always: the next two images come while a model runs, one after the other, and no more', async () => {
  const { prefetch, seen, arrive } = fetching('always', [a, b, c, d]);
  await prefetch.own(a, nothing);
  await prefetch.timed(async () => {
    await turn();
    await arrive();
    await arrive();
  });
  expect(seen).toEqual(['+b', '=b', '+c', '=c']);
  await prefetch.own(b, nothing);
  await turn();
  expect(seen.slice(4)).toEqual(['+d']);
  await prefetch.stop();
});

test('between: nothing comes while a program runs, and what is on its way then is stopped and goes on later', async () => {
  const { prefetch, seen, arrive } = fetching('between', [a, b, c]);
  await prefetch.own(a, nothing);
  await prefetch.timed(async () => {
    await turn();
    expect(seen).toEqual([]);
  });
  await turn();
  expect(seen).toEqual(['+b']);
  await prefetch.timed(async () => {
    await turn();
    expect(seen).toEqual(['+b', '-b']);
  });
  await turn();
  await arrive();
  expect(seen.slice(0, 4)).toEqual(['+b', '-b', '+b', '=b']);
  await prefetch.stop();
});

test('a job whose image is on its way waits for it, and does not fetch it again', async () => {
  const { prefetch, seen, arrive } = fetching('between', [a, b]);
  await prefetch.own(a, nothing);
  await prefetch.timed(turn);
  await turn();
  const own = prefetch.own(b, async () => void seen.push('own b'));
  await turn();
  expect(seen).toEqual(['+b']);
  await arrive();
  await own;
  expect(seen).toEqual(['+b', '=b', 'own b']);
});

test('an image of several jobs comes once, one that can not be had is not tried again', async () => {
  const tried: string[] = [];
  const prefetch = prefetchImages({
    mode: 'always',
    jobs: [a, job('x', 'shared'), job('y', 'shared'), c],
    hasRoom: async () => true,
    fetch: async ({ imageName }) => {
      tried.push(imageName);
      return false;
    },
    signal: new AbortController().signal,
  });
  await prefetch.own(a, nothing);
  await turn();
  await prefetch.timed(turn);
  expect(tried).toEqual(['shared', 'c']);
});

test('a disk without room is asked again with the next job', async () => {
  let room = false;
  const { prefetch, seen } = fetching('always', [a, b, c], async () => room);
  await prefetch.own(a, nothing);
  await turn();
  expect(seen).toEqual([]);
  room = true;
  await prefetch.own(b, nothing);
  await turn();
  expect(seen).toEqual(['+c']);
  await prefetch.stop();
  expect(seen).toEqual(['+c', '-c']);
});

test('the error of a run goes through, and the next images still come', async () => {
  const { prefetch, seen } = fetching('always', [a, b]);
  await expect(prefetch.own(a, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await turn();
  expect(seen).toEqual(['+b']);
  await prefetch.stop();
});
