/** Finds the first place where a text stops being JSON (RFC 8259), and says what is wrong there in words. */

export interface JsonError {
  /** Both from 1; columns in UTF-16 units, as editors count them. */
  line: number;
  column: number;
  problem: string;
  hint: string;
}

interface Problem {
  at: number;
  problem: string;
  hint?: string;
}

/** What may come next. `value or end` and `name or end` follow an opening bracket, where an empty one may close. */
type Expected = 'value' | 'value or end' | 'name' | 'name or end' | 'colon' | 'comma or end' | 'nothing';

const generalHint = 'Correct the file at that place.';

/** Undefined when the text is valid. */
export function findJsonError(text: string): JsonError | undefined {
  const found = scan(text);
  if (!found) return undefined;
  const before = text.slice(0, found.at);
  const lines = before.split(/\r\n|\n|\r/);
  return {
    line: lines.length,
    column: (lines.at(-1) ?? '').length + 1,
    problem: found.problem,
    hint: found.hint ?? generalHint,
  };
}

function scan(text: string): Problem | undefined {
  const open: ('[' | '{')[] = [];
  let expected: Expected = 'value';
  let at = skipBlanks(text, 0);
  for (; at < text.length; at = skipBlanks(text, at)) {
    const character = text.charAt(at);
    const step = stepAt(text, at, character, expected, open);
    if ('problem' in step) return step;
    expected = step.expected;
    at = step.next;
  }
  if (expected === 'nothing') return undefined;
  const opened = open.at(-1);
  if (opened === undefined) return { at, problem: 'the file is empty' };
  return {
    at,
    problem: `the file ends within ${opened === '{' ? 'an object' : 'an array'}`,
    hint: 'Close every bracket; the file may have been cut off.',
  };
}

function stepAt(
  text: string,
  at: number,
  character: string,
  expected: Expected,
  open: ('[' | '{')[],
): { next: number; expected: Expected } | Problem {
  const afterValue = (): Expected => (open.length === 0 ? 'nothing' : 'comma or end');
  const opened = open.at(-1);
  if (expected === 'nothing') return unexpected(text, at, 'the end of the file');
  if (isClosing(character) && expected !== 'colon' && expected !== 'value' && expected !== 'name') {
    if (character !== (opened === '{' ? '}' : ']')) return unexpected(text, at, closing(opened));
    open.pop();
    return { next: at + 1, expected: afterValue() };
  }
  if (isClosing(character) && text.slice(0, at).trimEnd().endsWith(',')) {
    return { at, problem: `a comma before ${character}`, hint: 'Remove the comma behind the last entry.' };
  }
  if (expected === 'comma or end') {
    if (character !== ',') return unexpected(text, at, `a comma or ${closing(opened)}`);
    return { next: at + 1, expected: opened === '{' ? 'name' : 'value' };
  }
  if (expected === 'colon') {
    return character === ':' ? { next: at + 1, expected: 'value' } : unexpected(text, at, 'a colon');
  }
  if (expected === 'name' || expected === 'name or end') {
    if (character !== '"') return unexpected(text, at, 'a name in double quotes');
    const string = stringAt(text, at);
    return 'problem' in string ? string : { next: string.next, expected: 'colon' };
  }
  if (character === '{' || character === '[') {
    open.push(character);
    return { next: at + 1, expected: character === '{' ? 'name or end' : 'value or end' };
  }
  const scalar = character === '"' ? stringAt(text, at) : wordAt(text, at);
  return 'problem' in scalar ? scalar : { next: scalar.next, expected: afterValue() };
}

const isClosing = (character: string): boolean => character === '}' || character === ']';
const closing = (opened: '[' | '{' | undefined): string => (opened === '{' ? '}' : ']');

function stringAt(text: string, start: number): { next: number } | Problem {
  for (let at = start + 1; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') return { next: at + 1 };
    if (character < ' ') {
      const what =
        character === '\n' || character === '\r'
          ? 'the line ends within a text'
          : 'a control character within a text';
      return {
        at,
        problem: what,
        hint: 'Close the text with a double quote, or write the character as an escape.',
      };
    }
    if (character !== '\\') continue;
    const escaped = /^\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/.exec(text.slice(at, at + 6));
    if (!escaped)
      return {
        at,
        problem: `\\${text.charAt(at + 1)} is no escape of JSON`,
        hint: 'Write a backslash itself as \\\\.',
      };
    at += escaped[0].length - 1;
  }
  return {
    at: text.length,
    problem: 'the file ends within a text',
    hint: 'Close the text with a double quote.',
  };
}

const numberOrLiteral = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;

function wordAt(text: string, at: number): { next: number } | Problem {
  numberOrLiteral.lastIndex = at;
  const found = numberOrLiteral.exec(text);
  return found ? { next: at + found[0].length } : unexpected(text, at, 'a value');
}

function unexpected(text: string, at: number, instead: string): Problem {
  const rest = text.slice(at, at + 40);
  const word = /^[\w.+-]+/.exec(rest)?.[0] ?? String.fromCodePoint(rest.codePointAt(0) ?? 0);
  return { at, problem: `${JSON.stringify(word)} stands where ${instead} should`, ...hintFor(word) };
}

function hintFor(word: string): { hint?: string } {
  if (word === "'") return { hint: 'JSON knows double quotes only.' };
  if (word === 'True' || word === 'False') return { hint: `Write ${word.toLowerCase()} in small letters.` };
  if (word === 'None' || word === 'undefined') return { hint: 'Write null.' };
  if (word === 'NaN' || word === 'Infinity')
    return { hint: 'JSON has no such number; write null or a text.' };
  if (word === '/' || word === '#') return { hint: 'JSON has no comments.' };
  return {};
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at++;
  return at;
}
