/**
 * A card's regular expression; undefined when it is none. Case counts unless it starts with `(?i)`, as in Python, which
 * the expressions of this language have no place for.
 */
export function compilePattern(text: string): RegExp | undefined {
  const ignoresCase = text.startsWith('(?i)');
  try {
    return new RegExp(ignoresCase ? text.slice(4) : text, ignoresCase ? 'i' : '');
  } catch {
    return undefined;
  }
}
