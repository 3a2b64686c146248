/** Text that may hold secrets which no one named as such: known by how their names sound. */
import { mask } from './secret.ts';

const secretName = /passw|secret|credential|(?:^|[_-])(?:token|key|pwd)$|(?:api|private|access)_?key/i;

/** Whether a value of this name is likely a secret. */
export const soundsSecret = (name: string): boolean => secretName.test(name);

/** Masks the values of such names in JSON and Python literals, and the passwords in URLs. */
export function maskSecretText(text: string): string {
  return text
    .replace(
      /((["'])((?:(?!\2)[^\\]|\\.)*)\2\s*:\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/g,
      (whole, lead: string, _quote: string, name: string) =>
        soundsSecret(name) ? `${lead}"${mask}"` : whole,
    )
    .replace(/(\/\/[^/\s:@]*):[^/\s@]*@/g, `$1:${mask}@`);
}
