import { MadError } from '../foundation/error.ts';

/** Where in a text something is; both count from 1. */
export interface TextPlace {
  line: number;
  column: number;
}

/**
 * Parses JSON; a byte order mark is allowed. Throws INVALID_FILE with `shown`, line and column; the message quotes no
 * more than one character of the text, because the file may hold secrets.
 */
export function parseJson(text: string, shown: string): unknown {
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    return JSON.parse(json);
  } catch (cause) {
    const fault = findJsonFault(json) ?? { offset: json.length, expected: 'JSON' };
    const { line, column } = placeOf(json, fault.offset);
    throw new MadError(
      'INVALID_FILE',
      `${shown}, line ${line}, column ${column}: expected ${fault.expected}, found ${foundAt(json, fault.offset)}.`,
      { hint: `Correct ${shown}: it has to be plain JSON, without comments and trailing commas.`, cause },
    );
  }
}

function placeOf(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: offset - lastBreak };
}

function foundAt(text: string, offset: number): string {
  const character = text[offset];
  if (character === undefined) return 'the end of the file';
  if (character === '\n' || character === '\r') return 'the end of the line';
  return JSON.stringify(character);
}

export interface JsonFault {
  offset: number;
  expected: string;
}

const blank = /[ \t\n\r]*/y;
const stringBody = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const scalar = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

/** The first place where the text stops being JSON; undefined when it is JSON. JSON.parse doesn't always tell the place. */
export function findJsonFault(text: string): JsonFault | undefined {
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found !== null;
  };
  const fault = (expected: string): JsonFault => ({ offset: at, expected });

  const string = (what: string): JsonFault | undefined => {
    if (text[at] !== '"') return fault(what);
    at++;
    skip(stringBody);
    if (text[at] !== '"')
      return fault(text[at] === '\\' ? 'a valid escape' : 'the closing quote of a string');
    at++;
    return undefined;
  };

  /** Open brackets; a loop instead of recursion, so that depth can't exhaust the stack. */
  const open: ('{' | '[')[] = [];
  let expectValue = true;
  for (;;) {
    skip(blank);
    const inside = open.at(-1);
    if (expectValue) {
      const character = text[at];
      if (character === '{' || character === '[') {
        open.push(character);
        at++;
        skip(blank);
        const close = character === '{' ? '}' : ']';
        if (text[at] === close) {
          at++;
          open.pop();
          expectValue = false;
        } else if (character === '{') {
          const wrong = string('a key in double quotes, or "}"') ?? colon();
          if (wrong) return wrong;
        }
        continue;
      }
      const wrong = character === '"' ? string('') : skip(scalar) ? undefined : fault('a value');
      if (wrong) return wrong;
      expectValue = false;
      continue;
    }
    if (inside === undefined) return at === text.length ? undefined : fault('the end of the file');
    const close = inside === '{' ? '}' : ']';
    if (text[at] === close) {
      at++;
      open.pop();
      continue;
    }
    if (text[at] !== ',') return fault(`"," or "${close}"`);
    at++;
    if (inside === '{') {
      skip(blank);
      const wrong = string('a key in double quotes') ?? colon();
      if (wrong) return wrong;
    }
    expectValue = true;
  }

  function colon(): JsonFault | undefined {
    skip(blank);
    if (text[at] !== ':') return fault('":"');
    at++;
    return undefined;
  }
}
