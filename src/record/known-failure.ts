import { readJsonFile } from '../foundation/file/json-file.ts';
import { invalidFile } from '../foundation/schema-problem.ts';
import type { KnownFailure } from './known-failure-schema.ts';
import type { FailureClass, RunRecord } from './record-schema.ts';

export type { KnownFailure } from './known-failure-schema.ts';

/** FILE_NOT_FOUND, or INVALID_FILE that names what is wrong in it. */
export async function readKnownFailures(file: string): Promise<KnownFailure[]> {
  const data = await readJsonFile(file);
  const { knownFailuresSchema } = await import('./known-failure-schema.ts');
  const parsed = knownFailuresSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const hint =
    'It holds a list such as [{"model": "dummy", "class": "timeout", "reason": "issue 12"}]; args and class are optional.';
  throw invalidFile(file, parsed.error, data, hint);
}

/** These say nothing about the model. */
const neverMeant: ReadonlySet<FailureClass> = new Set(['interrupted', 'not_run']);

/** Marks a failure that is expected, and a success that is not (`known` is then false). */
export function markKnown(record: RunRecord, known: readonly KnownFailure[]): void {
  if (record.status === 'SKIPPED') return;
  const meant = known.filter((one) => isAbout(one, record));
  if (record.status === 'SUCCESS') {
    const [first] = meant;
    if (first) Object.assign(record, { known: false, known_reason: first.reason });
    return;
  }
  const expected = meant.find((one) => expects(one, record.failure?.class));
  if (expected) Object.assign(record, { known: true, known_reason: expected.reason });
}

const isAbout = (known: KnownFailure, { model }: RunRecord): boolean =>
  known.model === model.name && (known.args === undefined || known.args.trim() === model.args.trim());

const expects = (known: KnownFailure, found: FailureClass | undefined): boolean =>
  known.class === undefined ? found !== undefined && !neverMeant.has(found) : known.class === found;
