// The usual string-width compiles its Unicode patterns when it is loaded: 20 ms of every start.
import stringWidth from 'fast-string-width';

const plain = /^[\x20-\x7e]*$/;

/** Columns that a text takes on a terminal. */
export const widthOfText = (text: string): number => (plain.test(text) ? text.length : stringWidth(text));

/** The text cut to at most `width` columns, with an ellipsis where something is missing. For text without colours. */
export function truncate(text: string, width: number): string {
  if (width <= 0) return '';
  // A column takes at most a few characters of text, so the rest of an enormous value needs no look.
  const head = text.length > width * 20 ? text.slice(0, width * 20) : text;
  if (head === text && widthOfText(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(head)) {
    const next = used + widthOfText(segment);
    if (next > width - 1) break;
    kept += segment;
    used = next;
  }
  return `${kept}…`;
}

/** Filled with blanks to `width` columns. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOfText(text)));
  return align === 'left' ? text + blanks : blanks + text;
}
