/** What records say of the program and of its command lines. */
import { mask } from '../foundation/secret.ts';
import { maskSecretText, soundsSecret } from '../foundation/secret-text.ts';
import type { Engine } from '../machine/engine/engine.ts';
import type { HostFacts } from '../machine/host-facts.ts';
import type { RunRecord } from '../record/record-schema.ts';
import type { JobPlan } from './plan-job.ts';

/** Known once per campaign. */
export type Provenance = Pick<RunRecord, 'machine' | 'madengine'>;

export interface ProvenanceOptions {
  host: HostFacts;
  version: string;
  /** Of Node.js. */
  node: string;
  argv: readonly string[];
  /** Values in force, by the names that the program has for them. */
  options: object;
  /** Of the user, where there are any. */
  plugins?: NonNullable<Provenance['madengine']>['plugins'];
}

export function provenanceOf({ host, version, node, argv, options, plugins }: ProvenanceOptions): Provenance {
  const { host: _, ...machine } = host;
  const named = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [snakeCase(name), masked(value)] as const);
  return {
    machine,
    madengine: {
      ...{ version, node, argv: argv.map(maskSecretText), options: Object.fromEntries(named) },
      ...(plugins ? { plugins } : {}),
    },
  };
}

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function masked(value: unknown): unknown {
  if (typeof value === 'string') return maskSecretText(value);
  return Array.isArray(value) ? value.map(masked) : value;
}

/** The exact command lines; a variable that sounds like a secret is there by its name. */
export function commandsOf(engine: Engine, plan: JobPlan, image: string): RunRecord['commands'] {
  const start = engine.describe.create({ ...plan.container, image }).map(withoutSecret);
  const run = engine.describe.exec(plan.container.name, plan.exec).map(withoutSecret);
  return [
    ...(start.length === 0 ? [] : [{ title: 'start' as const, argv: start }]),
    { title: 'run' as const, argv: run },
  ];
}

function withoutSecret(word: string): string {
  const [, lead = '', name = ''] = /^((?:--env=)?([A-Za-z_][A-Za-z0-9_]*)=)/.exec(word) ?? [];
  return name !== '' && soundsSecret(name) ? `${lead}${mask}` : maskSecretText(word);
}
