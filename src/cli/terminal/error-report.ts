import { inspect } from 'node:util';
import type { MadError } from '../../foundation/error.ts';
import type { EventBody } from '../../foundation/event.ts';
import type { Colours } from './colours.ts';
import { safeBlock } from './safe-text.ts';

export interface ErrorReportOptions {
  colours: Colours;
  /** Adds the stack of the error and of its causes. */
  verbose: boolean;
  /** Takes secrets out of text. */
  scrub: (text: string) => string;
}

/** An error as its reader sees it: what failed, its code, what to do next. Ends in a line feed. */
export function errorReport(error: MadError, { colours, verbose, scrub }: ErrorReportOptions): string {
  const text = (value: string): string => safeBlock(scrub(value)).trimEnd();
  const lines = [`${colours.red('Error:')} ${text(error.message)} ${colours.dim(`[${error.code}]`)}`];
  if (error.hint) lines.push(indented(text(error.hint)));
  if (verbose) lines.push(colours.dim(indented(text(stackOf(error)))));
  else if (error.code === 'INTERNAL') {
    lines.push(
      indented('This is a defect of madengine. --verbose shows where it happened; please report it.'),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The same for programs. */
export const errorEvent = ({ code, message, hint, exitCode }: MadError): EventBody => ({
  type: 'error',
  code,
  message,
  ...(hint === undefined ? {} : { hint }),
  exit_code: exitCode,
});

function stackOf(error: MadError): string {
  // Without the message, which stands above; inspection also shows all causes and their own fields.
  return inspect(error.cause instanceof Error ? error.cause : error, {
    depth: 3,
    maxStringLength: 2000,
    breakLength: 100,
  });
}

const indented = (text: string): string => text.replace(/^/gm, '  ');
