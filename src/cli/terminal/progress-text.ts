import type { EventOf } from '../../foundation/event.ts';
import { sizeText } from '../../foundation/size-text.ts';

const barWidth = 20;

/** `data imagenet [#####               ] 25 %, 1.2 GiB of 4.8 GiB`; without the bar where nobody knows the whole. */
export function progressText({ name, done_bytes, total_bytes }: EventOf<'data.progress'>): string {
  if (!total_bytes) return `data ${name}: ${sizeText(done_bytes)}`;
  const part = Math.min(1, Math.max(0, done_bytes / total_bytes));
  const bar = '#'.repeat(Math.floor(part * barWidth)).padEnd(barWidth);
  return `data ${name} [${bar}] ${Math.floor(part * 100)} %, ${sizeText(done_bytes)} of ${sizeText(total_bytes)}`;
}
