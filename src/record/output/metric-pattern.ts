/** A metric as a model printed it on a line of its output. */
export interface PrintedMetric {
  /** undefined when the number stands alone: a missing metric, which the line shows best. */
  name: string | undefined;
  value: number;
  /** The number as printed, such as `1.5E+3`. */
  text: string;
}

/** What makes a line worth a look; the same texts are searched for in the bytes of the output. */
export const metricMarker = 'performance:';
export const fallbackMarker = 'train_samples_per_second';

const number = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
// `/s` and a comma belong to the number, in either order: `14164/s`, `14164,`, `14164/s,`, `14164, /s,`.
// A comma before a digit is no such comma: `1,234.5` must not be read as 1.
const unit = String.raw`(?:,?\s*\/s(?=[\s,]|$))?(?:\s*,(?!\d))?`;
const metricPattern = new RegExp(
  String.raw`performance:\s*(${number})(?:${unit}(?:(?<=,)\s*|\s+)([^\s,]+)|${unit}\s*,?\s*$)`,
);
const fallbackPattern = new RegExp(String.raw`train_samples_per_second\s*=\s*(${number})(?=[\s,;]|$)`);
const wholeNumber = new RegExp(`^${number}$`);

/**
 * The metric that a line of output reports: `performance: <number> <metric>`. The line must have been through
 * `plainLine` if it can hold colours. A line without a readable number gives undefined.
 */
export function findMetric(line: string): PrintedMetric | undefined {
  const found = metricPattern.exec(line);
  return found ? printed(found[1], found[2]) : undefined;
}

/** What Hugging Face's trainer prints; counts only when no line of the whole output has `performance:` and a number. */
export function findFallbackMetric(line: string): PrintedMetric | undefined {
  const found = fallbackPattern.exec(line);
  return found ? printed(found[1], 'samples_per_second') : undefined;
}

/** A number in the same notation as in the output; undefined for anything else, `nan` and infinity included. */
export function readNumber(text: string): number | undefined {
  const value = wholeNumber.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

function printed(text: string | undefined, name: string | undefined): PrintedMetric | undefined {
  const value = text === undefined ? undefined : readNumber(text);
  return text === undefined || value === undefined ? undefined : { name, value, text };
}

// ECMA-48: control sequences (colours, cursor), operating system commands (titles, links), other escapes.
const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;
const otherControls = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

/** A line without escape sequences and control characters; tabs stay. */
export const plainLine = (line: string): string => line.replace(escapes, '').replace(otherControls, '');
