/** Spreadsheets cut a cell at 32,767 characters; a value that long helps nobody, and the record has it whole. */
const longestValue = 32_000;

/** Printable ASCII, as nearly all values are. */
const isClean = /^[\x20-\x7e]*$/;

/** One line, without control characters: a value comes from a model's output and must not move a terminal's cursor. */
export function cleanText(value: string): string {
  if (value.length <= longestValue && isClean.test(value)) return value;
  return oneLine(value.length > longestValue ? `${value.slice(0, longestValue)}…` : value);
}

/** The same for a value that must stay whole. */
export function oneLine(value: string): string {
  if (isClean.test(value)) return value;
  return value
    .toWellFormed()
    .replaceAll(/[\r\n\t\v\f\u0085\u2028\u2029]+/g, ' ')
    .replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '');
}
