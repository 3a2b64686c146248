/** What rsync writes: progress of `--info=progress2 --no-human-readable`, and the totals of `--stats`. */

export interface RsyncTotals {
  /** Regular files of the source. */
  files: number;
  /** Bytes of all of them, and of the links' texts. */
  bytes: number;
  links: number;
  /** Files that aren't here yet, or differ; and their bytes. */
  missingFiles: number;
  missing: number;
  /** Bytes that a broken transfer had left and that were taken over. */
  matched: number;
}

export interface RsyncOutput {
  push(chunk: Buffer | string): void;
  /** undefined until `--stats` said all of it. */
  totals(): RsyncTotals | undefined;
  /** Devices, sockets and the like, which aren't brought. */
  specials(): number;
}

const progress = /^\s*(\d{1,16})\s+\d{1,3}%\s/;
const total: readonly (readonly [keyof RsyncTotals, RegExp])[] = [
  ['files', /^Number of files: [\d,.]+ \(.*?\breg: ([\d,.]+)/],
  ['links', /^Number of files: [\d,.]+ \(.*?\blink: ([\d,.]+)/],
  ['missingFiles', /^Number of (?:regular )?files transferred: ([\d,.]+)/],
  ['bytes', /^Total file size: ([\d,.]+) bytes/],
  ['missing', /^Total transferred file size: ([\d,.]+) bytes/],
  ['matched', /^Matched data: ([\d,.]+) bytes/],
];
/** Without these, a source of links alone has no `reg:` at all. */
const noFiles = /^Number of files: [\d,.]+(?! \(.*\breg:)/;
const special = /^(?:\[\w+\] )?skipping non-regular file /;

/** A line longer than this is no line of rsync's. */
const longestLine = 16_384;

/** `onBytes` gets the bytes of this transfer that are done, never less than before. */
export function rsyncOutput(onBytes: (bytes: number) => void): RsyncOutput {
  const found: Partial<RsyncTotals> = {};
  let specials = 0;
  let rest = '';
  let most = 0;

  function take(line: string): void {
    const bytes = Number(progress.exec(line)?.[1] ?? Number.NaN);
    if (Number.isSafeInteger(bytes)) {
      if (bytes <= most) return;
      most = bytes;
      onBytes(bytes);
      return;
    }
    for (const [key, pattern] of total) {
      const value = pattern.exec(line)?.[1];
      if (value !== undefined) found[key] = Number(value.replace(/[,.]/g, ''));
    }
    if (noFiles.test(line)) found.files ??= 0;
    if (special.test(line)) specials++;
  }

  return {
    push(chunk) {
      const lines = `${rest}${chunk.toString()}`.split(/[\r\n]/);
      rest = (lines.pop() ?? '').slice(-longestLine);
      for (const line of lines) take(line);
    },
    totals() {
      const { files, links = 0, missingFiles, bytes, missing, matched = 0 } = found;
      if (files === undefined || missingFiles === undefined || bytes === undefined || missing === undefined)
        return undefined;
      return { files, links, missingFiles, bytes, missing, matched };
    },
    specials: () => specials,
  };
}
