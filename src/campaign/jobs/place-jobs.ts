/**
 * Which jobs start now, and on which GPUs: plain data in, plain data out. Several at a time go largest first; one at a
 * time keeps the order of the manifest.
 */

/** What a job asks of this machine. */
export interface Claim {
  /** Counts from 0: the order among equals. */
  position: number;
  /** GPUs; 0 for a job that needs none. */
  count: number;
  /** Indices of the GPUs that it may have, best first; at least `count`. */
  candidates: readonly number[];
  /** Nothing may run beside it. */
  exclusive: boolean;
}

export interface Holding {
  gpus: readonly number[];
  exclusive: boolean;
}

export interface Limits {
  /** Jobs at the same time. */
  slots: number;
  /** Jobs without a GPU among them. */
  plain: number;
}

export interface Placement<C extends Claim> {
  claim: C;
  gpus: readonly number[];
  /** Some of these belong to other programs, and it has to wait for them. */
  waits: boolean;
}

export interface Situation<C extends Claim> {
  waiting: readonly C[];
  running: readonly Holding[];
  limits: Limits;
  /** GPUs that other programs hold. */
  busy: ReadonlySet<number>;
}

/**
 * Smaller jobs overtake one whose GPUs are not free, but not for ever: the first that has to wait gets GPUs reserved,
 * which nothing that starts later may take. Nothing is reserved while other programs hold what it needs: nobody knows
 * for how long. Who needs every GPU there is waits for other programs only when nothing else is left to run; its lease
 * then keeps what becomes free.
 */
export function placeJobs<C extends Claim>(now: Situation<C>): Placement<C>[] {
  const { running, limits, busy } = now;
  const inOrder = now.waiting.toSorted(limits.slots === 1 ? byPosition : bySize);
  const placed: Placement<C>[] = [];
  let reserved: ReadonlySet<number> = new Set();
  const holdings = (): Holding[] => [
    ...running,
    ...placed.map(({ claim, gpus }) => ({ gpus, exclusive: claim.exclusive })),
  ];
  for (const claim of inOrder) {
    const held = holdings();
    if (held.length >= limits.slots || held.some(({ exclusive }) => exclusive)) break;
    const reachable = claim.candidates.filter((gpu) => !busy.has(gpu));
    if (reachable.length < claim.count) continue;
    // The machine empties for it.
    if (claim.exclusive && held.length > 0) break;
    if (claim.count === 0) {
      const plain = held.filter(({ gpus }) => gpus.length === 0).length;
      if (claim.exclusive || plain < limits.plain) placed.push({ claim, gpus: [], waits: false });
      continue;
    }
    const used = new Set(held.flatMap(({ gpus }) => gpus));
    const free = reachable.filter((gpu) => !used.has(gpu) && !reserved.has(gpu));
    if (free.length >= claim.count) placed.push({ claim, gpus: free.slice(0, claim.count), waits: false });
    else if (reserved.size === 0) reserved = reservation(claim, reachable, used, held);
  }
  if (placed.length > 0 || running.length > 0) return placed;
  const greedy = inOrder.find(({ count, candidates }) => count > 0 && count >= candidates.length);
  return greedy ? [{ claim: greedy, gpus: greedy.candidates, waits: true }] : [];
}

const byPosition = (a: Claim, b: Claim): number => a.position - b.position;

const bySize = (a: Claim, b: Claim): number =>
  Number(b.exclusive) - Number(a.exclusive) || b.count - a.count || byPosition(a, b);

/** Those of one running job, if that has enough, so that nothing idles meanwhile; else the free ones and the next best. */
function reservation(
  { count }: Claim,
  reachable: readonly number[],
  used: ReadonlySet<number>,
  held: readonly Holding[],
): ReadonlySet<number> {
  const ofOne = held
    .map(({ gpus }) => reachable.filter((gpu) => gpus.includes(gpu)))
    .find((gpus) => gpus.length >= count);
  const freeFirst = reachable.toSorted((a, b) => Number(used.has(a)) - Number(used.has(b)));
  return new Set((ofOne ?? freeFirst).slice(0, count));
}
