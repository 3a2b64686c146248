/** Up to `limit` of the known names that are close enough to `typed` to be what was meant, nearest first. */
export function nearestNames(typed: string, known: Iterable<string>, limit = 3): string[] {
  const wanted = typed.toLowerCase();
  const farthest = Math.max(1, Math.floor(wanted.length / 3));
  const found: { name: string; distance: number }[] = [];
  for (const name of new Set(known)) {
    const distance = distanceBetween(wanted, name.toLowerCase(), farthest);
    if (distance <= farthest) found.push({ name, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, limit).map(({ name }) => name);
}

/** More than this is no slip of the fingers, and not worth the time. */
const longestCompared = 200;

/**
 * Typing errors between two texts: letters that are missing, too many, wrong, or swapped with their neighbour count 1
 * each (optimal string alignment); a part of a longer name counts 1. Anything above `limit` once it is known to be above.
 */
function distanceBetween(a: string, b: string, limit: number): number {
  if (a === b) return 0;
  if (a.length >= 4 && b.includes(a)) return 1;
  const tooFar = limit + 1;
  if (Math.abs(a.length - b.length) > limit || a.length > longestCompared) return tooFar;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (last[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let least = Math.min(replaced, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        least = Math.min(least, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(least);
    }
    // A swap reaches back over two rows, so both have to be beyond the limit.
    if (Math.min(...current) > limit && Math.min(...last) > limit) return tooFar;
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? tooFar;
}
