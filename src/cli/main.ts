/** The one place that touches the process: its arguments, environment, streams, signals and end. */
import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { type ExitCode, exitCode, MadError, toMadError } from '../foundation/error.ts';
import type { Invocation } from './invocation.ts';
import type { Program } from './option-spec.ts';
import { type ParsedCommand, parseCommandLine, withProjectValues } from './parse.ts';
import type { Session } from './session.ts';
import { coloursFor } from './terminal/colours.ts';
import { wantsColour, widthOf } from './terminal/output.ts';

const stopSignals = {
  SIGINT: exitCode.interrupted,
  SIGTERM: exitCode.terminated,
  SIGHUP: exitCode.hangup,
} as const;
type StopSignal = keyof typeof stopSignals;

/** Runs one of the two programs and ends the process. */
export async function main(program: Program, version: string): Promise<void> {
  const stop = new AbortController();
  const invocation: Invocation = {
    program,
    version,
    argv: process.argv.slice(2),
    env: process.env,
    get cwd() {
      return currentFolder();
    },
    cacheDir: cacheDir(process.env),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stop.signal,
  };
  let session: Session | undefined;
  let stoppedBy: StopSignal | undefined;

  const onSignal = (name: StopSignal): void => {
    if (stoppedBy !== undefined) endAtOnce(session, stopSignals[name]);
    stoppedBy = name;
    // Before the command's start there is nothing to stop.
    if (session === undefined) process.exit(stopSignals[name]);
    session.tellStopping(name);
    stop.abort(name);
  };
  for (const name of Object.keys(stopSignals) as StopSignal[]) process.on(name, onSignal);
  const unwritten = outliveReaders();
  const crash = async (thrown: unknown): Promise<void> => {
    // Nobody waits for what a plugin left behind: the campaign goes on without it.
    const { pluginBehind } = await import('../plugin/loaded-files.ts');
    const plugin = pluginBehind(thrown);
    if (session && plugin) return session.tellUncaught(plugin);
    session?.abandon();
    await reportError(thrown, invocation, session);
    endAtOnce(session, exitCode.failure);
  };
  process.on('uncaughtException', crash).on('unhandledRejection', crash);

  let code = await invoke(invocation, (started) => {
    session = started;
  });
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  const [lost] = unwritten;
  if (lost) {
    await reportError(lost, invocation, session);
    code ||= lost.exitCode;
  }
  // Whatever a command left open must not hold the process.
  process.exit(stoppedBy === undefined ? code : stopSignals[stoppedBy]);
}

/** Everything that a program does, without the process around it. */
export async function invoke(invocation: Invocation, onStart: (session: Session) => void): Promise<ExitCode> {
  const { program, version, argv, env, stdout } = invocation;
  try {
    const heading = coloursFor(wantsColour(stdout, env)).bold;
    const style = { columns: widthOf(stdout) ?? 100, heading };
    const parsed = parseCommandLine({ program, argv, env, style });
    if (parsed.kind === 'command') {
      const { startSession } = await import('./session.ts');
      const session = await startSession(...(await withProjectFile(parsed, invocation)));
      onStart(session);
      return await session.done;
    }
    stdout.write(parsed.kind === 'help' ? parsed.text : `${program} ${version}\n`);
    return exitCode.success;
  } catch (thrown) {
    await reportError(thrown, invocation);
    return toMadError(thrown).exitCode;
  }
}

/** The command and its invocation with what `madengine.config.json` adds to them. */
async function withProjectFile(
  parsed: ParsedCommand,
  invocation: Invocation,
): Promise<[ParsedCommand, Invocation]> {
  const { cwd, env } = invocation;
  // Looked for by name alone: most packages have none, and then nothing is loaded.
  const folders = [...(env.MODEL_DIR ? [resolve(cwd, env.MODEL_DIR)] : []), cwd];
  const folder = folders.find((one) => existsSync(join(one, 'madengine.config.json')));
  if (folder === undefined) return [parsed, invocation];
  const [{ readProjectFile }, { options }] = await Promise.all([
    import('./project-file.ts'),
    import('./options.ts'),
  ]);
  const project = await readProjectFile(folder, parsed.command, options);
  if (!project) return [parsed, invocation];
  return [
    withProjectValues(parsed, project.options),
    { ...invocation, projectContext: project.context, projectPlugins: project.plugins },
  ];
}

/** Before a command is known, too: who asked for JSON anywhere on the line reads the error there. */
async function reportError(thrown: unknown, invocation: Invocation, session?: Session): Promise<void> {
  const error = toMadError(thrown);
  if (session) return session.report(error);
  const { stdout, stderr, env, argv } = invocation;
  if (asksForJson(argv)) {
    const [{ EventStream }, { systemClock }, { errorEvent }, { jsonRenderer }] = await Promise.all([
      import('../foundation/event.ts'),
      import('../foundation/clock.ts'),
      import('./terminal/error-report.ts'),
      import('./terminal/json.ts'),
    ]);
    const events = new EventStream(systemClock);
    events.listen(jsonRenderer(stdout).listen);
    events.emit(errorEvent(error));
  }
  const { errorReport } = await import('./terminal/error-report.ts');
  const colours = coloursFor(wantsColour(stderr, env));
  const verbose = argv.some((word) => word === '--verbose' || word === '-v');
  stderr.write(errorReport(error, { colours, verbose, scrub: (text) => text }));
}

/** The last word on it counts, as it does where the line can be read. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  const last = words.findLast((word) => /^--(?:no-)?json(?:=|$)/.test(word));
  return last?.startsWith('--json') ?? false;
}

/** The end without any clean-up; says what that leaves. */
function endAtOnce(session: Session | undefined, code: ExitCode): never {
  const left = session?.abandon() ?? [];
  if (left.length > 0) {
    process.stderr.write(
      `Ended at once. Still going on: ${left.join('; ')}. The next start with the same --output cleans it up.\n`,
    );
  }
  process.exit(code);
}

/**
 * A reader that goes away (`| head`), or a terminal that closes, is no reason to lose a campaign: the command goes on
 * to its end, and what it would have shown is dropped. So it does when a disk takes no more of it, which is an error
 * then: the list returned holds it.
 */
function outliveReaders(): readonly MadError[] {
  const unwritten: MadError[] = [];
  for (const [name, stream] of [
    ['standard output', process.stdout],
    ['standard error', process.stderr],
  ] as const) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || error.code === 'EIO' || error.code === 'ERR_STREAM_DESTROYED') return;
      unwritten.push(
        new MadError(toMadError(error).code, `${name} could not be written to its end: ${error.message}`, {
          hint: 'What it was redirected to has no room or failed. The command itself went on to its end.',
          cause: error,
        }),
      );
    });
  }
  return unwritten;
}

/** A getter of the invocation: help and version need no folder. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new MadError('FILE_NOT_FOUND', 'the folder that this was started in is not there any more', {
      hint: 'Somebody removed or replaced it meanwhile: go to it again (cd "$PWD"), or to another one.',
      cause,
    });
  }
}

const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write('', () => resolve());
  });

/** Exported for its tests. */
export function cacheDir(env: Readonly<Record<string, string | undefined>>): string {
  // A relative one would be another in each folder; the XDG specification has it ignored.
  const absolute = (path: string | undefined): string | undefined =>
    path && isAbsolute(path) ? path : undefined;
  const home = absolute(env.HOME);
  const base = absolute(env.XDG_CACHE_HOME) ?? (home && join(home, '.cache'));
  return join(base ?? absolute(env.TMPDIR) ?? '/tmp', 'madengine');
}
