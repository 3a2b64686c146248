import { belongsTo } from '../option-spec.ts';
import { options } from '../options.ts';
import type { ParsedCommand } from '../parse.ts';
import { safeLine } from './safe-text.ts';

/** `MAD_VERBOSE_CONFIG=true`: the value of every option of the command that has one, and where it came from. */
export function configReport({ command, values, origins }: ParsedCommand): string[] {
  return options
    .filter((option) => belongsTo(option, command) && option.name !== 'help' && option.name !== 'version')
    .map((option) => ({ name: option.name, value: values[option.name] }))
    .filter(({ value }) => value !== undefined)
    .map(({ name, value }) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `--${name} = ${safeLine(maskSecrets(text))} (${origins[name] ?? 'default'})`;
    });
}

/** Hides the values of keys that sound like secrets, in JSON and Python literals, and passwords in URLs. */
function maskSecrets(text: string): string {
  return text
    .replace(
      /(["'][^"']*(?:passw|token|secret|credential|api_?key|private_?key|_key)[^"']*["']\s*:\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/gi,
      '$1"******"',
    )
    .replace(/(\/\/[^/\s:@]*):[^/\s@]*@/g, '$1:******@');
}
