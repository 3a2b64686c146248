import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../foundation/clock.ts';
import { type MadError, toMadError } from '../foundation/error.ts';
import type { Emit } from '../foundation/event.ts';
import { createTextScrubStream } from '../foundation/scrub-stream.ts';
import type { Scrubber } from '../foundation/secret.ts';
import type { BuildSpec, Engine, ImageInfo } from '../machine/engine/engine.ts';
import type { ImageBuildPlan } from './build-plan.ts';
import { type BuildProgress, readBuildProgress, stepPrefix } from './build-progress.ts';
import { requireFreeSpace } from './free-space.ts';
import { loginOnce, type RegistryLogin } from './registry-login.ts';
import { digestOf } from './repo-digest.ts';

export interface BuildImageOptions {
  plan: ImageBuildPlan;
  engine: Engine;
  emit: Emit;
  /** Absolute; its folder is made. */
  logFile: string;
  /** Folder of mode 700; each build gets one of its own in it, as builds run side by side. */
  secretsDir: string;
  labels: Readonly<Record<string, string>>;
  /** For a base image that isn't here. */
  baseLogin?: RegistryLogin;
  /** Client folder of this campaign, for `baseLogin`. */
  configDir: string;
  /** Whether the output also goes out as events. */
  liveOutput: boolean;
  scrubber: Scrubber;
  clock: Clock;
  signal: AbortSignal;
}

export interface BuildFailure {
  class: 'build' | 'engine' | 'disk_full' | 'interrupted';
  /** The builder's step. */
  stage: string | null;
  message: string;
  evidence?: string;
}

export interface ImageBuildResult {
  image: string;
  model: string;
  /** Relative to the package. */
  dockerfile: string;
  base: string;
  /** `sha256:…` of the base image; '' where the engine doesn't know it. */
  baseDigest: string;
  durationS: number;
  /** As it could be typed, secrets by name. */
  command: string;
  logFile: string;
  /** `sha256:…`; '' when the build failed. */
  imageId: string;
  status: 'SUCCESS' | 'FAILURE';
  failure?: BuildFailure;
}

/**
 * Builds one image. What the builder says is in the log file, scrubbed, as soon as it is said. A build that fails is a
 * result, not an error; NOT_WRITABLE and DISK_FULL of the log file end it.
 */
export async function buildImage(options: BuildImageOptions): Promise<ImageBuildResult> {
  const { plan, engine, emit, clock, logFile } = options;
  const started = clock.monotonic();
  for (const warning of plan.warnings) emit({ type: 'notice', level: 'warning', ...warning });
  const { image, model, dockerfile } = plan;
  emit({ type: 'build.started', image, model, dockerfile });
  const built = await runBuild(options);
  const durationS = clock.monotonic() - started;
  const { failure, info } = built;
  const status = failure ? 'FAILURE' : 'SUCCESS';
  emit({
    type: 'build.ended',
    image,
    model,
    status,
    duration_s: durationS,
    log: logFile,
    ...(info ? { image_id: info.id } : {}),
    ...(failure ? { failure } : {}),
  });
  return {
    image,
    model,
    dockerfile,
    base: plan.base,
    baseDigest: await baseDigest(engine, plan.base),
    durationS,
    command: built.command,
    logFile,
    imageId: info?.id ?? '',
    status,
    ...(failure ? { failure } : {}),
  };
}

interface Built {
  command: string;
  info?: ImageInfo;
  failure?: BuildFailure;
}

async function runBuild(options: BuildImageOptions): Promise<Built> {
  const { engine, scrubber, signal } = options;
  const capabilities = await engine.capabilities();
  mkdirSync(options.secretsDir, { recursive: true, mode: 0o700 });
  const secretsDir = mkdtempSync(join(options.secretsDir, 'build-'));
  const own = new AbortController();
  const output = followOutput(options, own);
  const spec: BuildSpec = {
    ...buildSpec(options.plan, secretsDir, options.labels),
    onOutput: output.onOutput,
    signal: AbortSignal.any([signal, own.signal]),
  };
  let command = '';
  try {
    const words = engine.describe.build(spec, capabilities);
    // Quoting would change a secret that has quotes in it.
    command = words.map((word) => shellWord(scrubber.scrub(word))).join(' ');
    await requireFreeSpace(options);
    const configDir = await loginForBase(options);
    const info = await engine.build({ ...spec, ...(configDir === undefined ? {} : { configDir }) });
    output.close();
    return { command, info };
  } catch (thrown) {
    output.close(thrown);
    const error = output.logError() ?? toMadError(thrown);
    return { command, failure: failureOf(error, output.progress, scrubber, signal.aborted) };
  } finally {
    rmSync(secretsDir, { recursive: true, force: true });
  }
}

/** A login that is refused still leaves the public base images. */
async function loginForBase(options: BuildImageOptions): Promise<string | undefined> {
  const { engine, plan, baseLogin, configDir, emit, signal } = options;
  if (!baseLogin || (await engine.inspect(plan.base))) return undefined;
  try {
    await loginOnce(engine, baseLogin, configDir, signal);
    return configDir;
  } catch (error) {
    const message = `no login for the base image ${plan.base}: ${(error as Error).message}`;
    emit({ type: 'notice', level: 'warning', code: 'LOGIN_FAILED', message });
    return undefined;
  }
}

/** What a plan asks of the engine; `--dry-run` prints it. */
export function buildSpec(
  plan: ImageBuildPlan,
  secretsDir: string,
  labels: Readonly<Record<string, string>>,
): Omit<BuildSpec, 'onOutput' | 'signal'> {
  return {
    image: plan.image,
    dockerfile: plan.dockerfilePath,
    contextDir: plan.contextDir,
    namedContexts: plan.namedContexts,
    buildArgs: plan.buildArgs,
    secretEnv: plan.secretEnv,
    secrets: plan.secrets,
    secretsDir,
    labels,
    noCache: plan.noCache,
    pull: plan.pull,
  };
}

interface Output {
  progress: BuildProgress;
  onOutput(chunk: Buffer): void;
  /** Writes what was kept back; an error that ended the build is added, unless the builder said it already. */
  close(thrown?: unknown): void;
  logError(): MadError | undefined;
}

/** Log file, steps and live output, fed by the same chunks. A log that can't be written ends the build. */
function followOutput(
  { plan, emit, logFile, liveOutput, scrubber }: BuildImageOptions,
  stop: AbortController,
): Output {
  mkdirSync(dirname(logFile), { recursive: true });
  const file = openSync(logFile, 'w');
  const scrubbing = createTextScrubStream(scrubber, { live: true, linePrefix: stepPrefix });
  const progress = readBuildProgress((step) => emit({ type: 'build.step', image: plan.image, step }));
  let failed: MadError | undefined;
  const write = (text: string): void => {
    if (text === '' || failed) return;
    if (liveOutput) emit({ type: 'build.output', image: plan.image, text });
    try {
      writeFileSync(file, text);
    } catch (error) {
      failed = toMadError(error);
      stop.abort(failed);
    }
  };
  return {
    progress,
    onOutput: (chunk) => {
      write(scrubbing.push(chunk));
      progress.push(chunk);
    },
    close: (thrown) => {
      write(scrubbing.end());
      progress.end();
      if (thrown instanceof Error) write(`\n${scrubber.scrub(thrown.message)}\n`);
      closeSync(file);
    },
    logError: () => failed,
  };
}

function failureOf(
  error: MadError,
  progress: BuildProgress,
  scrubber: Scrubber,
  interrupted: boolean,
): BuildFailure {
  const evidence = progress.lastError();
  const step = progress.step();
  return {
    class: interrupted ? 'interrupted' : classOf(error, evidence),
    stage: step === undefined ? null : scrubber.scrub(step),
    message: scrubber.scrub(withHint(error)),
    ...(evidence === undefined ? {} : { evidence: scrubber.scrubPiece(evidence) }),
  };
}

/** A failure is shown without its error, so what to do next has to stand in it. */
const withHint = ({ message, hint }: MadError): string =>
  hint === undefined ? message : `${message.replace(/\.?$/, '.')} ${hint}`;

function classOf(error: MadError, evidence: string | undefined): BuildFailure['class'] {
  if (error.code === 'ENGINE_UNAVAILABLE') return 'engine';
  const full = /no space left on device/i.test(`${error.message}\n${evidence}`);
  return full || error.code === 'DISK_FULL' ? 'disk_full' : 'build';
}

/** After the build, when a base that had to be pulled is here; asks no registry. */
async function baseDigest(engine: Engine, base: string): Promise<string> {
  if (base === '' || base === 'scratch') return '';
  const written = /@(sha256:[0-9a-f]{64})$/.exec(base)?.[1];
  if (written) return written;
  const info = await engine.inspect(base).catch(() => undefined);
  return info ? digestOf(info, base) : '';
}

/** A word as a POSIX shell reads it. */
function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
