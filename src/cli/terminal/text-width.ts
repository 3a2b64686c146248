import stringWidth from 'string-width';

/** Columns that a text takes on a terminal. */
export const widthOfText = (text: string): number => stringWidth(text);

const segmenter = new Intl.Segmenter();

/** The text cut to at most `width` columns, with an ellipsis where something is missing. For text without colours. */
export function truncate(text: string, width: number): string {
  if (width <= 0) return '';
  // A column takes at most a few characters of text, so the rest of an enormous value needs no look.
  const head = text.length > width * 20 ? text.slice(0, width * 20) : text;
  if (head === text && widthOfText(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of segmenter.segment(head)) {
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
