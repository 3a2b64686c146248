import type { BuiltImage } from '../manifest/manifest-schema.ts';
import { cardLabel, type ModelCard } from '../package/card.ts';
import type { Sampling } from './sampling.ts';

/** One model with its arguments in one image. */
export interface Job {
  /** The same for each attempt; see `jobKey`. */
  key: string;
  card: ModelCard;
  /** The image's key in the manifest. */
  imageName: string;
  image: BuiltImage;
}

export function makeJob(card: ModelCard, imageName: string, image: BuiltImage): Job {
  return { key: jobKey(card, imageName), card, imageName, image };
}

/** Model, arguments and image in one readable line. */
export function jobKey(card: ModelCard, imageName: string): string {
  return `${cardLabel(card)} @${imageName}`;
}

/** What a person asked of all jobs of a campaign. */
export interface RunSettings extends Sampling {
  /** Seconds; -1: the card's or the default; 0: none. */
  timeout: number;
  keepAlive: boolean;
  keepModelDir: boolean;
  skipModelRun: boolean;
  liveOutput: boolean;
  /** Note what models run on, unless the context says otherwise. */
  sysEnvDetails: boolean;
  /** A GPU that is busy or throttled is refused. */
  strict: boolean;
  /** The name of the target; `local` when absent. */
  target?: string;
}

export const defaultTimeoutS = 7200;

/** What the context says of a run's limit. */
export interface ContextLimit {
  /** Seconds; 0: none. */
  timeout?: number;
  multiplier: number;
}

/** Seconds until a run is ended, or null for none: option over context over card over default, times the multiplier. */
export function timeoutOf(card: ModelCard, settings: RunSettings, context: ContextLimit): number | null {
  const limit =
    settings.timeout >= 0 ? settings.timeout : (context.timeout ?? card.timeout ?? defaultTimeoutS);
  return limit <= 0 ? null : limit * context.multiplier;
}
