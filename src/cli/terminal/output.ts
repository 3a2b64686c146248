/** What we need of an output stream; `process.stdout` is one. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The terminal's width; undefined where there is none and lines may have any length. */
export const widthOf = (output: Output): number | undefined =>
  output.isTTY ? Math.max(20, output.columns || 80) : undefined;

/** A terminal on which lines can be drawn over. */
export const isLive = (output: Output, env: Environment): boolean =>
  output.isTTY === true && env.TERM !== 'dumb' && !env.CI;

/** NO_COLOR (no-color.org) turns colours off, FORCE_COLOR on; otherwise a terminal has them. */
export function wantsColour(output: Output, env: Environment): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return output.isTTY === true && env.TERM !== 'dumb';
}
