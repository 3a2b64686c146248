import { dirname, isAbsolute, relative, sep } from 'node:path';
import type { EventOf, MadEvent } from '../../foundation/event.ts';
import type { Colours } from './colours.ts';
import { durationText } from './duration-text.ts';
import { safeLine } from './safe-text.ts';
import { spreadText } from './spread-text.ts';
import { type Cell, type Column, renderTable } from './table.ts';

export interface SummaryStyle {
  /** Columns of the terminal; undefined off one. */
  width: number | undefined;
  colours: Colours;
  /** Paths below it are shown relative to it. */
  cwd: string;
}

/** What the end of a campaign shows: its results as a table, and where the files are. */
export class Summary {
  readonly #builds: EventOf<'build.ended'>[] = [];
  readonly #pushes: EventOf<'push.ended'>[] = [];
  readonly #runs: EventOf<'run.ended'>[] = [];
  readonly #steps: EventOf<'bisect.judged'>[] = [];
  #bisect: EventOf<'bisect.ended'> | undefined;
  readonly #files = new Map<string, Set<string>>();

  apply(event: MadEvent): void {
    if (event.type === 'build.ended') this.#builds.push(event);
    if (event.type === 'push.ended') this.#pushes.push(event);
    if (event.type === 'run.ended' && !event.retried) this.#runs.push(event);
    if (event.type === 'bisect.judged') this.#steps.push(event);
    if (event.type === 'bisect.ended') this.#bisect = event;
    if (event.type === 'file.written') {
      this.#files.set(event.kind, (this.#files.get(event.kind) ?? new Set()).add(event.path));
    }
  }

  lines(end: EventOf<'campaign.ended'>, style: SummaryStyle): string[] {
    const table = this.#table(style);
    const known = end.known_failures ? `${end.known_failures} known to fail, ` : '';
    const counts = `${end.succeeded} succeeded, ${end.failed} failed, ${known}${end.skipped} skipped`;
    return [
      ...spaced(table),
      ...spaced(this.#fileLines(style)),
      '',
      `${counts} in ${durationText(end.duration_s)}.`,
      ...this.#uncheckedLines(),
      ...(this.#bisect ? ['', safeLine(`Bisect: ${this.#bisect.message}.`)] : []),
    ];
  }

  #table(style: SummaryStyle): string[] {
    // Each execution of a bisect is a run; what came of them is in its steps.
    if (this.#steps.length > 0) return this.#stepTable(style);
    return this.#runs.length > 0 ? this.#runTable(style) : this.#buildTable(style);
  }

  #stepTable({ width, colours }: SummaryStyle): string[] {
    const rows = this.#steps.map(({ candidate, verdict, clear, samples, mean }) => [
      candidate,
      verdict === 'ends' ? '' : `${verdict}${clear ? '' : '?'}`,
      String(samples),
      mean === null ? '' : String(Number(mean.toPrecision(6))),
    ]);
    const columns: Column[] = [
      { title: 'CANDIDATE', minimum: 16 },
      { title: 'VERDICT', minimum: 7 },
      { title: 'SAMPLES', align: 'right' },
      { title: 'MEAN', align: 'right' },
    ];
    return renderTable(columns, rows, { width, heading: colours.bold });
  }

  #uncheckedLines(): string[] {
    const count = this.#runs.filter(({ checked }) => checked === false).length;
    if (count === 0) return [];
    const results = count === 1 ? '1 result' : `${count} results`;
    return [`${results} checked by nothing but exit code, error patterns and metric.`];
  }

  #runTable({ width, colours }: SummaryStyle): string[] {
    const ran = new Set(this.#runs.map((run) => `${run.model}\n${run.image}`));
    const unbuilt = this.#builds.filter(
      (build) => build.status === 'FAILURE' && !ran.has(`${build.model}\n${build.image}`),
    );
    const isRepeated = this.#runs.some(({ samples }) => samples !== undefined);
    const rows = [
      ...unbuilt.map((build) => [
        build.model,
        statusCell(build.status, colours),
        '',
        '',
        ...(isRepeated ? [''] : []),
        durationText(build.duration_s),
        reasonOf({ failure: build.failure ?? { message: 'the build failed' } }),
      ]),
      ...this.#runs.map((run) => [
        run.model,
        run.known ? { text: 'KNOWN FAILURE', style: colours.yellow } : statusCell(run.status, colours),
        run.performance ?? '',
        run.metric ?? '',
        ...(isRepeated ? [spreadText(run)] : []),
        durationText(run.duration_s),
        reasonOf(run),
      ]),
    ];
    const columns: Column[] = [
      { title: 'MODEL', minimum: 16 },
      { title: 'STATUS' },
      { title: 'PERFORMANCE', align: 'right' },
      { title: 'METRIC' },
      ...(isRepeated ? [{ title: 'SAMPLES' }] : []),
      { title: 'DURATION', align: 'right', minimum: 10 },
      { title: 'REASON', minimum: 12 },
    ];
    return renderTable(columns, rows, { width, heading: colours.bold });
  }

  #buildTable({ width, colours }: SummaryStyle): string[] {
    if (this.#builds.length === 0) return [];
    const rows = this.#builds.map((build) => {
      const push = this.#pushes.find((one) => one.image === build.image);
      const failed = push?.status === 'FAILURE' ? push : build;
      return [
        build.model,
        build.image,
        statusCell(failed.status, colours),
        durationText(build.duration_s),
        push?.status === 'SUCCESS' ? push.registry_image : '',
        reasonOf(failed),
      ];
    });
    const columns: Column[] = [
      { title: 'MODEL', minimum: 16 },
      { title: 'IMAGE', minimum: 16 },
      { title: 'STATUS' },
      { title: 'DURATION', align: 'right', minimum: 10 },
      { title: 'PUSHED AS', minimum: 12 },
      { title: 'REASON', minimum: 12 },
    ];
    return renderTable(columns, rows, { width, heading: colours.bold });
  }

  #fileLines({ cwd }: SummaryStyle): string[] {
    const kinds = [...this.#files].map(([kind, paths]) => ({ kind: safeLine(kind), paths: [...paths] }));
    const width = Math.max(0, ...kinds.map(({ kind }) => kind.length));
    return kinds.map(({ kind, paths }) => `${kind.padEnd(width)}  ${safeLine(placeOf(paths, cwd))}`);
  }
}

const spaced = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', ...lines]);

export function statusCell(status: string, colours: Colours): Cell {
  const style = status === 'SUCCESS' ? colours.green : status === 'FAILURE' ? colours.red : colours.yellow;
  return { text: status, style };
}

const reasonOf = (event: {
  reason?: string;
  failure?: { message: string };
  known?: boolean;
  known_reason?: string;
}): string => {
  if (event.known === false) return `unexpected pass: ${event.known_reason ?? ''}`;
  const reason = event.failure?.message ?? event.reason ?? '';
  return event.known ? `${event.known_reason ?? ''}: ${reason}` : reason;
};

/** One path, or how many files and the folder that holds them all. */
function placeOf(paths: readonly string[], cwd: string): string {
  const [first] = paths;
  if (first === undefined) return '';
  if (paths.length === 1) return shortPath(first, cwd);
  let folder = dirname(first);
  while (
    !paths.every((path) => path.startsWith(folder === sep ? sep : folder + sep)) &&
    folder !== dirname(folder)
  ) {
    folder = dirname(folder);
  }
  return `${paths.length} files in ${shortPath(folder, cwd)}`;
}

function shortPath(path: string, cwd: string): string {
  if (!isAbsolute(path)) return path;
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
