import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { MadError } from '../../foundation/error.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { readHeader } from './perf-header.ts';

/**
 * Whether rows can be put into this file, asked before hours of work: it is not there yet, empty, or a `perf.csv`.
 * Throws INVALID_FILE or, for a file that can't be opened, the error of the system.
 */
export function requirePerfCsv(file: string): void {
  const descriptor = openedForReading(file);
  if (descriptor === undefined) return;
  try {
    if (!fstatSync(descriptor).isFile()) {
      throw new MadError('INVALID_FILE', `${file} is no regular file, and results need one.`, {
        hint: 'Name another file with --output.',
      });
    }
    readHeader(descriptor, file);
  } finally {
    closeSync(descriptor);
  }
}

function openedForReading(file: string): number | undefined {
  try {
    // Not to wait for the writer of a pipe.
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
