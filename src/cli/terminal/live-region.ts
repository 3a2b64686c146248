import type { Output } from './output.ts';
import { truncate, widthOfText } from './text-width.ts';

export interface RegionLine {
  text: string;
  style?: (text: string) => string;
}

const esc = '\u001b';
// A terminal that knows synchronized output shows each frame at once; others ignore these.
const beginFrame = `${esc}[?2026h`;
const endFrame = `${esc}[?2026l`;
const hideCursor = `${esc}[?25l`;
const showCursor = `${esc}[?25h`;

/** The lines at the bottom of a terminal that are drawn over and over, with finished lines scrolling above them. */
export class LiveRegion {
  readonly #output: Output;
  /** Width of each line as last drawn: a narrower terminal has broken those that no longer fit into several rows. */
  #drawn: number[] = [];
  #last = '';
  /** Whether the cursor is hidden. */
  #started = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Draws the lines instead of those drawn last; `above` scrolls up and stays. */
  draw(lines: readonly RegionLine[], above: readonly string[] = []): void {
    const columns = this.#columns;
    const rows = Math.max(2, (this.#output.rows ?? 24) - 1);
    const shown = lines.length <= rows ? lines : [...lines.slice(0, rows - 1), more(lines.length - rows + 1)];
    // The last column stays free: some terminals break a line that fills it.
    const texts = shown.map((line) => truncate(line.text, columns - 1));
    const body = texts.map((text, index) => `${(shown[index]?.style ?? plain)(text)}\n`).join('');
    if (above.length === 0 && body === this.#last) return;
    const frame = above.map((line) => `${line}\n`).join('') + body;
    this.#started = true;
    this.#output.write(beginFrame + hideCursor + this.#erase(columns) + frame + endFrame);
    this.#drawn = texts.map(widthOfText);
    this.#last = body;
  }

  /** Takes the region off the screen and shows the cursor again. */
  clear(above: readonly string[] = []): void {
    if (!this.#started && above.length === 0) return;
    this.#output.write(
      `${this.#erase(this.#columns)}${above.map((line) => `${line}\n`).join('')}${showCursor}`,
    );
    this.#started = false;
    this.#drawn = [];
    this.#last = '';
  }

  get #columns(): number {
    return Math.max(20, this.#output.columns || 80);
  }

  #erase(columns: number): string {
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows === 0 ? '' : `\r${esc}[${rows}A${esc}[J`;
  }
}

const plain = (text: string): string => text;

const more = (count: number): RegionLine => ({ text: `  … and ${count} more` });
