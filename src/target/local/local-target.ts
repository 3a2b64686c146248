import { runJob } from '../../run/run-job.ts';
import type { Target } from '../target.ts';

/** This machine. */
export const local: Target = { name: 'local', run: runJob };
