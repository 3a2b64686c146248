import { StringDecoder } from 'node:string_decoder';

/** What the text output of a builder has told so far. */
export interface BuildProgress {
  push(chunk: Buffer): void;
  end(): void;
  /** The step that runs, or that failed; undefined before the first. */
  step(): string | undefined;
  /** The line that shows best why it failed: the failed step's last output, else the last line of all. */
  lastError(): string | undefined;
}

/** Longer lines are cut: one without an end must not fill the memory. */
const longestLine = 4096;
const longestStep = 160;
const longestPrefix = 32;
/** Steps whose last line is kept; old ones go first. */
const mostSteps = 200;

/** What the old builder puts around each piece of what a step writes to its standard error. */
const stderrColours = ['\x1b[0m\x1b[91m', '\x1b[0m', '\x1b[91m'];

/** How long what a builder puts before a line of a step is: BuildKit's `#7 0.213 `, colours of the old builder. */
export function stepPrefix(bytes: Uint8Array, start: number): number {
  const line = Buffer.from(bytes.subarray(start, start + longestPrefix)).toString('latin1');
  for (const colours of stderrColours) {
    if (line.startsWith(colours)) return colours.length;
    if (colours.startsWith(line)) return line.length;
  }
  const [prefix] = /^#\d+ \d+\.\d+ /.exec(line) ?? /^#(?:\d+(?: (?:\d+(?:\.\d*)?)?)?)?$/.exec(line) ?? [''];
  return prefix.length;
}

/**
 * Reads BuildKit's plain progress (`#7 [stage-1 3/3] RUN …`, `#7 0.2 text`, `#7 ERROR: …`), the old builder
 * (`Step 3/6 : RUN …`) and podman (`[1/2] STEP 3/3: RUN …`).
 */
export function readBuildProgress(onStep: (step: string) => void): BuildProgress {
  const decoder = new StringDecoder('utf8');
  const steps = new Map<string, string>();
  const lastLines = new Map<string, string>();
  let current: string | undefined;
  let failed: string | undefined;
  let lastLine: string | undefined;
  let stepLine: string | undefined;
  let pending = '';

  const begin = (step: string): void => {
    current = step.length > longestStep ? `${step.slice(0, longestStep)}…` : step;
    stepLine = undefined;
    onStep(current);
  };
  const readBuildKit = (id: string, text: string): void => {
    if (/^\[(?:\S+ )*\d+\/\d+\] /.test(text) && !steps.has(id)) {
      remember(steps, id, text);
      begin(text);
    } else if (text.startsWith('ERROR: ')) failed = id;
    else {
      const [, said] = /^\d+\.\d+ (.*)$/.exec(text) ?? [];
      if (said?.trim()) remember(lastLines, id, said.trim());
    }
  };
  const read = (raw: string): void => {
    const line = plainText(raw);
    if (line.trim() === '') return;
    const [, id, text] = /^#(\d+) (.*)$/.exec(line) ?? [];
    if (id !== undefined && text !== undefined) {
      readBuildKit(id, text);
      return;
    }
    const [, step] = /^((?:\[\d+\/\d+\] )?(?:Step|STEP) \d+(?:\/\d+)? ?: .*)$/.exec(line) ?? [];
    if (step !== undefined) {
      begin(step);
      return;
    }
    // What the engines say about themselves, not what the step says.
    if (!/^(?: ?--+>|-{3,}|Removing intermediate container| > \[)/.test(line)) {
      if (lastLine !== undefined) stepLine = lastLine;
      lastLine = line.trim();
    }
  };

  const take = (text: string): void => {
    const lines = (pending + text).split('\n');
    pending = (lines.pop() ?? '').slice(-longestLine);
    for (const line of lines) read(line.slice(0, longestLine));
  };
  return {
    push: (chunk) => take(decoder.write(chunk)),
    end: () => take(`${decoder.end()}\n`),
    step: () => (failed === undefined ? current : (steps.get(failed) ?? current)),
    lastError: () =>
      (failed === undefined ? undefined : lastLines.get(failed)) ?? stepError(lastLine, stepLine),
  };
}

/** The old builder and podman close with a line that only repeats the command: the one before says more. */
function stepError(last: string | undefined, before: string | undefined): string | undefined {
  const repeats = last !== undefined && /returned a non-zero code: \d+$|^Error: building at STEP /.test(last);
  return repeats && before !== undefined ? before : last;
}

function remember(map: Map<string, string>, id: string, text: string): void {
  map.delete(id);
  map.set(id, text);
  const oldest = map.size > mostSteps ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}

/** Without colours and control characters; of a line that was written over, what is left to see. */
function plainText(line: string): string {
  const shown = line.replace(/\r+$/, '');
  return shown
    .slice(shown.lastIndexOf('\r') + 1)
    .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '')
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '');
}
