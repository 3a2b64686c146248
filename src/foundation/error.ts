/** Exit codes of both programs; the contract with CI scripts. */
export const exitCode = {
  success: 0,
  failure: 1,
  buildFailure: 2,
  runFailure: 3,
  invalidArguments: 4,
  regression: 5,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

export const exitCodes: readonly ExitCode[] = Object.values(exitCode);

/** Every code that an error can carry, with the exit code that it leads to when nothing handles it. */
export const errorCodes = {
  INVALID_ARGUMENT: exitCode.invalidArguments,
  INVALID_FILE: exitCode.invalidArguments,
  INVALID_ENVIRONMENT: exitCode.invalidArguments,
  FILE_NOT_FOUND: exitCode.invalidArguments,
  PACKAGE_NOT_FOUND: exitCode.invalidArguments,
  PYTHON_NOT_FOUND: exitCode.failure,
  HOOK_FAILED: exitCode.failure,
  PLUGIN_FAILED: exitCode.failure,
  MODEL_NOT_FOUND: exitCode.failure,
  ENGINE_UNAVAILABLE: exitCode.failure,
  ENGINE_FAILED: exitCode.failure,
  COMMAND_NOT_FOUND: exitCode.failure,
  COMMAND_FAILED: exitCode.failure,
  COMMAND_TIMED_OUT: exitCode.failure,
  LOCK_TIMED_OUT: exitCode.failure,
  NOT_WRITABLE: exitCode.failure,
  DISK_FULL: exitCode.failure,
  BUILD_FAILED: exitCode.buildFailure,
  PUSH_FAILED: exitCode.buildFailure,
  LOGIN_FAILED: exitCode.buildFailure,
  PULL_FAILED: exitCode.runFailure,
  DATA_UNAVAILABLE: exitCode.runFailure,
  RUN_FAILED: exitCode.runFailure,
  NO_FITTING_IMAGE: exitCode.runFailure,
  DEVICE_UNAVAILABLE: exitCode.runFailure,
  INTERRUPTED: exitCode.interrupted,
  INTERNAL: exitCode.failure,
} as const satisfies Record<string, ExitCode>;

export type ErrorCode = keyof typeof errorCodes;

/** The one error type that the program throws on purpose: what failed, with which input, what to do next. */
export class MadError extends Error {
  override readonly name = 'MadError';
  readonly code: ErrorCode;
  /** The next step for the person who reads it; one or more lines. */
  readonly hint: string | undefined;
  /** Whether another try may do better; undefined where that isn't known. */
  readonly passes: boolean | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; cause?: unknown; passes?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.passes = options.passes;
  }

  get exitCode(): ExitCode {
    return errorCodes[this.code];
  }
}

/** As `toMadError`; a full disk that the system tells of without a path is said to be that of `folder`. */
export function diskError(thrown: unknown, folder: string): MadError {
  const error = toMadError(thrown);
  if (error === thrown || error.code !== 'DISK_FULL') return error;
  const message = `the disk of ${folder} is full: ${error.message}`;
  return new MadError('DISK_FULL', message, { cause: thrown, ...(error.hint && { hint: error.hint }) });
}

const freeSpace = 'Free some disk space, then start again.';
const checkPermissions = 'Check owner and permissions of that path, or choose another folder with --output.';
const checkDisk = 'The disk or the network file system failed: see dmesg, then start again.';

const systemErrors: Readonly<Record<string, readonly [code: ErrorCode, hint: string]>> = {
  ENOSPC: ['DISK_FULL', freeSpace],
  EDQUOT: ['DISK_FULL', freeSpace],
  EFBIG: [
    'DISK_FULL',
    'Files may not become that large here: see ulimit -f, and the limits of that file system.',
  ],
  EACCES: ['NOT_WRITABLE', checkPermissions],
  EPERM: ['NOT_WRITABLE', checkPermissions],
  EROFS: ['NOT_WRITABLE', checkPermissions],
  EIO: ['NOT_WRITABLE', checkDisk],
  ESTALE: ['NOT_WRITABLE', checkDisk],
  EMFILE: ['COMMAND_FAILED', 'Too many files are open here: see ulimit -n.'],
  ENFILE: ['COMMAND_FAILED', 'Too many files are open on this machine: see /proc/sys/fs/file-nr.'],
};

/** A thrown value as a MadError; anything that we did not throw on purpose is INTERNAL, or what its errno says. */
export function toMadError(thrown: unknown): MadError {
  if (thrown instanceof MadError) return thrown;
  const errno = (thrown as NodeJS.ErrnoException | undefined)?.code;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const known =
    typeof errno === 'string' && Object.hasOwn(systemErrors, errno) ? systemErrors[errno] : undefined;
  if (!known) return new MadError('INTERNAL', message, { cause: thrown });
  const [code, hint] = known;
  return new MadError(code, message, { cause: thrown, hint });
}
