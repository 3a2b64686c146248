import { MadError } from '../foundation/error.ts';
import {
  belongsTo,
  type CommandName,
  namesOf,
  type OptionOrigin,
  type OptionSpec,
  type Program,
  shortOf,
} from './option-spec.ts';

interface ValueContext {
  program: Program;
  command: CommandName;
  env: Readonly<Record<string, string | undefined>>;
  table: readonly OptionSpec[];
}

/**
 * The value of one option: typed, else from its environment variable, else its default. An empty value counts as not
 * given, because `--registry "$REGISTRY"` with an unset variable is what scripts write.
 */
export function optionValue(
  option: OptionSpec,
  typed: unknown,
  context: ValueContext,
): { value: unknown; origin: OptionOrigin } {
  if (option.kind === 'flag') return flagValue(option, typed);
  if (option.kind === 'list') {
    const list = Array.isArray(typed) ? typed.map(String).filter((one) => one !== '') : [];
    for (const one of list) rejectSwallowedOption(option, one, context);
    return { value: list, origin: list.length > 0 ? 'option' : 'default' };
  }
  if (typed === true && option.bare !== undefined) return { value: option.bare, origin: 'option' };
  if (typeof typed === 'string' && typed !== '') {
    rejectSwallowedOption(option, typed, context);
    return { value: checked(option, typed, `--${option.name}`, 'INVALID_ARGUMENT'), origin: 'option' };
  }
  const fromEnvironment =
    option.env && belongsTo(option, context.command) ? context.env[option.env] : undefined;
  if (option.env && fromEnvironment) {
    return {
      value: checked(option, fromEnvironment, option.env, 'INVALID_ENVIRONMENT'),
      origin: 'environment',
    };
  }
  return { value: option.default, origin: 'default' };
}

/** An alias of the Python tool may bring its value as text. */
function flagValue(option: OptionSpec, typed: unknown): { value: boolean; origin: OptionOrigin } {
  if (typeof typed === 'boolean') return { value: typed, origin: 'option' };
  if (typeof typed !== 'string' || typed === '') return { value: option.default === true, origin: 'default' };
  if (/^(?:true|yes|on|1)$/i.test(typed)) return { value: true, origin: 'option' };
  if (/^(?:false|no|off|0|none)$/i.test(typed)) return { value: false, origin: 'option' };
  throw new MadError('INVALID_ARGUMENT', `--${option.name} must be true or false, but is "${typed}".`, {
    hint: `${option.help}.`,
  });
}

function checked(
  option: OptionSpec,
  text: string,
  source: string,
  code: 'INVALID_ARGUMENT' | 'INVALID_ENVIRONMENT',
): string | number {
  const problem = textProblem(option, text);
  if (problem !== undefined) {
    const example = option.example && option.kind !== 'choice' ? `\nFor example: ${option.example}` : '';
    throw new MadError(code, `${source} ${problem}, but is "${text}".`, {
      hint: `${option.help}.${example}`,
    });
  }
  if (option.kind === 'percent') return Number.parseFloat(text);
  return option.kind === 'number' && !option.words?.includes(text) ? Number(text) : text;
}

/** What a value of this option must be that this text is not; undefined when it can be taken. */
export function textProblem(option: OptionSpec, text: string): string | undefined {
  if (option.words?.includes(text)) return undefined;
  if (option.kind === 'percent') {
    const isPercentage = /^\d{1,3}(\.\d+)?%?$/.test(text) && Number.parseFloat(text) > 0;
    return isPercentage && Number.parseFloat(text) <= 100 ? undefined : 'must be a percentage, such as 2%';
  }
  if (option.kind === 'number') {
    const number = Number(text);
    const smallest = option.minimum ?? Number.MIN_SAFE_INTEGER;
    if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(number) && number >= smallest) return undefined;
    const orWord = (option.words ?? []).map((word) => ` or ${word}`).join('');
    return `must be a whole number${option.minimum === undefined ? '' : ` of at least ${option.minimum}`}${orWord}`;
  }
  return option.choices && !option.choices.includes(text)
    ? `must be one of ${option.choices.join(', ')}`
    : undefined;
}

/** `--registry --live-output` is a forgotten value, not a registry of that name. */
function rejectSwallowedOption(option: OptionSpec, typed: string, context: ValueContext): void {
  const isOption = context.table.some(
    (other) =>
      belongsTo(other, context.command) &&
      (namesOf(other, context.program).some(
        (name) => typed === `--${name}` || typed.startsWith(`--${name}=`),
      ) ||
        typed === `-${shortOf(other, context.command)}`),
  );
  if (!isOption) return;
  throw new MadError(
    'INVALID_ARGUMENT',
    `--${option.name} needs a value, but the option ${typed} follows it.`,
    {
      hint: option.example
        ? `For example: ${context.program} ${context.command} ${option.example}`
        : `See ${context.program} ${context.command} --help.`,
    },
  );
}
