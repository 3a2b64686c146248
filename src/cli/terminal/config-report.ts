import type { EventOf } from '../../foundation/event.ts';
import { maskSecretText } from '../../foundation/secret-text.ts';
import { belongsTo } from '../option-spec.ts';
import { options } from '../options.ts';
import type { ParsedCommand } from '../parse.ts';
import { safeLine } from './safe-text.ts';

type Settings = EventOf<'settings.read'>;

/** The value of every option of a command that has one, and where it came from. */
export function optionSettings({ command, values, origins }: ParsedCommand): Settings {
  const settings = options
    .filter((option) => belongsTo(option, command) && option.name !== 'help' && option.name !== 'version')
    .map((option) => ({ name: option.name, value: values[option.name] }))
    .filter(({ value }) => value !== undefined)
    .map(({ name, value }) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return { name, value: maskSecretText(text), origin: origins[name] ?? 'default' };
    });
  return { type: 'settings.read', kind: 'options', settings };
}

/** One line for each value; `verbose`, `MAD_VERBOSE_CONFIG` and `--dry-run` show them. */
export const settingLines = ({ kind, settings }: Settings): string[] =>
  settings.map(({ name, value, origin }) => safeLine(`${prefixes[kind]}${name} = ${value} (${origin})`));

const prefixes = { options: '--', credentials: 'credential ', context: 'context ' };
