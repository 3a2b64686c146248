import { diskError, type ErrorCode, type MadError } from '../foundation/error.ts';
import type { FailureClass, RunFailure } from '../record/record-schema.ts';
import type { Verdict } from './run-services.ts';

/** The reason with which a campaign's signal aborts when its time is over. */
export class Deadline {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  toString(): string {
    return `the deadline of ${this.seconds} s (--deadline)`;
  }
}

/** What ends a job at the deadline is no interruption: nobody asked for it, and its time was over. */
export function endedByDeadline(verdict: Verdict, signal: AbortSignal): Verdict {
  const { failure } = verdict;
  if (failure?.class !== 'interrupted' || !(signal.reason instanceof Deadline)) return verdict;
  const message = `not finished by ${signal.reason} of the campaign`;
  return { ...verdict, failure: { ...failure, class: 'timeout', message, at_deadline: true } };
}

const classOfCode: Partial<Record<ErrorCode, FailureClass>> = {
  DEVICE_UNAVAILABLE: 'device',
  PULL_FAILED: 'pull',
  LOGIN_FAILED: 'pull',
  ENGINE_UNAVAILABLE: 'engine',
  ENGINE_FAILED: 'engine',
  COMMAND_NOT_FOUND: 'engine',
  DISK_FULL: 'disk_full',
  DATA_UNAVAILABLE: 'data',
};

/** The same input leads to the same error. */
const permanentCodes: ReadonlySet<ErrorCode> = new Set([
  'INVALID_ARGUMENT',
  'INVALID_FILE',
  'INVALID_ENVIRONMENT',
  'FILE_NOT_FOUND',
  'NOT_WRITABLE',
  'DEVICE_UNAVAILABLE',
  'COMMAND_NOT_FOUND',
  'DATA_UNAVAILABLE',
  'PLUGIN_FAILED',
]);

/** What was thrown on the way, as records hold it; a full disk is that of the results unless the error says otherwise. */
export function failureOf(thrown: unknown, signal: AbortSignal, resultsRoot: string): RunFailure {
  if (signal.aborted)
    return { class: 'interrupted', stage: null, message: `ended by ${String(signal.reason)}` };
  const error = diskError(thrown, resultsRoot);
  return {
    class: classOfCode[error.code] ?? 'setup',
    stage: null,
    message: error.message,
    ...(isPermanent(error) ? { permanent: true } : {}),
  };
}

/** What the error itself says goes before what such errors are as a rule. */
export const isPermanent = ({ passes, code }: MadError): boolean =>
  passes === undefined ? permanentCodes.has(code) : !passes;
