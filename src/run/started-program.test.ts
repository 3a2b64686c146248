import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { controlFiles } from '../stage/stage.ts';
import type { Job } from './job.ts';
import { hostPaths } from './run-folder.ts';
import { readStarted, removeStarted, writeStarted } from './started-program.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'started-'));
  await mkdir(hostPaths(folder, '').control);
});
afterEach(() => rm(folder, { recursive: true }));

const job = { key: 'one' } as Job;
const plan = { job, exec: { argv: [], env: {}, secretEnv: { TOKEN: 'hidden' } } };
const started = { plan, image: 'ci-one', started_at: '2026-01-01T00:00:00Z', progress: {} };
const begun = 'start\t0\trun\t1.0\t0\n';
const write = (): Promise<void> =>
  writeStarted(folder, started as unknown as Parameters<typeof writeStarted>[1], (data) => data);
const mark = (text: string): Promise<void> =>
  writeFile(join(hostPaths(folder, '').control, controlFiles.marks), text);

test('a program can be gone on with once it noted its first stage, and says whether it ended', async () => {
  await write();
  expect(await readStarted(folder, job)).toBeUndefined();
  await mark(begun);
  expect(await readStarted(folder, job)).toMatchObject({ isOver: false, image: 'ci-one' });
  await mark(`${begun}end\t0\trun\t2.0\t5\t0\nover\t2.0\t5\t0\n`);
  expect(await readStarted(folder, job)).toMatchObject({
    isOver: true,
    plan: { job, exec: { secretEnv: {} } },
  });
  await removeStarted(folder);
  expect(await readStarted(folder, job)).toBeUndefined();
});

test('what another version wrote, or half a file, is not gone on with', async () => {
  await mark(begun);
  for (const text of ['{"schema":"madengine.started/2"}', '{"sch', 'null', '']) {
    await writeFile(join(folder, 'started.json'), text);
    expect(await readStarted(folder, job)).toBeUndefined();
  }
});
