/** What the tests of this room stand on: a package in a folder of its own, a card, a clock that doesn't wait. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Context } from '../context/context.ts';
import { finishContext } from '../context/read.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Emit, EventBody } from '../foundation/event.ts';
import { Secret } from '../foundation/secret.ts';
import type { ModelCard } from '../package/card.ts';
import type { Credentials, CredentialValue } from '../package/credential-file.ts';

/** A new folder with these files; remove it after the test. */
export function packageWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'image-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

export const card = (facts: Partial<ModelCard> = {}): ModelCard => ({
  name: 'dummy',
  dockerfile: 'docker/dummy',
  dockercontext: '',
  scripts: 'scripts/dummy/run.sh',
  url: '',
  cred: '',
  data: '',
  n_gpus: '1',
  owner: '',
  training_precision: '',
  tags: [],
  args: '',
  timeout: undefined,
  multiple_results: '',
  skip_gpu_arch: '',
  additional_docker_run_options: '',
  is_deprecated: false,
  exclusive: false,
  extra: {},
  ...facts,
});

export const contextOf = (values: Record<string, unknown>): Context =>
  finishContext([{ origin: '--additional-context', values }], {});

/** Passwords and tokens are secrets, all else is text. */
export function credentialsOf(entries: Record<string, Record<string, string>>): Credentials {
  const secrets: Secret[] = [];
  const secretOrPlain = (name: string, key: string, text: string): CredentialValue => {
    if (!/password|token/i.test(key)) return text;
    const secret = new Secret(`${name}.${key}`, text);
    secrets.push(secret);
    return secret;
  };
  const all = Object.entries(entries).map(
    ([name, fields]) =>
      [
        name,
        Object.fromEntries(
          Object.entries(fields).map(([key, text]) => [key, secretOrPlain(name, key, text)]),
        ),
      ] as const,
  );
  return {
    entries: new Map(all),
    lists: new Map(),
    environment: new Map(),
    secrets,
    origins: new Map(),
    warnings: [],
  };
}

/** Each look at it is a second later; sleeping is noted and takes no time. */
export function testClock(): Clock & { slept: number[] } {
  const slept: number[] = [];
  let seconds = 0;
  return {
    slept,
    now: () => new Date(0),
    monotonic: () => ++seconds,
    sleep: async (ms) => {
      slept.push(ms);
    },
  };
}

/** Collects what is sent. */
export function listening(): { emit: Emit; events: EventBody[] } {
  const events: EventBody[] = [];
  const emit: Emit = Object.assign((body: EventBody) => void events.push(body), { within: () => emit });
  return { emit, events };
}
