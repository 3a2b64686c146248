import { type SeenSection, sectionHeader } from './environment-section.ts';

/**
 * The sections as the Python tool's table: `sep=|`, then for each section its header and a line `key|value` for each
 * line of it. A cell with a bar or a quote in it stands in quotes.
 */
export function environmentCsv(sections: readonly SeenSection[]): string {
  const lines = sections
    .filter(({ section, state }) => section.table && state !== 'absent')
    .flatMap(({ section, text }) => [
      sectionHeader(section.name),
      ...text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => keyAndValue(line).map(cell).join('|')),
    ]);
  return `${['sep=|', ...lines].join('\n')}\n`;
}

/** What is before the first `==`, `: `, `=` or blank, and what follows it; titles and free text are keys alone. */
function keyAndValue(line: string): [string, string] {
  const found =
    /^(\S+?)==(.*)$/.exec(line) ?? /^([^=]*?):\s(.*)$/.exec(line) ?? /^([\w.-]+)=(.*)$/.exec(line);
  const pair = found ?? /^(\S+) (\S+)$/.exec(line);
  return [(pair?.[1] ?? line).trim(), (pair?.[2] ?? '').trim()];
}

const cell = (text: string): string => (/[|"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
