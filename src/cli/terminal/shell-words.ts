/** A command line that can be pasted into a shell. Control characters stand as escapes, so it is always one line. */
export const shellWords = (argv: readonly string[]): string => argv.map(shellWord).join(' ');

function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (!/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/.test(word)) {
    return `'${word.replaceAll("'", `'\\''`)}'`;
  }
  return `$'${word.replace(/[\\']|[^\u0020-\u007e]/gu, escaped)}'`;
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (character === '\\' || character === "'") return `\\${character}`;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000
    ? `\\u${code.toString(16).padStart(4, '0')}`
    : `\\U${code.toString(16).padStart(8, '0')}`;
}
