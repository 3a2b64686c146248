/** Where a text stopped being a literal. Lines and columns count from 1, columns in characters. */
export class LiteralError extends Error {
  override readonly name = 'LiteralError';
  readonly line: number;
  readonly column: number;
  /** What could have stood there, such as `',' or '}'`. */
  readonly expected: string;

  constructor(line: number, column: number, expected: string, found: string) {
    super(`line ${line}, column ${column}: expected ${expected}, found ${found}`);
    this.line = line;
    this.column = column;
    this.expected = expected;
  }
}

/** A text with a position in it. */
export class LiteralReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The next character, or '' at the end. */
  peek(): string {
    const point = this.#text.codePointAt(this.#at);
    return point === undefined ? '' : String.fromCodePoint(point);
  }

  mark(): number {
    return this.#at;
  }

  reset(mark: number): void {
    this.#at = mark;
  }

  advance(units: number): void {
    this.#at += units;
  }

  startsWith(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  take(text: string): boolean {
    if (!this.startsWith(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** Takes what a sticky pattern matches here. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /** White space, newlines, `\` before a newline, and comments. */
  skipBlank(): void {
    this.match(/(?:[\s\uFEFF]|\\\r?\n|#[^\r\n]*)+/y);
  }

  error(expected: string): LiteralError {
    const before = this.#text.slice(0, this.#at).split(/\r\n|\r|\n/);
    const column = [...(before.at(-1) ?? '')].length + 1;
    return new LiteralError(before.length, column, expected, this.#found());
  }

  /** One character, not more: the text may hold secrets. */
  #found(): string {
    return this.atEnd() ? 'the end of the text' : JSON.stringify(this.peek());
  }
}
