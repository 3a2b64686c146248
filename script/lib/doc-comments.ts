/** The doc comments of object literals and interfaces, so that a schema's documentation stands where its code does. */

export interface DocBlock {
  /** Name of the constant or interface that begins with it; '' for inner ones. */
  name: string;
  /** The comment before it. */
  description: string;
  /** Its keys in their order, with their comments ('' for none). */
  keys: ReadonlyMap<string, string>;
  /** Value of its key `type`, where that is a `z.literal('…')`. */
  literal: string | undefined;
}

interface Frame {
  opener: string;
  block: { name: string; description: string; keys: Map<string, string>; literal: string | undefined };
}

const token =
  /\/\*\*([\s\S]*?)\*\/|\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|[A-Za-z_$][\w$]*|[^\s]/g;

/** Every block in braces that has keys. */
export function docBlocks(source: string): DocBlock[] {
  const found: DocBlock[] = [];
  const stack: Frame[] = [];
  const tokens = [...source.matchAll(token)];
  let comment = '';
  let declared = '';
  let previous = '';
  for (const [index, match] of tokens.entries()) {
    const [text, doc] = match;
    if (doc !== undefined) {
      comment = cleaned(doc);
      continue;
    }
    if (text.startsWith('//') || text.startsWith('/*')) continue;
    const frame = stack.at(-1);
    const next = tokens[index + 1]?.[0] ?? '';
    if (/^[A-Za-z_$]/.test(text)) {
      if (previous === 'const' || previous === 'interface') declared = text;
      const isKey = frame?.opener === '{' && '{,;'.includes(previous) && ':?,}'.includes(next);
      if (frame && isKey) {
        frame.block.keys.set(text, comment);
        comment = '';
        if (text === 'type') frame.block.literal = literalAt(tokens.slice(index + 1, index + 7));
      }
    } else if ('{(['.includes(text)) {
      const isObject = text === '{';
      stack.push({
        opener: text,
        block: {
          name: isObject ? declared : '',
          description: isObject ? comment : '',
          keys: new Map(),
          literal: undefined,
        },
      });
      if (isObject) {
        comment = '';
        declared = '';
      }
    } else if ('})]'.includes(text)) {
      const closed = stack.pop();
      if (closed?.opener === '{' && closed.block.keys.size > 0) found.push(closed.block);
      comment = '';
    } else if (text === ';') {
      comment = '';
      if (stack.length === 0) declared = '';
    }
    previous = text;
  }
  return found;
}

const cleaned = (doc: string): string =>
  doc
    .replace(/^\s*\*? ?/gm, '')
    .replace(/\s+/g, ' ')
    .trim();

/** `: z.literal('x')` as its value. */
function literalAt(tokens: readonly RegExpExecArray[]): string | undefined {
  const text = tokens.map(([one]) => one).join('');
  return /^:z\.literal\('([^']*)'/.exec(text)?.[1];
}
