/** Where a needle was found, in bytes from the start of the searched buffer. */
export interface ByteHit {
  start: number;
  end: number;
  /** Index of the needle in the list that the search was made of. */
  needle: number;
}

/** Finds the first place, at or after `from` and wholly before `to`, where a needle lies; the longest one there. */
export type ByteSearch = (haystack: Uint8Array, from: number, to: number) => ByteHit | undefined;

const bucketBits = 16;

/**
 * A search for many needles in one pass, after Wu and Manber: a window as long as the shortest needle slides over the
 * bytes, and the pair of bytes at its end says how far it may jump. Its speed hardly depends on the number of needles,
 * where `indexOf` costs one pass for each. Empty needles are never found.
 */
export function byteSearch(needles: readonly Uint8Array[]): ByteSearch {
  const used = needles.map((bytes, needle) => ({ bytes, needle })).filter(({ bytes }) => bytes.length > 0);
  if (used.length === 0) return () => undefined;
  const shortest = Math.min(...used.map(({ bytes }) => bytes.length));
  return shortest === 1 ? searchByFirstByte(used) : searchByPairs(used, shortest);
}

export interface Needle {
  bytes: Uint8Array;
  needle: number;
}

/** What the last two bytes of a window tell. */
export interface PairTable {
  /** By pair: how many bytes the window may jump; 0 where a needle may lie. */
  jumps: Uint8Array;
  /** The needles whose first `window` bytes end with a pair, the longest ones first. */
  endings: ReadonlyMap<number, readonly Needle[]>;
}

export function pairTable(needles: readonly Needle[], window: number): PairTable {
  const jumps = new Uint8Array(1 << bucketBits).fill(Math.min(window - 1, 255));
  const endings = new Map<number, Needle[]>();
  for (const needle of byLength(needles)) {
    for (let last = 1; last < window; last++) {
      const pair = pairAt(needle.bytes, last);
      jumps[pair] = Math.min(jumps[pair] ?? 0, window - 1 - last);
    }
    const ending = pairAt(needle.bytes, window - 1);
    endings.set(ending, [...(endings.get(ending) ?? []), needle]);
  }
  return { jumps, endings };
}

function searchByPairs(needles: readonly Needle[], window: number): ByteSearch {
  const { jumps, endings } = pairTable(needles, window);
  return (haystack, from, to) => {
    let last = from + window - 1;
    while (last < to) {
      const pair = pairAt(haystack, last);
      const jump = jumps[pair] as number;
      if (jump > 0) {
        last += jump;
        continue;
      }
      const found = firstThatLies(endings.get(pair) ?? [], haystack, last - window + 1, to);
      if (found) return found;
      last++;
    }
    return undefined;
  };
}

function searchByFirstByte(needles: readonly Needle[]): ByteSearch {
  const starts: Needle[][] = Array.from({ length: 256 }, () => []);
  for (const needle of byLength(needles)) starts[needle.bytes[0] ?? 0]?.push(needle);
  const known = Uint8Array.from(starts, (list) => (list.length > 0 ? 1 : 0));
  return (haystack, from, to) => {
    for (let start = from; start < to; start++) {
      const first = haystack[start] as number;
      if (known[first] === 0) continue;
      const found = firstThatLies(starts[first] ?? [], haystack, start, to);
      if (found) return found;
    }
    return undefined;
  };
}

const byLength = (needles: readonly Needle[]): Needle[] =>
  needles.toSorted((a, b) => b.bytes.length - a.bytes.length);

const pairAt = (bytes: Uint8Array, last: number): number =>
  ((bytes[last - 1] as number) << 8) | (bytes[last] as number);

function firstThatLies(
  needles: readonly Needle[],
  haystack: Uint8Array,
  start: number,
  to: number,
): ByteHit | undefined {
  for (const { bytes, needle } of needles) {
    if (liesAt(bytes, haystack, start, to)) return { start, end: start + bytes.length, needle };
  }
  return undefined;
}

/** Whether the needle lies at `start`, wholly before `to`. */
function liesAt(needle: Uint8Array, haystack: Uint8Array, start: number, to: number): boolean {
  if (start + needle.length > to) return false;
  for (let index = 0; index < needle.length; index++) {
    if (haystack[start + index] !== needle[index]) return false;
  }
  return true;
}
