import { statfsSync } from 'node:fs';
import { MadError, toMadError } from '../../foundation/error.ts';
import { sizeText } from '../../foundation/size-text.ts';
import type { DataAround, DataProvider, DataSource, Fetched, OnProgress } from './provider.ts';

/**
 * A provider's `fetch`, stopped as soon as what is still to come can't fit on the disk. Throws DISK_FULL that says how
 * much is missing, the signal's reason when it aborts, else what the provider threw.
 */
export async function fetchGuarded(
  provider: DataProvider,
  source: DataSource,
  into: string,
  around: DataAround,
  onProgress: OnProgress,
  freeBytes: (folder: string) => number = freeBytesAt,
): Promise<Fetched> {
  const stop = new AbortController();
  let last: [done: number, total: number | undefined] = [0, undefined];
  let problem: MadError | undefined;
  const check = (done: number, total: number | undefined): void => {
    const isNew = total !== undefined && total !== last[1];
    last = [done, total];
    if (isNew && !problem) {
      problem = missingSpace(source, into, total - done - freeBytes(into), total);
      if (problem) stop.abort(problem);
    }
    onProgress(done, total);
  };
  const inner = { ...around, signal: AbortSignal.any([around.signal, stop.signal]) };
  try {
    if (!provider.fetch) throw new MadError('INTERNAL', `${source.kind} data can't be fetched`);
    const fetched = await provider.fetch(source, into, inner, check);
    if (problem) throw problem;
    return fetched;
  } catch (thrown) {
    if (problem) throw problem;
    around.signal.throwIfAborted();
    const error = toMadError(thrown);
    if (error.code !== 'DISK_FULL') throw error;
    const [done, total] = last;
    const missing = total === undefined ? undefined : total - done - freeBytes(into);
    throw missingSpace(source, into, missing ?? 1, total, error) ?? error;
  }
}

/** undefined when nothing is missing. */
function missingSpace(
  source: DataSource,
  into: string,
  missing: number,
  total: number | undefined,
  cause?: unknown,
): MadError | undefined {
  if (missing <= 0) return undefined;
  const short = total === undefined ? 'the disk is full' : `${sizeText(missing)} are missing on the disk`;
  const whole = total === undefined ? '' : ` of ${sizeText(total)}`;
  return new MadError(
    'DISK_FULL',
    `data ${source.name}${whole} from ${source.kind} doesn't fit into ${into}: ${short}`,
    {
      hint: 'Free some space, or give it a mirror on another disk (mirrorlocal, --force-mirror-local). What is there already is used then.',
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function freeBytesAt(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
