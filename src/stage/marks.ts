import { type StageMark, type StageName, stageNames } from './stage.ts';

/** No program has so many stages; what is beyond was not written by ours. */
const mostMarks = 1000;
const unknownOffset = '-';

/**
 * Reads the marks that a stage program wrote. The file lies where the model can write, so only what makes sense is
 * taken: each start is followed by its own end, indices rise, nothing follows `over`. Times and offsets may be anything.
 * A last line that is not complete yet is left out.
 */
export function parseMarks(text: string): StageMark[] {
  const marks: StageMark[] = [];
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  for (const line of complete.split('\n')) {
    const mark = parseMark(line);
    if (mark && follows(marks, mark)) marks.push(mark);
    if (mark?.kind === 'over' || marks.length >= mostMarks) break;
  }
  return marks;
}

function parseMark(line: string): StageMark | undefined {
  const fields = line.split('\t');
  const [kind, ...rest] = fields;
  if (kind === 'over') {
    const [uptime, offset, code] = rest;
    const exitCode = integer(code, 255);
    const place = placeOf(uptime, offset, Number.MAX_SAFE_INTEGER);
    return place && exitCode !== undefined && rest.length === 3 ? { kind, ...place, exitCode } : undefined;
  }
  const [indexText, name, uptime, offset, code] = rest;
  const index = integer(indexText, mostMarks);
  if (index === undefined || !isStageName(name)) return undefined;
  if (kind === 'start') {
    const place = placeOf(uptime, offset, 0);
    return place && rest.length === 4 ? { kind, index, name, ...place } : undefined;
  }
  const exitCode = integer(code, 255);
  const place = placeOf(uptime, offset, Number.MAX_SAFE_INTEGER);
  if (kind !== 'end' || !place || exitCode === undefined || rest.length !== 5) return undefined;
  return { kind, index, name, ...place, exitCode };
}

function placeOf(
  uptime: string | undefined,
  offset: string | undefined,
  unknown: number,
): { uptimeS: number; offset: number } | undefined {
  const uptimeS = /^\d{1,12}(?:\.\d{1,9})?$/.test(uptime ?? '') ? Number(uptime) : undefined;
  const bytes = offset === unknownOffset ? unknown : integer(offset, Number.MAX_SAFE_INTEGER);
  return uptimeS === undefined || bytes === undefined ? undefined : { uptimeS, offset: bytes };
}

function integer(text: string | undefined, most: number): number | undefined {
  const value = /^\d{1,16}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return value <= most ? value : undefined;
}

const isStageName = (name: string | undefined): name is StageName =>
  (stageNames as readonly (string | undefined)[]).includes(name);

function follows(before: readonly StageMark[], mark: StageMark): boolean {
  const last = before.at(-1);
  switch (mark.kind) {
    case 'start':
      return !last || (last.kind === 'end' && mark.index > last.index);
    case 'end':
      return last?.kind === 'start' && mark.index === last.index && mark.name === last.name;
    case 'over':
      return true;
  }
}
