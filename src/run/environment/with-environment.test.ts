import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silent } from '../../foundation/event.ts';
import type { Executed } from '../execute-program.ts';
import type { Progress } from '../progress.ts';
import { type WithEnvironmentOptions, withEnvironment } from './with-environment.ts';

const names = ['a.txt', 'b.txt', 'environment.csv'];

test('runs of one model that end at the same time leave its environment whole, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'with-environment-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [kept, results] = [join(folder, 'kept'), join(folder, 'results')];
  for (const path of [kept, results]) await mkdir(path);
  for (const name of names) await writeFile(join(kept, name), name);
  const seen = { hash: '1', mode: 'lite', folder: kept, path: 'environment/1', problems: [] };
  const files = names.map((path) => ({ path, bytes: path.length, sha256: '' }));
  const capture = {
    isOwn: false,
    prepare: async () => {},
    collect: async () => ({ kept: { ...seen, files }, problems: [] }),
    letGo() {},
  };
  const run = async (): Promise<string[]> => {
    const progress = { image: { id: '1' }, artifacts: [], warnings: [] } as unknown as Progress;
    const options = {
      ...{ job: { card: { name: 'm' } }, runFolder: folder, progress },
      plan: { program: { stages: [{ name: 'environment' }] }, gpus: [] },
      services: {
        ...{ captures: Promise.resolve({ begin: () => capture }), engine: { kind: 'docker' } },
        ...{ resultsRoot: results, emit: silent },
      },
    } as unknown as WithEnvironmentOptions;
    const executed = { stages: [{ name: 'environment', exit_code: 0 }] } as Executed;
    await withEnvironment(options, (_, noteIt) => noteIt(executed));
    return progress.warnings;
  };
  expect((await Promise.all([run(), run(), run(), run()])).flat()).toEqual([]);
  expect((await readdir(results)).sort()).toEqual(['m_env', 'm_env.csv']);
  expect((await readdir(join(results, 'm_env'))).sort()).toEqual(['a.txt', 'b.txt']);
});
