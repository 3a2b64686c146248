import { MadError } from '../../foundation/error.ts';

/** `0,2-4,7` as sorted numbers without doubles; `name` is the key that the list stands in. Throws INVALID_ARGUMENT. */
export function parseNumberList(text: string, name: string): number[] {
  const numbers = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,4})\s*(?:-\s*(\d{1,4})\s*)?$/.exec(part);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (!match || to < from) {
      throw new MadError('INVALID_ARGUMENT', `${name}: cannot read "${part.trim()}" in "${text}"`, {
        hint: 'Write numbers and ranges, such as "0,2-4".',
      });
    }
    for (let number = from; number <= to; number++) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}

/** The other way round: `0,2-4,7`. */
export function numberListText(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < numbers.length; ) {
    let end = at;
    while (numbers[end + 1] === (numbers[end] ?? 0) + 1) end++;
    parts.push(end === at ? `${numbers[at]}` : `${numbers[at]}-${numbers[end]}`);
    at = end + 1;
  }
  return parts.join(',');
}
