import { cleanText } from '../../record/output/clean-text.ts';
import { plainLine } from '../../record/output/metric-pattern.ts';
import type { RunFailure } from '../../record/record-schema.ts';

const longest = 500;
const traceback = 'Traceback (most recent call last)';

/**
 * The line at the end of a script's output that says why it gave up becomes the failure's evidence, where it has none:
 * the last one, or the exception below the traceback whose headline is all that was found.
 */
export function addLastLine(failure: RunFailure, output: string): void {
  const isHeadline = failure.evidence?.includes(traceback) === true;
  const isUnexplained = failure.evidence === undefined && endedItself(failure);
  if (!isHeadline && !isUnexplained) return;
  const lines = output.split(/[\r\n]/).map((line) => cleanText(plainLine(line)).trimEnd());
  const found = isHeadline ? exceptionOf(lines) : lines.findLast((line) => line !== '')?.trim();
  if (found !== undefined && found !== '') failure.evidence = found.slice(0, longest);
}

/** A script of the package ended with a code of its own. */
const endedItself = ({ class: failureClass, stage }: RunFailure): boolean =>
  failureClass === 'exit_code' || stage === 'pre_script' || (stage === 'data' && failureClass === 'data');

/**
 * Python indents what stands between the headline of a traceback and its exception. Launchers put the rank before every
 * line (`[rank0]: `).
 */
function exceptionOf(lines: readonly string[]): string | undefined {
  const start = lines.findLastIndex((line) => line.includes(traceback));
  if (start === -1) return undefined;
  const prefix = (lines[start] ?? '').split(traceback)[0] ?? '';
  const below = lines.slice(start + 1).filter((line) => line.startsWith(prefix));
  return below.map((line) => line.slice(prefix.length)).find((line) => /^[A-Za-z_]/.test(line));
}
