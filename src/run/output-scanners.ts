import type { Scrubber } from '../foundation/secret.ts';
import type { ErrorPatterns } from '../record/output/error-pattern.ts';
import { createOutputScanner, type OutputScanner } from '../record/output/output-scanner.ts';
import type { PatternScan } from '../record/output/pattern-scan.ts';
import type { JobPlan } from './plan-job.ts';

interface Scanned {
  plan: Pick<JobPlan, 'program'>;
  errors: ErrorPatterns;
  scrubber: Scrubber;
  alsoScan?: PatternScan;
}

/** For metric and errors, and for what the card declares. */
export function scannerOfModel({ errors, scrubber, alsoScan }: Scanned): OutputScanner {
  const scanner = createOutputScanner({ errors, scrub: (text) => scrubber.scrubPiece(text) });
  if (!alsoScan) return scanner;
  return {
    push(chunk) {
      scanner.push(chunk);
      alsoScan.push(chunk);
    },
    get metric() {
      return scanner.metric;
    },
    end: () => scanner.end(),
  };
}

/** For a metric alone: what looks like an error in them is none of the model. */
export function scannerOfPostScripts({ plan, scrubber }: Scanned): OutputScanner | undefined {
  if (!plan.program.stages.some(({ name }) => name === 'post_script')) return undefined;
  const errors: ErrorPatterns = { enabled: false, patterns: [], benign: [] };
  return createOutputScanner({ errors, scrub: (text) => scrubber.scrubPiece(text) });
}
