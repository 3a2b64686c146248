import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mergeContext } from '../context/merge.ts';
import { systemClock } from '../foundation/clock.ts';
import { EventStream } from '../foundation/event.ts';
import { thisMachine } from '../machine/command/this-machine.ts';
import { cardFromManifest } from '../package/manifest-card.ts';
import { tellContextNotices, tellUnusedKeys } from './context-notices.ts';
import type { Surroundings } from './options.ts';
import { readContext } from './prepare.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notices-'));
  await mkdir(join(folder, 'docker'));
  await writeFile(join(folder, 'docker/m.amd'), "# CONTEXT {'flavour': 'a'}\nFROM x\n");
});
afterAll(() => rm(folder, { recursive: true }));

function listening(projectContext?: Record<string, unknown>): { around: Surroundings; told: string[] } {
  const events = new EventStream(systemClock);
  const told: string[] = [];
  events.listen((event) => {
    if (event.type === 'notice' && event.level === 'warning')
      told.push(`${event.code} ${event.message} ${event.hint}`);
  });
  const around: Surroundings = {
    runner: thisMachine({ env: {} }),
    clock: systemClock,
    events,
    env: {},
    argv: [],
    cwd: folder,
    ...(projectContext ? { projectContext } : {}),
    signal: new AbortController().signal,
    cacheDir: join(folder, 'cache'),
    version: '1',
  };
  return { around, told };
}

const given = (values: Record<string, unknown>) => mergeContext([{ origin: '--additional-context', values }]);

test('keys whose feature is not there are named in one warning', () => {
  const { around, told } = listening();
  tellContextNotices(given({ monitor: true, slurm: { nodes: 2 }, k8s: {} }), around);
  expect(told).toEqual([
    expect.stringMatching(/^CONTEXT_KEY_WITHOUT_EFFECT the context's monitor, slurm have no effect/),
  ]);
});

test('a key that no Dockerfile asks for is told with the name that was meant, one that a Dockerfile asks for is not', async () => {
  const { around, told } = listening();
  const card = cardFromManifest({ name: 'm', dockerfile: 'docker/m' });
  await tellUnusedKeys(given({ flavour: 'b', flavor: 'b', guest_os: 'UBUNTU' }), [card], around);
  expect(told).toEqual([expect.stringMatching(/^CONTEXT_KEY_UNUSED .*"flavor".*Did you mean flavour\?$/)]);
});

test('a variable that sounds like a secret is told without its value', () => {
  const { around, told } = listening();
  tellContextNotices(given({ docker_env_vars: { HF_TOKEN: 'hidden-value' } }), around);
  expect(told.join()).toMatch(/SECRET_IN_CONTEXT docker_env_vars\.HF_TOKEN.*MAD_SECRETS/);
  expect(told.join()).not.toContain('hidden-value');
});

test('text wins over file, that over the manifest, that over the project file, that over detection and defaults', async () => {
  await writeFile(join(folder, 'c.json'), '{"docker_env_vars": {"A": "file", "B": "file"}}');
  const { around } = listening({
    docker_env_vars: { A: 'project', B: 'project', C: 'project', D: 'project' },
    gpu_vendor: 'intel',
  });
  const context = await readContext(
    { additionalContext: '{"docker_env_vars": {"A": "text"}}', additionalContextFile: 'c.json' },
    { manifest: { docker_env_vars: { A: 'manifest', B: 'manifest', C: 'manifest' } } },
    around,
  );
  expect(context.values).toEqual({
    docker_env_vars: { A: 'text', B: 'file', C: 'manifest', D: 'project' },
    gpu_vendor: 'INTEL',
    guest_os: 'UBUNTU',
  });
  expect(context.origins).toEqual({
    'docker_env_vars.A': '--additional-context',
    'docker_env_vars.B': '--additional-context-file',
    'docker_env_vars.C': 'manifest',
    'docker_env_vars.D': 'project file',
    gpu_vendor: 'project file',
    guest_os: 'default',
  });
});
