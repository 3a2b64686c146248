import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../../foundation/clock.ts';
import { silent } from '../../foundation/event.ts';
import { card } from '../../image/fixture.ts';
import type { BuiltImage } from '../../manifest/manifest-schema.ts';
import type { RunRecord } from '../../record/record-schema.ts';
import { makeJob } from '../../run/job.ts';
import type { RunServices } from '../../run/run-services.ts';
import type { JobsToRun } from './jobs-to-run.ts';
import { runJobs } from './run-jobs.ts';

test('whatever goes wrong between jobs, none goes on behind the back of who cleans up', async () => {
  const running = Promise.withResolvers<RunRecord>();
  const broken = Promise.withResolvers<void>();
  let isOver = false;
  const job = (name: string) => makeJob(card({ name }), name, { docker_image: name } as BuiltImage);
  const breaks = { ...job('second'), card: { ...card({ name: 'second' }) } };
  Object.defineProperty(breaks.card, 'exclusive', {
    get() {
      broken.resolve();
      throw new Error('no lease can be had any more');
    },
  });
  const abort = new AbortController();
  const services = {
    ...{ clock: systemClock, emit: silent, signal: abort.signal, context: { values: {}, origins: {} } },
    engine: { kind: 'docker' },
    gpus: { vendor: 'NONE', count: 0, architecture: '', devices: [], notes: [] },
    devices: { setAside: new Map(), env: {} },
  } as unknown as RunServices;
  const work = runJobs({
    target: { name: 'local', run: () => running.promise },
    jobs: [job('first'), breaks],
    goingOn: ({ key }: { key: string }) =>
      key.startsWith('first') ? { begun: { run: '1' }, started: { plan: { gpus: [] } } } : undefined,
    ...{
      limits: { slots: 2, plain: 2 },
      retries: 0,
      skipOf: () => undefined,
      services,
    },
    ...{ keep() {}, leave: async () => {} },
  } as unknown as JobsToRun).finally(() => {
    isOver = true;
  });
  work.catch(() => {});
  await broken.promise;
  for (let turns = 0; turns < 20; turns++) await turn();
  expect(isOver).toBe(false);
  running.resolve({} as RunRecord);
  await expect(work).rejects.toThrow('no lease');
});
