/** The little of CSV that `perf.csv` needs, on bytes: where rows end, how many fields they have, and how one is printed. */

export interface RawRow {
  /** Without its line end. */
  bytes: Buffer;
  fields: number;
  /** Empty for a last row that nothing ends. */
  lineEnd: '\n' | '\r\n' | '';
  /** Whether every quote in it is closed. */
  closed: boolean;
}

const comma = 0x2c;
const quote = 0x22;
const newline = 0x0a;
const carriageReturn = 0x0d;

/** Where the splitter stands within a row. */
const fieldStart = 0;
const plain = 1;
const quoted = 2;
/** Behind a quote within a quoted field: its end, or the first of a doubled pair. */
const afterQuote = 3;

/** Cuts a stream of chunks into rows; a line end within quotes belongs to its field. */
export class RowSplitter {
  #pending: Buffer[] = [];
  #fields = 1;
  #state = fieldStart;

  /** The rows that end in this chunk. */
  push(chunk: Buffer): RawRow[] {
    const rows: RawRow[] = [];
    let start = 0;
    let state = this.#state;
    let fields = this.#fields;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (state === quoted) {
        if (byte === quote) state = afterQuote;
      } else if (byte === quote && state !== plain) {
        state = quoted;
      } else if (byte === comma) {
        fields++;
        state = fieldStart;
      } else if (byte === newline) {
        rows.push(this.#ended(chunk.subarray(start, at), fields));
        start = at + 1;
        fields = 1;
        state = fieldStart;
      } else {
        state = plain;
      }
    }
    this.#state = state;
    this.#fields = fields;
    if (start < chunk.length) this.#pending.push(Buffer.from(chunk.subarray(start)));
    return rows;
  }

  /** The last row when no line end follows it. */
  end(): RawRow | undefined {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    if (bytes.length === 0) return undefined;
    return { bytes, fields: this.#fields, lineEnd: '', closed: this.#state !== quoted };
  }

  #ended(rest: Buffer, fields: number): RawRow {
    const bytes = this.#pending.length === 0 ? rest : Buffer.concat([...this.#pending, rest]);
    this.#pending = [];
    return bytes.at(-1) === carriageReturn
      ? { bytes: bytes.subarray(0, -1), fields, lineEnd: '\r\n', closed: true }
      : { bytes, fields, lineEnd: '\n', closed: true };
  }
}

/** The values of one row. */
export function csvFields(row: Buffer | string): string[] {
  const text = typeof row === 'string' ? row : row.toString('utf8');
  const fields: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const field = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
    fields.push(field.value);
    at = field.next;
  }
  return fields;
}

function plainField(text: string, start: number): { value: string; next: number } {
  const found = text.indexOf(',', start);
  const end = found === -1 ? text.length : found;
  return { value: text.slice(start, end), next: end + 1 };
}

/** What follows a closing quote up to the comma is kept, as lenient readers do. */
function quotedField(text: string, start: number): { value: string; next: number } {
  let value = '';
  let at = start + 1;
  for (;;) {
    const end = text.indexOf('"', at);
    if (end === -1) return { value: value + text.slice(at), next: text.length + 1 };
    value += text.slice(at, end);
    if (text[end + 1] !== '"') {
      const rest = plainField(text, end + 1);
      return { value: value + rest.value, next: rest.next };
    }
    value += '"';
    at = end + 2;
  }
}

/**
 * One row without its line end. The last field is always quoted, so that a row cut off anywhere, even within its last
 * value, shows it.
 */
export function csvRow(values: readonly string[]): string {
  const last = values.length - 1;
  return values.map((value, index) => csvField(value, index === last)).join(',');
}

export function csvField(value: string, quoteAlways = false): string {
  if (value === '') return quoteAlways ? '""' : '';
  const needed = quoteAlways || /[",\r\n]|^\s|\s$/.test(value);
  return needed ? `"${value.replaceAll('"', '""')}"` : value;
}
