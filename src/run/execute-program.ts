import { type Clock, sleepLong } from '../foundation/clock.ts';
import type { Emit } from '../foundation/event.ts';
import type { Scrubber } from '../foundation/secret.ts';
import type { CommandEnd, RunningCommand } from '../machine/command/command.ts';
import type { ProgramEnd, SeenStage } from '../record/judge.ts';
import type { ErrorPatterns } from '../record/output/error-pattern.ts';
import type { ScanResult } from '../record/output/output-scanner.ts';
import type { PatternScan } from '../record/output/pattern-scan.ts';
import { controlFiles, type Stage, type StageMark } from '../stage/stage.ts';
import { handOver, takeOver } from './hand-over.ts';
import { aborted, type ContainerOptions, endContainer, makeContainer } from './one-container.ts';
import { followOutput, type OutputFollower } from './output-follower.ts';
import { scannerOfModel, scannerOfPostScripts } from './output-scanners.ts';
import type { Prefetch } from './prefetch.ts';
import { hostPaths } from './run-folder.ts';
import { untimedStages } from './untimed-stages.ts';
import { watchProgram } from './watch-program.ts';

export interface ExecuteOptions extends ContainerOptions {
  runFolder: string;
  errors: ErrorPatterns;
  /** Looks at the model's output too. */
  alsoScan?: PatternScan;
  scrubber: Scrubber;
  liveOutput: boolean;
  /** Owner of what a killed program leaves behind; undefined where that is us already. */
  giveBackTo: { uid: number; gid: number } | undefined;
  /** Called when the program is over, before its results are put together. */
  onOver(): void;
  /** A container in which another process started the plan's program: it is followed from there. */
  adopted?: AdoptedProgram;
  emit: Emit;
  /** Is told when it must not disturb. */
  prefetch?: Prefetch | undefined;
}

export interface AdoptedProgram {
  /** Of the run, as the container's label has it. */
  run: string;
  startedAt: Date;
  isOver: boolean;
}

export interface Executed {
  end: ProgramEnd;
  stages: SeenStage[];
  scan: ScanResult;
  /** Where something went wrong: what the stage that failed, else the model, wrote last; scrubbed. */
  tail: string;
  /** Without what belongs to no model, such as a look at its environment. */
  durationS: number;
  /** The kernel ended something of it for lack of memory. */
  outOfMemory: boolean;
  /** Resolves when the container is gone or kept; to false where it could not be ended in time. Never rejects. */
  isGone: Promise<boolean>;
}

/** Runs the plan's program in a container of its own, follows its output, and leaves nothing running. */
export const executeProgram = (options: ExecuteOptions): Promise<Executed> =>
  options.prefetch ? options.prefetch.timed(() => execute(options)) : execute(options);

async function execute(options: ExecuteOptions): Promise<Executed> {
  const { plan } = options;
  const control = hostPaths(options.runFolder, '').control;
  const container = options.adopted ? plan.container.name : await makeContainer(control, options);
  let removal: Promise<boolean> | undefined;
  const end = (): Promise<boolean> => {
    removal ??= endContainer(options, container);
    return removal;
  };
  let followed: Followed | undefined;
  try {
    followed = follow(control, options);
    return await runToEnd(followed, container, end, options);
  } catch (error) {
    await end();
    await followed?.follower.finish().catch(() => {});
    throw error;
  }
}

/** What is seen of a program while it runs. */
interface Followed {
  follower: OutputFollower;
  tracker: ReturnType<typeof trackStages>;
  untimed: ReturnType<typeof untimedStages>;
  /** Resolves to the exit code when the program has noted its end. */
  over: Promise<number>;
}

function follow(control: string, options: ExecuteOptions): Followed {
  const { plan, scrubber, clock, signal, emit } = options;
  const tracker = trackStages(plan.program.stages, emit);
  const untimed = untimedStages(clock);
  const over = Promise.withResolvers<number>();
  const follower = followOutput({
    ...{ control, scrubber, clock, signal },
    scanner: scannerOfModel(options),
    afterwards: scannerOfPostScripts(options),
    ...(options.liveOutput ? { onOutput: (text: string) => emit({ type: 'run.output', text }) } : {}),
    onMark: (mark) => {
      untimed.mark(mark);
      tracker.mark(mark);
      if (mark.kind === 'over') over.resolve(mark.exitCode);
    },
    onMetric: (metric) => emit({ type: 'metric.found', ...metric }),
  });
  return { follower, tracker, untimed, over: over.promise };
}

async function runToEnd(
  { follower, tracker, untimed, over }: Followed,
  container: string,
  end: () => Promise<boolean>,
  options: ExecuteOptions,
): Promise<Executed> {
  const { plan, engine, clock, adopted, keepAlive } = options;
  const started = clock.monotonic();
  const running = adopted
    ? watchProgram({
        ...{ engine, container, clock, run: adopted.run },
        over: adopted.isOver ? Promise.resolve() : over,
      })
    : engine.exec(container, plan.exec);
  const timeoutS = timeLeft(plan.timeoutS, options);
  const ended = await waitForEnd(
    { running, over: keepAlive ? undefined : over },
    { timeoutS, untimed: untimed.seconds },
    options,
  );
  const cut = typeof ended === 'string' ? undefined : ended;
  const seenS = clock.monotonic() - started;
  const outOfMemory =
    ended === 'client ended' && (await hasFailed(running)) && (await engine.outOfMemory(container));
  if (cut) await end();
  if (plan.user !== undefined) await takeOver(container, options, cut === undefined);
  if (!cut && !keepAlive) void end();
  options.onOver();
  const { marks, scan, tail } = await follower.finish();
  const programEnd = cut ?? (await exitOf(running, marks));
  const isEnded = cut !== undefined || !keepAlive;
  if (programEnd.kind !== 'exited' && isEnded && (await end())) await handOver(options);
  const wholeS = adopted ? markedSeconds(marks) : seenS;
  return {
    end: programEnd,
    stages: tracker.seen(),
    scan,
    tail,
    durationS: Math.max(0, wholeS - untimed.seconds()),
    outOfMemory,
    isGone: keepAlive && !cut ? Promise.resolve(true) : goneWithClient(end(), running, clock),
  };
}

/** The engine's client ends when its container is gone; one that hangs is ended. */
async function goneWithClient(
  gone: Promise<boolean>,
  running: RunningCommand,
  clock: Clock,
): Promise<boolean> {
  const isGone = await gone;
  const ended = new AbortController();
  const client = running.result.catch(() => {}).then(() => ended.abort());
  const late = clock.sleep(clientGraceMs, ended.signal).then(
    () => running.kill('SIGKILL'),
    () => {},
  );
  await Promise.race([client, late]);
  return isGone;
}

const clientGraceMs = 2000;

/** Seconds in which the output of a program is read that may be over long since. */
const catchUpS = 5;

/** Of the limit; a program that was found has had a part of it. */
function timeLeft(timeoutS: number | null, { adopted, clock }: ExecuteOptions): number | null {
  if (timeoutS === null || !adopted) return timeoutS;
  const passedS = (clock.now().getTime() - adopted.startedAt.getTime()) / 1000;
  return Math.max(catchUpS, timeoutS - passedS);
}

/** From the first mark to the last. */
function markedSeconds(marks: readonly StageMark[]): number {
  return Math.max(0, (marks.at(-1)?.uptimeS ?? 0) - (marks[0]?.uptimeS ?? 0));
}

async function hasFailed(running: RunningCommand): Promise<boolean> {
  const { end } = await running.result;
  return end.kind !== 'exited' || end.exitCode !== 0;
}

type Ended = 'succeeded' | 'client ended' | ProgramEnd;

/** What ended first; a program that succeeded has said so a while before the engine's client ends. */
async function waitForEnd(
  { running, over }: { running: RunningCommand; over: Promise<number> | undefined },
  { timeoutS, untimed }: { timeoutS: number | null; untimed(): number },
  options: ExecuteOptions,
): Promise<Ended> {
  const done = new AbortController();
  const client = running.result.then((): Ended => 'client ended');
  const waits = [client];
  if (over) waits.push(over.then((exitCode) => (exitCode === 0 ? 'succeeded' : client)));
  if (timeoutS !== null) {
    const timedOut: Ended = { kind: 'timed-out', limitS: options.plan.timeoutS ?? timeoutS };
    const late = sleepBeyond(untimed, timeoutS, options.clock, done.signal);
    waits.push(
      late.then(
        () => timedOut,
        () => client,
      ),
    );
  }
  const signalled = aborted(options.signal, done.signal);
  waits.push(
    signalled.then((reason) => (reason === undefined ? client : { kind: 'interrupted', signal: reason })),
  );
  try {
    return await Promise.race(waits);
  } finally {
    done.abort();
  }
}

/** Sleeps for as long, and for what is added meanwhile. */
async function sleepBeyond(
  added: () => number,
  seconds: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (let slept = 0; slept < seconds + added(); ) {
    const more = seconds + added() - slept;
    await sleepLong(clock, more, signal);
    slept += more;
  }
}

/** The program's own word counts; the client's exit code says nothing about it when the engine went away. */
async function exitOf(running: RunningCommand, marks: readonly StageMark[]): Promise<ProgramEnd> {
  const over = marks.find((mark) => mark.kind === 'over');
  if (over?.kind === 'over') return { kind: 'exited', exitCode: over.exitCode };
  const { end, stdout, stderr } = await running.result;
  // Docker tells on standard output why a program could not be started.
  const said = `${stdout}\n${stderr}`.trim().split('\n').pop() ?? '';
  return { kind: 'lost', message: `${howLost(end)}${said === '' ? '' : `: ${said}${whyUnread(said)}`}` };
}

/** A card's options may name a user; the files of a run are those of whoever starts it, and of root. */
const whyUnread = (said: string): string =>
  said.includes(controlFiles.program) && /permission denied/i.test(said)
    ? " (the container's user may not read the files of the run: take --user out of additional_docker_run_options, or name yourself in it)"
    : '';

function howLost(end: CommandEnd): string {
  if (end.kind === 'signalled') return `the engine's client that ran the program was ended by ${end.signal}`;
  const code = end.kind === 'exited' ? end.exitCode : end.kind;
  if (code === 0)
    return 'the program ended, but its marks are gone: the run must not touch its control folder';
  return `the container ended before its program did (exit code ${code})`;
}

/** Turns marks into stage events and the record's list of stages. */
function trackStages(
  stages: readonly Stage[],
  emit: Emit,
): { mark(mark: StageMark): void; seen(): SeenStage[] } {
  const started = new Map<number, number>();
  const seen = new Map<number, SeenStage>();
  return {
    mark(mark) {
      if (mark.kind === 'over') return;
      const stage = stages[mark.index];
      if (!stage) return;
      if (mark.kind === 'start') {
        started.set(mark.index, mark.uptimeS);
        seen.set(mark.index, { name: stage.name, title: stage.title, exit_code: null, duration_s: null });
        emit({ type: 'stage.started', stage: stage.name });
        return;
      }
      const duration = Math.max(0, mark.uptimeS - (started.get(mark.index) ?? mark.uptimeS));
      const rounded = Math.round(duration * 1000) / 1000;
      seen.set(mark.index, {
        name: stage.name,
        title: stage.title,
        exit_code: mark.exitCode,
        duration_s: rounded,
      });
      emit({ type: 'stage.ended', stage: stage.name, exit_code: mark.exitCode, duration_s: rounded });
    },
    seen: () => [...seen.entries()].sort(([a], [b]) => a - b).map(([, stage]) => stage),
  };
}
