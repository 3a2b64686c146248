import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LiveRegion } from './live-region.ts';
import { truncate } from './text-width.ts';

/** As much of a terminal as the region uses, with lines that break at its width and break anew when it changes. */
class Screen {
  readonly isTTY = true;
  columns: number;
  rows = 50;
  /** Lines as written, each ended by a line feed but the last. */
  #lines: string[] = [''];

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    for (const [token] of text.matchAll(/\u001b\[[?]?\d*[A-Za-z]|[^\u001b]/gu)) this.#take(token);
  }

  #take(token: string): void {
    if (token === '\n') this.#lines.push('');
    else if (token === '\r') expect(this.#lines.at(-1), 'the cursor stands at the start of a line').toBe('');
    else if (/^\u001b\[\d+A$/.test(token)) this.#up(Number(token.slice(2, -1)));
    else if (/^\u001b(?:\[J|\[\?\d+[hl])$/.test(token)) return;
    else if (token.startsWith('\u001b')) throw new Error(`unexpected ${JSON.stringify(token)}`);
    else this.#lines[this.#lines.length - 1] += token;
  }

  /** The cursor goes up by rows, and what is below goes with the `J` that always follows. */
  #up(rows: number): void {
    let left = rows;
    while (left > 0) {
      this.#lines.pop();
      left -= Math.max(1, Math.ceil((this.#lines.at(-1) ?? '').length / this.columns));
      this.#lines[this.#lines.length - 1] = '';
    }
    expect(left, 'the region starts at the start of a line').toBe(0);
  }

  get text(): string[] {
    return this.#lines.slice(0, -1);
  }
}

test('the region is drawn over itself, and finished lines stay above it', () => {
  const screen = new Screen(40);
  const region = new LiveRegion(screen);
  region.draw([{ text: 'one' }, { text: 'two' }]);
  region.draw([{ text: 'two, further' }], ['one is done']);
  expect(screen.text).toEqual(['one is done', 'two, further']);
  region.clear(['two is done']);
  expect(screen.text).toEqual(['one is done', 'two is done']);
});

test('nothing is written while nothing changes', () => {
  const screen = new Screen(40);
  const region = new LiveRegion(screen);
  region.draw([{ text: 'one' }]);
  let written = 0;
  screen.write = () => {
    written += 1;
  };
  region.draw([{ text: 'one' }]);
  expect(written).toBe(0);
});

test('more lines than the terminal has rows are counted instead of shown', () => {
  const screen = new Screen(40);
  screen.rows = 4;
  new LiveRegion(screen).draw(Array.from({ length: 9 }, (_, index) => ({ text: `line ${index}` })));
  expect(screen.text).toEqual(['line 0', 'line 1', '  … and 7 more']);
});

test('whatever is drawn, finished and resized, the screen shows the finished lines and the last region', () => {
  const text = fc
    .string({ unit: fc.constantFrom('a', 'b', ' ', '-'), maxLength: 120 })
    .map((one) => `x${one}x`);
  const step = fc.record({
    columns: fc.integer({ min: 20, max: 90 }),
    lines: fc.array(text, { maxLength: 4 }),
    above: fc.array(text, { maxLength: 2 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      const screen = new Screen(80);
      const region = new LiveRegion(screen);
      const finished: string[] = [];
      for (const { columns, lines, above } of steps) {
        screen.columns = columns;
        region.draw(
          lines.map((one) => ({ text: one })),
          above,
        );
        finished.push(...above);
        const last = lines.map((one) => truncate(one, columns - 1));
        expect(screen.text).toEqual([...finished, ...last]);
      }
      region.clear();
      expect(screen.text).toEqual(finished);
    }),
  );
});
