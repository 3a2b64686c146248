import type { EventOf } from '../../foundation/event.ts';
import { durationText } from './duration-text.ts';

/** `About 2 h 10 min left, 7 models`; `passedS`: seconds since the estimate was made. */
export function estimateText(
  { remaining_s, models_left }: EventOf<'campaign.estimate'>,
  passedS = 0,
): string {
  const left = Math.max(0, remaining_s - passedS);
  return `${timeText(left)} left, ${models_left} model${models_left === 1 ? '' : 's'}`;
}

/** No more exact than an estimate is. */
function timeText(seconds: number): string {
  if (seconds < 60) return 'Less than a minute';
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `About ${minutes} min`;
  return `About ${durationText(minutes < 600 ? Math.round(minutes / 5) * 300 : Math.round(minutes / 60) * 3600)}`;
}
