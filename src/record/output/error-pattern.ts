import { MadError } from '../../foundation/error.ts';
import type { ModelCard } from '../../package/card.ts';
import type { FailureClass } from '../record-schema.ts';

/** What to look for in a model's output besides its metric. */
export interface ErrorPatterns {
  enabled: boolean;
  /** Literal texts; a line that holds one is an error. */
  patterns: readonly string[];
  /** A line that holds, or matches, one of these is never an error. */
  benign: readonly (string | RegExp)[];
}

export const defaultErrorPatterns: readonly string[] = [
  'OutOfMemoryError',
  'HIP out of memory',
  'CUDA out of memory',
  'RuntimeError:',
  'AssertionError:',
  'ValueError:',
  'SystemExit',
  'failed (exitcode:',
  'Traceback (most recent call last)',
  'FAILED',
  'Exception:',
  'ImportError:',
  'ModuleNotFoundError:',
];

/** Lines of profilers and of the GPU metrics exporter that only look like errors. */
export const defaultBenignPatterns: readonly (string | RegExp)[] = [
  'Failed to establish connection to Metrics Exporter Agent',
  'RuntimeError: Metrics will not be exported',
  'Metrics will not be exported',
  'FutureWarning',
  'Opened result file:',
  'SQLite3 generation ::',
  'rocpd_op:',
  'rpd_tracer:',
  '[rocprofv3]',
  // rocprofv3 logs through glog at levels E and W: `E20250301 10:11:12.131415 77 generateRocpd.cpp:605] …`.
  /\b[EW]\d{8} \d\d:\d\d:\d\d\.\d+\s+\d+ (?:generateRocpd|simple_timer|tool)\.cpp:\d+\]/,
];

/** The patterns in force for a model: the context wins over the card, benign patterns of both are added. */
export function errorPatterns(card: ModelCard, context: Readonly<Record<string, unknown>>): ErrorPatterns {
  const both = [context, card.extra];
  const first = (key: string): unknown => both.find((source) => source[key] !== undefined)?.[key];
  const custom = texts('log_error_patterns', first('log_error_patterns'), card);
  return {
    enabled: isOn(first('log_error_pattern_scan')),
    patterns: custom ?? defaultErrorPatterns,
    benign: [
      ...defaultBenignPatterns,
      ...both.flatMap(
        (source) => texts('log_error_benign_patterns', source.log_error_benign_patterns, card) ?? [],
      ),
    ],
  };
}

/** How much a pattern tells of the cause: a traceback's headline less than the error below it, lack of memory most. */
export function weightOf(pattern: string): 0 | 1 | 2 {
  if (/outofmemory|out of memory/i.test(pattern)) return 2;
  return pattern.startsWith('Traceback') ? 0 : 1;
}

export const classOf = (pattern: string): FailureClass =>
  weightOf(pattern) === 2 ? 'out_of_memory' : 'error_pattern';

function isOn(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return !['false', '0', 'no', 'off', ''].includes(String(value).trim().toLowerCase());
}

function texts(key: string, value: unknown, card: ModelCard): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (!list.every((item) => typeof item === 'string')) {
    throw new MadError('INVALID_ARGUMENT', `${key} for model ${card.name} is no list of texts`, {
      hint: `Write ${key} as a list such as ["RuntimeError:", "FAILED"], in the context or in the model card.`,
    });
  }
  return list.filter((item) => item !== '');
}
