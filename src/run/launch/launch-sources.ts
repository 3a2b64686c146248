/** Who says how a model is spread: the context over the card over the process's environment. */
import { isGiven, type ValueKind } from '../../context/launch-values.ts';
import { type ErrorCode, MadError } from '../../foundation/error.ts';
import { objectOf } from '../run-environment.ts';
import type { LaunchOptions } from './launch-plan.ts';

/** One place where a value may stand. */
export interface Candidate {
  /** As messages call it. */
  where: string;
  value: unknown;
  code: ErrorCode;
}

export type LaunchSources = ReturnType<typeof launchSources>;

export function launchSources({
  card,
  context,
  env,
  launchers,
}: Pick<LaunchOptions, 'card' | 'context' | 'env' | 'launchers'>) {
  const { launcher } = context.values;
  const own = objectOf(context.values.distributed);
  const cards = objectOf(card.extra.distributed);
  const isOn = (own.enabled ?? cards.enabled) !== false;
  const arguments_ = objectOf(context.values.multi_node_args);
  return {
    /** The name alone, or a block. */
    launcherName: {
      where: 'launcher of the context',
      value: typeof launcher === 'string' ? launcher : objectOf(launcher).type,
      code: 'INVALID_ARGUMENT',
    } satisfies Candidate,
    launcher: candidates(objectOf(launcher), 'launcher', 'of the context', 'INVALID_ARGUMENT'),
    multiNodeArgs: candidates(arguments_, 'multi_node_args', 'of the context', 'INVALID_ARGUMENT'),
    distributed: candidates(isOn ? own : {}, 'distributed', 'of the context', 'INVALID_ARGUMENT'),
    card: candidates(isOn ? cards : {}, 'distributed', `of ${card.name}`, 'INVALID_FILE'),
    cardItself: (key: string): Candidate => ({
      where: `${key} of ${card.name}`,
      value: isOn ? card.extra[key] : undefined,
      code: 'INVALID_FILE',
    }),
    environment: (name: string): Candidate => ({
      where: `the environment variable ${name}`,
      value: env[name],
      code: 'INVALID_ENVIRONMENT',
    }),
    /** Its keys have defaults, one by one. */
    hasMultiNodeArgs: Object.keys(arguments_).length > 0,
    blocks: isOn ? blocksOf(cards, own, [...ourBlocks, ...(launchers?.keys() ?? [])]) : {},
  };
}

function candidates(block: Readonly<Record<string, unknown>>, name: string, of: string, code: ErrorCode) {
  return (key: string): Candidate => ({
    where: `${name}.${key} ${of}`,
    value: Object.hasOwn(block, key) ? block[key] : undefined,
    code,
  });
}

const ourBlocks = ['primus', 'sglang_disagg', 'vllm_disagg'];

/** The objects within `distributed`, key by key: the context's over the card's. */
function blocksOf(
  card: Readonly<Record<string, unknown>>,
  context: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, Record<string, unknown>> {
  const blocks: Record<string, Record<string, unknown>> = {};
  for (const name of names) {
    blocks[name] = { ...objectOf(card[name]), ...objectOf(context[name]) };
  }
  return blocks;
}

/** The first that is given, or undefined. Throws the code of its place for one that can't be read. */
export function firstOf<T>(kind: ValueKind<T>, places: readonly Candidate[]): T | undefined {
  const place = places.find(({ value }) => isGiven(value));
  if (!place) return undefined;
  const value = kind.read(place.value);
  if (value !== undefined) return value;
  const shown = JSON.stringify(place.value)?.slice(0, 80);
  throw new MadError(place.code, `${place.where}: expected ${kind.what}, found ${shown}`, {
    hint: 'docs/launchers.md lists what each of these keys and variables may hold.',
  });
}
