/** Which of the sources of a name is used: the first one that can be reached, in the documented order. */
import { MadError, toMadError } from '../../foundation/error.ts';
import { quoted } from '../../package/package-path.ts';
import { isComplete } from './mirror.ts';
import type { DataAround, DataProvider, DataSource, Refusal } from './provider.ts';
import { providers } from './providers.ts';

/** A source that answers later counts as one that doesn't. */
const checkLimitS = 30;

export interface Chosen {
  source: DataSource;
  provider: DataProvider;
  /** Why it can't be reached; its mirror is complete then. */
  unreachable: string | undefined;
}

interface Checked {
  source: DataSource;
  provider: DataProvider | undefined;
  /** undefined when it can be used. */
  refusal: Refusal | undefined;
}

/**
 * Asks all at once and takes the first in their order; one that can't be reached but has a complete mirror will do, with
 * a notice. Throws DATA_UNAVAILABLE with every reason.
 */
export async function chooseSource(sources: readonly DataSource[], around: DataAround): Promise<Chosen> {
  const over = new AbortController();
  const asked = { ...around, signal: AbortSignal.any([around.signal, over.signal]) };
  const answers = sources.map((source) => checkSource(source, asked));
  const refused: Checked[] = [];
  try {
    for (const answer of answers) {
      const checked = await answer;
      around.signal.throwIfAborted();
      const { source, provider, refusal } = checked;
      if (provider && !refusal) {
        tellRefused(refused, source, around);
        return { source, provider, unreachable: undefined };
      }
      refused.push(checked);
      if (!provider || !hasMirror(source)) continue;
      tellRefused(refused, source, around);
      return { source, provider, unreachable: refusal?.why };
    }
  } finally {
    over.abort();
  }
  const name = quoted(sources[0]?.name);
  const reasons = refused.map(({ source, refusal }) => `${source.kind}: ${refusal?.why}`);
  throw new MadError('DATA_UNAVAILABLE', `data ${name} can't be had: ${reasons.join('; ')}`, {
    hint: 'Mend one of these sources in data.json, or give credentials for it.',
    passes: refused.some(({ refusal }) => refusal?.passes === true),
  });
}

function hasMirror(source: DataSource): boolean {
  if (source.mirrorlocal === undefined || source.kind === 'custom' || source.kind === 'local') return false;
  return isComplete(source.mirrorlocal, source);
}

const ourProvider = (kind: string): (() => Promise<DataProvider>) | undefined =>
  Object.hasOwn(providers, kind) ? providers[kind as keyof typeof providers] : undefined;

/** Never rejects. */
async function checkSource(source: DataSource, around: DataAround): Promise<Checked> {
  let provider: DataProvider | undefined;
  try {
    provider = around.providers?.get(source.kind) ?? (await ourProvider(source.kind)?.());
    if (!provider) {
      const why = 'this version of madengine has no such provider';
      return { source, provider, refusal: { why, passes: false } };
    }
    const refusal = await inTime(provider.check(source, around), around);
    // It becomes a part of a sentence.
    return { source, provider, refusal: refusal && { ...refusal, why: refusal.why.replace(/\.$/, '') } };
  } catch (thrown) {
    const { message, passes = false } = toMadError(thrown);
    return { source, provider, refusal: { why: message, passes } };
  }
}

async function inTime(check: Promise<Refusal | undefined>, around: DataAround): Promise<Refusal | undefined> {
  const over = new AbortController();
  const late = around.clock
    .sleep(checkLimitS * 1000, AbortSignal.any([over.signal, around.signal]))
    .then(() => ({ why: `no answer within ${checkLimitS} s`, passes: true }))
    .catch(() => ({ why: 'was not waited for', passes: true }));
  try {
    return await Promise.race([check, late]);
  } finally {
    over.abort();
  }
}

function tellRefused(refused: readonly Checked[], taken: DataSource, around: DataAround): void {
  for (const { source, refusal } of refused) {
    const instead = source === taken ? 'taking its mirror, which is complete' : `taking ${taken.kind}`;
    around.emit({
      type: 'notice',
      level: 'warning',
      code: 'DATA_SOURCE_UNUSABLE',
      message: `data ${source.name}, ${source.kind}: ${refusal?.why}; ${instead}`,
    });
  }
}
