import { expect, test } from 'vitest';
import type { ContainerSpec, Engine, ExecSpec } from '../machine/engine/engine.ts';
import type { HostFacts } from '../machine/host-facts.ts';
import type { JobPlan } from './plan-job.ts';
import { commandsOf, provenanceOf } from './provenance.ts';

const host = { host: 'node1', kernel: '6.8.0', cpu: 'EPYC' } as HostFacts;

test('program and machine are told, options by their names, secrets in none of them', () => {
  const { machine, madengine } = provenanceOf({
    host,
    version: '0.1.0',
    node: 'v24.0.0',
    argv: ['run', '-c', '{"docker_env_vars": {"API_TOKEN": "hidden-1"}}'],
    options: {
      timeout: -1,
      keepAlive: false,
      additionalContext: "{'password': 'hidden-2'}",
      registry: 'https://me:hidden-3@example.com',
      tags: ['a'],
      junit: undefined,
    },
  });
  expect(machine).toEqual({ kernel: '6.8.0', cpu: 'EPYC' });
  expect(madengine?.options).toMatchObject({ timeout: -1, keep_alive: false, tags: ['a'] });
  expect(Object.keys(madengine?.options ?? {})).not.toContain('junit');
  expect(JSON.stringify(madengine)).not.toContain('hidden-');
});

test("the engine's command lines are there, with secrets by their names", () => {
  const describe = {
    create: (spec: ContainerSpec) => ['docker', 'run', '--env=API_TOKEN=hidden', '--env=BATCH=8', spec.image],
    exec: (name: string, spec: Pick<ExecSpec, 'argv'>) => [
      'docker',
      'exec',
      '--env=MAD_SECRETS_X',
      name,
      ...spec.argv,
    ],
  };
  const plan = { container: { name: 'box' }, exec: { argv: ['/bin/sh', 'x'] } } as unknown as JobPlan;
  expect(commandsOf({ describe } as unknown as Engine, plan, 'image@sha256:1')).toEqual([
    { title: 'start', argv: ['docker', 'run', '--env=API_TOKEN=******', '--env=BATCH=8', 'image@sha256:1'] },
    { title: 'run', argv: ['docker', 'exec', '--env=MAD_SECRETS_X', 'box', '/bin/sh', 'x'] },
  ]);
});
