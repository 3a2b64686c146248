import { safeLine } from './safe-text.ts';
import { pad, truncate, widthOfText } from './text-width.ts';

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** Columns of the terminal below which this one is not cut; 8 when absent. */
  minimum?: number;
  /** What becomes of it where even the smallest table is too wide: a shorter text, or nothing. */
  narrow?: 'leave out' | ((text: string) => string);
}

export interface Cell {
  text: string;
  style?: (text: string) => string;
}

const gap = '  ';

/**
 * An aligned table, one line per row, headed by the titles. With a width, the widest columns are cut until it fits;
 * without one, nothing is. Columns that are empty in every row are left out.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly (Cell | string)[])[],
  options: { width: number | undefined; heading: (text: string) => string },
): string[] {
  const cells = rows.map((row) => columns.map((_, index) => asCell(row[index])));
  const layout = layOut(columns, cells, options.width);
  const narrowed = isTooWide(layout, options.width) ? narrow(columns, cells) : undefined;
  const { shown, widths } = narrowed ? layOut(narrowed.columns, narrowed.cells, options.width) : layout;
  const lines = narrowed?.cells ?? cells;
  const line = (of: (column: Column, index: number) => Cell): string =>
    shown
      .map(({ column, index }, position) => {
        const cell = of(column, index);
        const width = widths[position] ?? 0;
        const text = truncate(cell.text, width);
        // Padding stands outside of the style, so that no background or underline runs on; none behind the last one.
        const styled = cell.style ? cell.style(text) : text;
        const blanks = pad('', width - widthOfText(text));
        if (column.align === 'right') return blanks + styled;
        return position === shown.length - 1 ? styled : styled + blanks;
      })
      .join(gap)
      .trimEnd();
  return [
    line((column) => ({ text: column.title, style: options.heading })),
    ...lines.map((row) => line((_, index) => row[index] ?? { text: '' })),
  ];
}

interface Layout {
  shown: readonly { column: Column; index: number }[];
  widths: readonly number[];
}

function layOut(
  columns: readonly Column[],
  cells: readonly (readonly Cell[])[],
  width: number | undefined,
): Layout {
  const shown = columns
    .map((column, index) => ({ column, index }))
    .filter(({ index }) => cells.some((row) => row[index]?.text !== ''));
  const natural = shown.map(({ column, index }) =>
    Math.max(widthOfText(column.title), ...cells.map((row) => widthOfText(row[index]?.text ?? ''))),
  );
  const minima = shown.map(({ column }) => Math.max(column.minimum ?? 8, widthOfText(column.title)));
  return { shown, widths: fitWidths(natural, minima, width) };
}

const isTooWide = ({ widths }: Layout, width: number | undefined): boolean =>
  width !== undefined && widths.reduce((sum, one) => sum + one + gap.length, -gap.length) > width;

function narrow(
  columns: readonly Column[],
  cells: readonly (readonly Cell[])[],
): { columns: Column[]; cells: Cell[][] } {
  const of = (column: Column, cell: Cell): Cell =>
    column.narrow === undefined
      ? cell
      : { ...cell, text: column.narrow === 'leave out' ? '' : column.narrow(cell.text) };
  return {
    columns: columns.map((column) =>
      column.narrow ? { ...column, minimum: Number.POSITIVE_INFINITY } : column,
    ),
    cells: cells.map((row) => columns.map((column, index) => of(column, row[index] ?? { text: '' }))),
  };
}

const asCell = (cell: Cell | string | undefined): Cell => {
  const given = typeof cell === 'string' ? { text: cell } : (cell ?? { text: '' });
  return { ...given, text: safeLine(given.text) };
};

/** Takes columns away from the widest until all fit, none below its minimum (or its natural width, where smaller). */
function fitWidths(
  natural: readonly number[],
  minima: readonly number[],
  width: number | undefined,
): number[] {
  const widths = [...natural];
  if (width === undefined) return widths;
  const available = width - gap.length * (widths.length - 1);
  let excess = widths.reduce((sum, one) => sum + one, 0) - available;
  while (excess > 0) {
    const shrinkable = widths
      .map((one, index) => ({ one, index }))
      .filter(({ one, index }) => one > (minima[index] ?? 0))
      .sort((a, b) => b.one - a.one);
    const widest = shrinkable[0];
    if (!widest) return widths;
    const target = Math.max(shrinkable[1]?.one ?? 0, minima[widest.index] ?? 0, widest.one - excess);
    const cut = Math.max(1, widest.one - target);
    widths[widest.index] = widest.one - cut;
    excess -= cut;
  }
  return widths;
}
