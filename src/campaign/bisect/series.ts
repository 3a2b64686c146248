import { MadError } from '../../foundation/error.ts';

/** One state of what changes. */
export interface Candidate {
  /** Name of an image, or a whole commit id. */
  id: string;
  /** What people read: of a commit its short id and its subject. */
  label: string;
}

/** From the good to the bad end. */
export function requireRange(candidates: readonly Candidate[]): Candidate[] {
  if (candidates.length >= 2) return [...candidates];
  throw new MadError(
    'INVALID_ARGUMENT',
    'the good and the bad end are the same: nothing changed between them',
    {
      hint: 'Name two different ends with --good and --bad.',
    },
  );
}
