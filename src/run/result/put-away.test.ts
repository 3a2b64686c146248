import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { silent } from '../../foundation/event.ts';
import { Scrubber } from '../../foundation/secret.ts';
import type { Progress } from '../progress.ts';
import { type PutAwayOptions, putAway } from './put-away.ts';

test('what can not be put away leaves no container behind its record', async () => {
  const runFolder = await mkdtemp(join(tmpdir(), 'put-away-'));
  onTestFinished(() => rm(runFolder, { recursive: true }));
  await mkdir(join(runFolder, 'control'));
  await writeFile(join(runFolder, 'control/output.log'), 'performance: 1 runs/s\n');
  const gone = Promise.withResolvers<boolean>();
  let isOver = false;
  const options = {
    ...{ job: { card: { name: 'm', multiple_results: '' }, image: { dockerfile: '' } }, rules: undefined },
    plan: { launch: {}, container: { env: {} } },
    executed: {
      ...{ end: { kind: 'exited', exitCode: 0 }, stages: [], durationS: 1, isGone: gone.promise },
      scan: { metric: { name: 'runs/s', value: 1, text: '1' } },
    },
    ...{ startedAt: new Date(0), runFolder, seen: () => Promise.reject(new Error('the disk is full')) },
    services: {
      ...{ packageDir: '', settings: {}, scrubber: new Scrubber([]), resultsRoot: runFolder, emit: silent },
    },
  } as unknown as PutAwayOptions;
  const progress = { durations: {}, stages: [], warnings: [] } as unknown as Progress;
  const put = putAway(options, progress).finally(() => {
    isOver = true;
  });
  put.catch(() => {});
  for (let turns = 0; turns < 200; turns++) await turn();
  expect(isOver).toBe(false);
  gone.resolve(true);
  await expect(put).rejects.toThrow('the disk is full');
});
