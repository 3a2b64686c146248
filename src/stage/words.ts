import { MadError } from '../foundation/error.ts';
import type { Word, WordPiece } from './stage.ts';

/**
 * Splits a line of arguments as a shell does, with quotes and backslashes. `$NAME` and `${NAME}` outside single quotes
 * become variables; all else that a shell would act on (`$(…)`, backticks, `;`, `|`, `*`, `~`, `#`) is plain text. Throws
 * INVALID_FILE for a quote that isn't closed and for NUL characters.
 */
export function splitWords(text: string): Word[] {
  if (text.includes('\0')) throw unreadable(text, 'they hold a NUL character');
  const words: Word[] = [];
  let pieces: WordPiece[] | undefined;
  for (let at = 0; at < text.length; ) {
    if (isBlank(text[at])) {
      if (pieces) words.push(joined(pieces));
      pieces = undefined;
      at++;
      continue;
    }
    const part = partAt(text, at);
    at = part.next;
    // A backslash before a line end joins the lines, and is no word by itself.
    if (part.pieces.length === 0) continue;
    pieces ??= [];
    pieces.push(...part.pieces);
  }
  if (pieces) words.push(joined(pieces));
  return words;
}

interface Part {
  pieces: WordPiece[];
  next: number;
}

const isBlank = (character: string | undefined): boolean =>
  character === ' ' || character === '\t' || character === '\n' || character === '\r';

function partAt(text: string, at: number): Part {
  switch (text[at]) {
    case "'":
      return singleQuoted(text, at);
    case '"':
      return doubleQuoted(text, at);
    case '\\':
      return escaped(text, at);
    case '$':
      return dollar(text, at, true);
    default:
      return { pieces: [{ text: text[at] ?? '' }], next: at + 1 };
  }
}

function singleQuoted(text: string, at: number): Part {
  const end = text.indexOf("'", at + 1);
  if (end === -1) throw unreadable(text, `the ' at position ${at + 1} is not closed`);
  return { pieces: [{ text: text.slice(at + 1, end) }], next: end + 1 };
}

function doubleQuoted(text: string, start: number): Part {
  // An empty text, so that "" is a word.
  const pieces: WordPiece[] = [{ text: '' }];
  for (let at = start + 1; at < text.length; ) {
    const character = text[at];
    if (character === '"') return { pieces, next: at + 1 };
    if (character === '$') {
      const part = dollar(text, at, false);
      pieces.push(...part.pieces);
      at = part.next;
    } else if (character === '\\' && at + 1 < text.length && '$`"\\\n'.includes(text[at + 1] ?? '')) {
      pieces.push({ text: text[at + 1] === '\n' ? '' : (text[at + 1] ?? '') });
      at += 2;
    } else {
      pieces.push({ text: character ?? '' });
      at++;
    }
  }
  throw unreadable(text, `the " at position ${start + 1} is not closed`);
}

function escaped(text: string, at: number): Part {
  const next = text[at + 1];
  if (next === '\n') return { pieces: [], next: at + 2 };
  return { pieces: [{ text: next ?? '\\' }], next: at + 2 };
}

const variableAt = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/y;

function dollar(text: string, at: number, split: boolean): Part {
  variableAt.lastIndex = at;
  const found = variableAt.exec(text);
  const variable = found?.[1] ?? found?.[2];
  if (!found || variable === undefined) return { pieces: [{ text: '$' }], next: at + 1 };
  return { pieces: [split ? { variable, split } : { variable }], next: at + found[0].length };
}

/** Neighbouring texts as one piece; an empty one stays only where nothing else makes sure that there is a word. */
function joined(pieces: readonly WordPiece[]): WordPiece[] {
  const result: WordPiece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if ('text' in piece && last && 'text' in last) last.text += piece.text;
    else result.push({ ...piece });
  }
  const full = result.filter((piece) => !('text' in piece) || piece.text !== '');
  const certain = full.some((piece) => 'text' in piece || !piece.split);
  return certain ? full : result;
}

function unreadable(text: string, why: string): MadError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new MadError('INVALID_FILE', `cannot read the arguments ${JSON.stringify(shown)}: ${why}`, {
    hint: 'Close each quote, or put a backslash before one that is meant literally.',
  });
}
