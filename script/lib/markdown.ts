/** A Markdown table; cells may hold anything but line feeds. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = titles.map((_, column) => rows.some((row) => row[column] !== ''));
  const line = (cells: readonly string[]): string =>
    `| ${cells
      .filter((_, column) => used[column])
      .map((cell) => cell.replace(/\s+/g, ' ').replaceAll('|', '\\|'))
      .join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The note at the top of every generated page. */
export const generatedNote = '<!-- Written by `npm run generate`; edit what it is made from. -->';
