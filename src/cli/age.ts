import { MadError } from '../foundation/error.ts';

const units: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of `30d`, `12h`, `90m` or `2w`. Throws INVALID_ARGUMENT. */
export function parseAge(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text.trim()) ?? [];
  const seconds = units[unit];
  if (seconds !== undefined) return Number(number) * seconds;
  throw new MadError('INVALID_ARGUMENT', `--older-than must be an age such as 30d, but is "${text}".`, {
    hint: 'A whole number with m (minutes), h (hours), d (days) or w (weeks): --older-than 30d',
  });
}
