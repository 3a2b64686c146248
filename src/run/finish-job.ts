import type { Emit } from '../foundation/event.ts';
import { finishRun } from '../record/finish-run.ts';
import { markKnown } from '../record/known-failure.ts';
import { resultsOf } from '../record/perf/perf-row.ts';
import type { RunRecord } from '../record/record-schema.ts';
import type { RunServices } from './run-services.ts';

/**
 * The record, then its rows; a job that was never placed comes here directly. Returns the record as it was written,
 * without secrets. Throws when it can't be.
 */
export async function finish(
  record: RunRecord,
  services: Pick<RunServices, 'campaign' | 'scrubber' | 'writer' | 'knownFailures' | 'reserve'>,
  emit: Emit,
): Promise<RunRecord> {
  markKnown(record, services.knownFailures);
  const clean = services.scrubber.scrubData(record);
  const { record: file, tornSaved } = await finishRun(
    services.campaign,
    services.writer,
    clean,
    services.reserve,
  );
  if (tornSaved !== undefined) {
    const message = `perf.csv ended in half a row, which was taken out and kept in ${tornSaved}`;
    emit({ type: 'notice', level: 'warning', code: 'TORN_ROW', message });
  }
  const results = resultsOf(clean);
  const shown = results.length === 1 ? results[0] : undefined;
  const several = results.length > 1 ? `${results.length} results` : null;
  emit({
    type: 'run.ended',
    model: clean.model.name,
    image: clean.image.name,
    status: clean.status,
    performance: shown?.text ?? several,
    metric: shown?.name ?? null,
    duration_s: clean.durations.total_s,
    record: file,
    ...(clean.known === undefined ? {} : { known: clean.known }),
    ...(clean.known_reason === undefined ? {} : { known_reason: clean.known_reason }),
    ...(clean.checked === undefined ? {} : { checked: clean.checked }),
    ...spreadOf(clean),
    ...(clean.retried === undefined ? {} : { retried: clean.retried }),
    ...(clean.reason === null ? {} : { reason: clean.reason }),
    ...(clean.failure === null ? {} : { failure: clean.failure }),
  });
  if (clean.known === false) {
    const message = `${clean.model.name} passed, though it is known to fail: ${clean.known_reason}`;
    const hint = 'Take it out of the file of --known-failures when it keeps passing.';
    emit({ type: 'notice', level: 'warning', code: 'UNEXPECTED_PASS', message, hint });
  }
  return clean;
}

/** Of several executions that gave one result. */
function spreadOf({ statistics }: RunRecord): { samples?: number; cv?: number | null } {
  const [only, another] = statistics ?? [];
  return only === undefined || another !== undefined || only.count < 2
    ? {}
    : { samples: only.count, cv: only.cv };
}
