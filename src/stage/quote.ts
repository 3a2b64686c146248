import { MadError } from '../foundation/error.ts';
import type { Word } from './stage.ts';

// No `=`: at the start of a command `A=b` is an assignment.
const plain = /^[A-Za-z0-9_@%+:,./-]+$/;
const reserved =
  /^(?:if|then|else|elif|fi|do|done|case|esac|while|until|for|in|time|select|function|coproc)$/;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `text` as one word of POSIX shell, whatever it holds. Throws INVALID_ARGUMENT for the one character that no word can hold, NUL. */
export function quote(text: string): string {
  if (text.includes('\0')) {
    throw new MadError(
      'INVALID_ARGUMENT',
      `a command's word holds a NUL character: ${JSON.stringify(text)}`,
      {
        hint: 'No program can get such an argument; remove the character.',
      },
    );
  }
  return plain.test(text) && !reserved.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A word as shell text: its variables are expanded, everything else means itself. */
export function quoteWord(word: Word): string {
  if (word.length === 0) return "''";
  return word
    .map((piece) => {
      if ('text' in piece) return quote(piece.text);
      if (!variableName.test(piece.variable)) {
        throw new MadError('INVALID_ARGUMENT', `"${piece.variable}" is no name of a variable`);
      }
      return piece.split ? `\${${piece.variable}}` : `"\${${piece.variable}}"`;
    })
    .join('');
}
