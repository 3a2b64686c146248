import { type BackOff, backOffMs } from '../../foundation/retry.ts';
import type { FailureClass, RunRecord } from '../../record/record-schema.ts';

/** What goes wrong around a model. What a model does itself is its result, and is not tried again. */
const around: ReadonlySet<FailureClass> = new Set(['pull', 'setup', 'clone', 'data', 'device', 'engine']);

/** Networks, registries and engines that are started anew need some time. */
const backOff: BackOff = { firstDelayMs: 5000, maxDelayMs: 300_000 };

/** Whether another attempt may do better than this one. */
export const isWorthRetrying = ({ failure, known }: Pick<RunRecord, 'failure' | 'known'>): boolean =>
  failure !== null && around.has(failure.class) && !failure.permanent && !known;

/** Seconds to wait behind attempt number `attempt`. */
export const pauseBehind = (attempt: number): number => backOffMs(attempt, backOff) / 1000;
