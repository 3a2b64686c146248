/** What the outputs of vendors' tools have in common. */

/**
 * The first JSON list or object that is meant: tools write warnings before and after, with brackets of their own
 * (`[WARN] …`) or as JSON themselves; null when there is none.
 */
export function jsonIn(output: string, isMeant: (value: unknown) => boolean = saysSomething): unknown {
  let tries = 0;
  for (let at = nextOpening(output, 0); at >= 0 && tries < 200; at = nextOpening(output, at + 1), tries++) {
    const end = closingOf(output, at);
    if (end < 0) continue;
    try {
      const value: unknown = JSON.parse(output.slice(at, end + 1));
      if (isMeant(value)) return value;
    } catch {
      // Not here; try the next bracket.
    }
  }
  return null;
}

/** What `jsonIn` looks for in an answer about GPUs, one object with this key for each. */
export const listWith =
  (key: string) =>
  (value: unknown): boolean =>
    objectsIn(value).some((entry) => Object.hasOwn(entry, key));

export const withKey =
  (key: string) =>
  (value: unknown): boolean =>
    Object.hasOwn(objectOf(value), key);

const saysSomething = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.some((item) => Object.keys(objectOf(item)).length > 0)
    : Object.keys(objectOf(value)).length > 0;

function nextOpening(text: string, from: number): number {
  const places = [text.indexOf('[', from), text.indexOf('{', from)].filter((place) => place >= 0);
  return places.length === 0 ? -1 : Math.min(...places);
}

/** Where the bracket at `start` is closed, brackets within strings aside; -1 when it never is. */
function closingOf(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') depth++;
    else if ((character === ']' || character === '}') && --depth === 0) return at;
  }
  return -1;
}

/** The objects of a list, which newer tools wrap, as in `{"gpu_data": […]}`, beside others such as `cpu_data`. */
export function objectsIn(value: unknown): Record<string, unknown>[] {
  const list: unknown[] = Array.isArray(value)
    ? value
    : Object.values(value ?? {}).flatMap((each: unknown) => (Array.isArray(each) ? each : []));
  return list.map(objectOf).filter((entry) => Object.keys(entry).length > 0);
}

export const objectOf = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};

/** A whole number that is not negative, also written as text. */
export function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** Text that says something: tools write `N/A`, `[N/A]`, `[Not Supported]`, `unknown` where they know nothing. */
export function said(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .trim()
    .slice(0, 200);
  return /^(?:|\[?(?:n\/a|not supported|not available|unknown(?: error)?)\]?)$/i.test(text)
    ? undefined
    : text;
}

/** `00000000:3B:00.0` and `0000:3b:00.0` as the kernel writes it. */
export function pciAddress(value: unknown): string | undefined {
  const match = /^(?:0000)?([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(said(value) ?? '');
  return match ? `${match[1]}:${match[2]}:${match[3]}.${match[4]}`.toLowerCase() : undefined;
}

/** `{"value": 196592, "unit": "MB"}`, `196592 MB` or a bare number, with the tools' powers of 1024, as bytes. */
export function bytesOf(value: unknown): number | undefined {
  const { value: amount, unit } = objectOf(value);
  const text = amount === undefined ? String(value ?? '') : `${String(amount)} ${String(unit ?? '')}`;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?\s*$/i.exec(text);
  if (!match) return undefined;
  const power = ['', 'K', 'M', 'G', 'T'].indexOf((match[2] ?? '').toUpperCase());
  return Math.round(Number(match[1]) * 1024 ** power);
}

/** `6.2.41134-65d174c3e` -> `6.2`. */
export const majorMinor = (text: string): string | undefined => /\d+\.\d+/.exec(text)?.[0];

/** An object without the keys that have no value, so that absent stays absent. */
export function known<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
