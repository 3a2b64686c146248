import type { Surroundings } from '../campaign/options.ts';
import { systemClock } from '../foundation/clock.ts';
import { type ExitCode, type MadError, toMadError } from '../foundation/error.ts';
import { EventStream } from '../foundation/event.ts';
import { thisMachine } from '../machine/command/this-machine.ts';
import { commandModules } from './command-modules.ts';
import type { Invocation } from './invocation.ts';
import type { CommandName } from './option-spec.ts';
import type { ParsedCommand } from './parse.ts';
import { ActivityBoard } from './terminal/activity.ts';
import { chooseRenderer } from './terminal/choose-renderer.ts';
import { coloursFor } from './terminal/colours.ts';
import { errorEvent, errorReport } from './terminal/error-report.ts';
import { jsonRenderer } from './terminal/json.ts';
import { wantsColour } from './terminal/output.ts';
import type { Renderer, RendererOptions } from './terminal/renderer.ts';

/** One command from its start to its exit code. */
export interface Session {
  /** Never rejects. */
  readonly done: Promise<ExitCode>;
  /** Says that the first signal was understood. */
  tellStopping(signal: string): void;
  /** Tells the error that ends the command. */
  report(error: MadError): void;
  /** Says that code of a plugin failed where nobody waited for it. */
  tellUncaught(plugin: { file: string; words: string }): void;
  /** Ends all display at once; returns what is still going on. */
  abandon(): string[];
}

export async function startSession(parsed: ParsedCommand, invocation: Invocation): Promise<Session> {
  const { env, stdout, stderr, signal } = invocation;
  const { values, origins, operands } = parsed;
  const clock = systemClock;
  const events = new EventStream(clock);
  const board = new ActivityBoard();
  const renderer = await rendererFor(parsed, invocation);
  events.listen((event) => board.apply(event, clock.monotonic()));
  events.listen(renderer.listen);

  const report = (error: MadError): void => {
    // In place of the answer that can't be given.
    if (values.json && isAnswer(parsed.command)) events.listen(jsonRenderer(stdout).listen);
    events.emit(errorEvent(error));
    renderer.stop();
    const colours = coloursFor(wantsColour(stderr, env));
    stderr.write(
      errorReport(error, { colours, verbose: values.verbose, scrub: (text) => events.scrub(text) }),
    );
  };
  const work = async (): Promise<ExitCode> => {
    try {
      const setUp = isOn(env.MAD_SETUP_MODEL_DIR);
      if (env.MODEL_DIR || setUp) {
        const { takeModelDir } = await import('./model-dir.ts');
        await takeModelDir(parsed.command, setUp, surroundings(invocation, events));
      }
      const [command] = await Promise.all([
        commandModules[parsed.command](),
        settingsFor(parsed, env) ? tellOptions(parsed, invocation, events) : undefined,
      ]);
      const around = surroundings(invocation, events);
      return await command.execute({
        values,
        origins,
        operands,
        around,
        stdout,
        stderr,
        colours: coloursFor(wantsColour(stdout, env)),
      });
    } catch (thrown) {
      const error = toMadError(thrown);
      // What an abort brings down is no news; anything else is, also then.
      if (!signal.aborted || !isAbort(thrown, signal)) report(error);
      return error.exitCode;
    } finally {
      renderer.stop();
    }
  };
  return {
    done: work(),
    report,
    tellStopping: (name) =>
      events.emit({
        type: 'notice',
        level: 'warning',
        code: 'STOPPING',
        message: `${name}: stopping what runs and writing its results. A second signal ends at once.`,
      }),
    tellUncaught: ({ file, words }) =>
      events.emit({
        type: 'notice',
        level: 'warning',
        code: 'PLUGIN',
        message: `the plugin ${file} threw where nobody waited for it: ${words}`,
        hint: 'Wait in the plugin for everything that it starts.',
      }),
    abandon: () => {
      renderer.stop();
      return board.active.map(({ verb, subject }) => `${verb.toLowerCase()} ${subject}`);
    },
  };
}

/** Where every value comes from is shown to those who ask for more, and with every plan. */
function settingsFor({ values }: ParsedCommand, env: Invocation['env']): RendererOptions['settings'] {
  if (values.verbose || isOn(env.MAD_VERBOSE_CONFIG)) return 'at once';
  return values['dry-run'] ? 'with the plan' : undefined;
}

/** Secrets are read before, so that none of them is shown where it was typed. */
async function tellOptions(
  parsed: ParsedCommand,
  invocation: Invocation,
  events: EventStream,
): Promise<void> {
  const [{ optionSettings }, { readCredentials }, { Scrubber }] = await Promise.all([
    import('./terminal/config-report.ts'),
    import('../package/credential-file.ts'),
    import('../foundation/secret.ts'),
  ]);
  // A file that can't be read is told by the command that needs it.
  const credentials = await readCredentials(invocation.cwd, invocation.env).catch(() => undefined);
  if (credentials) events.scrubWith(new Scrubber(credentials.secrets));
  events.emit(optionSettings(parsed));
}

/** Whether an error is no more than the abort on its way up. */
function isAbort(thrown: unknown, signal: AbortSignal): boolean {
  if (thrown === signal.reason) return true;
  const { name, code } = (thrown ?? {}) as { name?: unknown; code?: unknown };
  return name === 'AbortError' || code === 'INTERRUPTED' || code === 'ABORT_ERR';
}

/** The standard output of such a command is its answer, not the telling of what it does. */
const isAnswer = (command: CommandName): boolean =>
  command === 'discover' || (command.startsWith('runs ') && command !== 'runs reproduce');

function rendererFor(parsed: ParsedCommand, invocation: Invocation): Promise<Renderer> {
  const { env, stdout, stderr, cwd } = invocation;
  const settings = settingsFor(parsed, env);
  const { json, verbose } = parsed.values;
  return chooseRenderer(
    { json, verbose, answers: isAnswer(parsed.command), ...(settings === undefined ? {} : { settings }) },
    { stdout, stderr, env, clock: systemClock, cwd },
  );
}

function surroundings(invocation: Invocation, events: EventStream): Surroundings {
  const { env, argv, cwd, signal, version, cacheDir, projectContext, projectPlugins } = invocation;
  return {
    ...(projectPlugins === undefined ? {} : { projectPlugins }),
    ...(projectContext === undefined ? {} : { projectContext }),
    runner: thisMachine({ env }),
    clock: systemClock,
    events,
    env,
    argv,
    cwd,
    signal,
    cacheDir,
    version,
  };
}

const isOn = (value: string | undefined): boolean => /^(?:1|true|yes|on)$/i.test(value ?? '');
