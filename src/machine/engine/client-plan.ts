import type { Client } from './client.ts';
import { createWords } from './client-containers.ts';
import { buildArgv, execArgv } from './container-argv.ts';
import type { Engine } from './engine.ts';

/** The command lines as a plan shows them. */
export function plannedCommands(client: Client): Engine['describe'] {
  const { dialect } = client;
  const { program } = dialect;
  return {
    build(spec, capabilities) {
      const { words, env } = dialect.builder(capabilities);
      const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const prefix = variables.length === 0 ? [] : ['env', ...variables];
      const pull = spec.pull ? (dialect.kind === 'docker' ? '--pull' : '--pull=newer') : undefined;
      return [...prefix, ...buildArgv(words, spec, capabilities, pull)];
    },
    push: (image) => [program, ...dialect.push, ...dialect.loopback(image), image],
    pull: (image) => [program, 'pull', ...dialect.loopback(image), image],
    create: (spec) => [program, ...createWords(client, spec)],
    exec: (container, spec) => execArgv([program], container, spec),
    remove: (container) => [program, ...dialect.remove, container],
  };
}
