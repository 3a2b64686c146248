import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { MadError } from '../../foundation/error.ts';
import type { Metric } from '../record-schema.ts';
import { oneLine } from './clean-text.ts';
import { plainLine, readNumber } from './metric-pattern.ts';
import { saysFailure } from './row-status.ts';

export interface MultipleResults {
  /** One for each row of the file, good or not. */
  metrics: Metric[];
  /** Why the file as a whole doesn't count, in words without its name. */
  problem: string | undefined;
  /** The file is older than the run, and was not read. */
  stale: boolean;
}

export interface MultipleResultsOptions {
  /** When the run started; an older file is not its own. */
  notBefore?: Date;
}

/** Longer result files are not read. */
export const longestResultFile = 16 * 1024 * 1024;
const mostRows = 100_000;
const mostColumns = 1000;
const required = ['model', 'performance', 'metric'] as const;

/**
 * Reads the CSV file that a card declares as `multiple_results`. Each row is judged for itself: without a number, a
 * metric or a model it is a failure. Throws FILE_NOT_FOUND when there is no such file. Links are not followed.
 */
export async function readMultipleResults(
  file: string,
  options: MultipleResultsOptions = {},
): Promise<MultipleResults> {
  const read = await readBounded(file, options.notBefore);
  if (typeof read !== 'string') return { metrics: [], problem: read.problem, stale: read.stale };
  const { parse, CsvError } = await import('csv-parse/sync');
  try {
    const rows: string[][] = parse(read, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      relax_quotes: true,
      to: mostRows + 2,
    });
    return { ...metricsOf(rows), stale: false };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { metrics: [], problem: `cannot be read as CSV: ${error.message}`, stale: false };
  }
}

/** The file's text, or why it isn't read. */
async function readBounded(
  file: string,
  notBefore: Date | undefined,
): Promise<string | { problem: string; stale: boolean }> {
  const handle = await openFile(file);
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) return { problem: 'is no regular file', stale: false };
    if (notBefore && isOlder(facts.mtimeMs, notBefore))
      return { problem: 'is older than the run', stale: true };
    if (facts.size > longestResultFile) {
      return {
        problem: `has ${facts.size} bytes, more than the ${longestResultFile} that are read`,
        stale: false,
      };
    }
    const buffer = Buffer.alloc(facts.size);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.toString('utf8', 0, length);
  } finally {
    await handle.close();
  }
}

/**
 * A file copied into the run's folder just before the start must not pass for a result, so there is no tolerance but
 * for file systems that keep whole seconds only; a Date is cut to milliseconds.
 */
function isOlder(mtimeMs: number, notBefore: Date): boolean {
  const limit = notBefore.getTime();
  return mtimeMs % 1000 === 0 ? mtimeMs < Math.floor(limit / 1000) * 1000 : mtimeMs < limit + 1;
}

async function openFile(file: string) {
  try {
    // Not blocking: a pipe in the file's place must not hold us up.
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw new MadError('FILE_NOT_FOUND', `cannot open the result file ${file}`, {
      cause,
      hint: "The model must write the file that its card's `multiple_results` names.",
    });
  }
}

function metricsOf(rows: readonly string[][]): Pick<MultipleResults, 'metrics' | 'problem'> {
  const header = rows[0]?.map(nameText);
  if (!header) return { metrics: [], problem: 'is empty' };
  const problem = headerProblem(header) ?? rowProblem(rows.length - 1);
  if (problem !== undefined) return { metrics: [], problem };
  const names = distinct(header);
  return { metrics: rows.slice(1).map((cells) => metricOf(names, cells)), problem: undefined };
}

/** Without colours and control characters; a text of several lines stays one. */
const cellText = (cell: string): string => plainLine(cell).trim();

/** What names a row, a metric or a column, as every file of results shows it. */
const nameText = (cell: string): string => oneLine(plainLine(cell)).trim();

function headerProblem(header: readonly string[]): string | undefined {
  if (header.length > mostColumns)
    return `has ${header.length} columns, more than the ${mostColumns} that are read`;
  const missing = required.filter((name) => !header.includes(name));
  if (missing.length > 0) {
    return `has no column ${missing.join(', ')}; its columns are ${header.slice(0, 20).join(', ').slice(0, 500)}`;
  }
  const twice = required.find((name) => header.indexOf(name) !== header.lastIndexOf(name));
  return twice === undefined ? undefined : `has two columns ${twice}`;
}

function rowProblem(count: number): string | undefined {
  if (count <= 0) return 'has no rows';
  return count > mostRows ? `has more than the ${mostRows} rows that are read` : undefined;
}

/** A further column of the same name gets a number, as pandas does it. */
function distinct(header: readonly string[]): string[] {
  const taken = new Set(header);
  const seen = new Set<string>();
  return header.map((name) => {
    let free = name;
    for (let count = 1; name !== '' && seen.has(name) && taken.has(free); count++) free = `${name}.${count}`;
    seen.add(name);
    taken.add(free);
    return free;
  });
}

function metricOf(header: readonly string[], row: readonly string[]): Metric {
  const cells = new Map(header.map((name, index) => [name, cellText(row[index] ?? '')]));
  const text = cells.get('performance') ?? '';
  const value = readNumber(text) ?? null;
  const name = oneLine(cells.get('metric') ?? '');
  const model = oneLine(cells.get('model') ?? '');
  // A row longer than its header has its values in the wrong columns.
  const fits = row.slice(header.length).every((cell) => cellText(cell) === '');
  const whole = value !== null && name !== '' && model !== '' && fits && !saysFailure(cells.get('status'));
  const columns = [...cells].filter(([column]) => column !== '' && !isRequired(column));
  return {
    name,
    value,
    text,
    unit: null,
    direction: null,
    status: whole ? 'SUCCESS' : 'FAILURE',
    row: model,
    columns: Object.fromEntries(columns),
  };
}

const isRequired = (column: string): boolean => (required as readonly string[]).includes(column);
