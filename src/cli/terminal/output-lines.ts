import { safeBlock } from './safe-text.ts';

/** A line that long is shown in pieces. */
const longestLine = 16_384;

/** Puts pieces of output together to whole lines, for each source by itself, safe for a terminal. */
export class OutputLines {
  readonly #partial = new Map<string, string>();

  /** The lines that are complete now. */
  add(source: string, text: string): string[] {
    const joined = (this.#partial.get(source) ?? '') + text;
    const lines = joined.split(/\r?\n/);
    let last = lines.pop() ?? '';
    while (last.length > longestLine) {
      lines.push(last.slice(0, longestLine));
      last = last.slice(longestLine);
    }
    if (last === '') this.#partial.delete(source);
    else this.#partial.set(source, last);
    return lines.flatMap((line) => safeBlock(line).split('\n'));
  }

  /** What is left of a source that has ended. */
  end(source: string): string[] {
    const rest = this.#partial.get(source);
    this.#partial.delete(source);
    return rest === undefined ? [] : safeBlock(rest).split('\n');
  }

  get sources(): string[] {
    return [...this.#partial.keys()];
  }
}
