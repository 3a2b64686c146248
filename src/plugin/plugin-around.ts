/** What providers and targets of plugins see of the world: of secrets, only those that they ask for. */
import type { Clock } from '../foundation/clock.ts';
import type { Emit } from '../foundation/event.ts';
import { Secret } from '../foundation/secret.ts';
import { type CommandRunner, runCommand } from '../machine/command/command.ts';
import type { Credentials } from '../package/credential-file.ts';
import { isSecretName } from '../package/hook-process.ts';
import { type PluginSource, sourceText } from './call.ts';
import type { PluginAround } from './definition.ts';

export interface Asked {
  credentials?: readonly string[];
  variables?: readonly string[];
}

export interface WholeAround {
  runner: CommandRunner;
  clock: Clock;
  env: Readonly<Record<string, string | undefined>>;
  credentials: Credentials;
  packageDir: string;
  emit: Emit;
  signal: AbortSignal;
}

export function pluginAround(asked: Asked, whole: WholeAround, source: PluginSource): PluginAround {
  const { runner, clock, emit, signal, packageDir } = whole;
  return {
    packageDir,
    signal,
    env: Object.fromEntries(valuesOf(asked, whole.env).filter(([name]) => !isSecretName(name))),
    secrets: Object.fromEntries(secretsOf(asked, whole.env).map((secret) => [secret.name, secret])),
    credentials: Object.fromEntries(
      (asked.credentials ?? []).flatMap((name) => {
        const entry = whole.credentials.entries.get(name);
        return entry ? [[name, { ...entry }]] : [];
      }),
    ),
    run: (argv, { cwd, env, secretEnv, stdin, timeoutMs } = {}) =>
      runCommand(runner, {
        argv,
        signal,
        ...(cwd === undefined ? {} : { cwd }),
        ...(env === undefined ? {} : { env }),
        ...(secretEnv === undefined ? {} : { secretEnv }),
        ...(stdin === undefined ? {} : { stdin }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }),
    sleep: (ms) => clock.sleep(ms, signal),
    tell: (message) =>
      emit({
        type: 'notice',
        level: 'info',
        code: 'PLUGIN',
        message: `${sourceText(source)}: ${String(message).slice(0, 2000)}`,
      }),
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

const valuesOf = ({ variables = [] }: Asked, env: Environment): [string, string][] =>
  variables.flatMap((name): [string, string][] => {
    const value = env[name];
    return value === undefined || value === '' ? [] : [[name, value]];
  });

/** Variables whose names speak of secrets: they are masked wherever they show up. */
export const secretsOf = (asked: Asked, env: Environment): Secret[] =>
  valuesOf(asked, env)
    .filter(([name]) => isSecretName(name))
    .map(([name, value]) => new Secret(name, value));
