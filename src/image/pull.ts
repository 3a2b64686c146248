import type { Clock } from '../foundation/clock.ts';
import type { Emit } from '../foundation/event.ts';
import type { Engine, ImageInfo } from '../machine/engine/engine.ts';
import { requireFreeSpace } from './free-space.ts';
import { withDigest } from './reference.ts';
import { loginOnce, type RegistryLogin } from './registry-login.ts';
import { digestOf } from './repo-digest.ts';
import { firstLine, retryTransfer, type TransferFailure, transferFailure } from './transfer-failure.ts';

export interface EnsureOptions {
  engine: Engine;
  /** Local name, as built. */
  image: string;
  registryImage?: string;
  /** Digest in the registry, `sha256:…`. */
  digest?: string;
  /** `sha256:…` of the image that was built. */
  imageId?: string;
  /** The same campaign built it: another build that took its name meanwhile, at the same time, is no reason to fail. */
  builtHere?: boolean;
  /** The answer of the engine to what `imageAtHand` names, where it was asked ahead. */
  asked?: Promise<ImageInfo | undefined>;
  /** An image of the user's: whatever has this name is meant. */
  localImage?: boolean;
  login?: RegistryLogin;
  /** Client folder of this campaign, for `login`. */
  configDir: string;
  emit: Emit;
  clock: Clock;
  signal: AbortSignal;
}

export interface PullResult {
  /** What to run: by digest where a registry has it, else by id; '' when there is no image. */
  reference: string;
  imageId: string;
  /** `sha256:…` in the registry; '' where it is in none. */
  digest: string;
  durationS: number;
  status: 'SUCCESS' | 'FAILURE';
  failure?: TransferFailure;
}

type Found = { reference: string; info: ImageInfo; digest: string } | { failure: TransferFailure };

/**
 * Sees to it that the image of the manifest is here, and says how to run exactly that one. A local image counts only
 * when it is the same by id or digest: the same name is not the same image. Failures are results.
 */
export async function ensureImage(options: EnsureOptions): Promise<PullResult> {
  const started = options.clock.monotonic();
  let found: Found;
  try {
    found = (await foundHere(options)) ?? (await fetched(options));
  } catch (error) {
    found = { failure: transferFailure('pull', 'inspect', error) };
  }
  const durationS = options.clock.monotonic() - started;
  if ('failure' in found) {
    return { reference: '', imageId: '', digest: '', durationS, status: 'FAILURE', failure: found.failure };
  }
  const { reference, info, digest } = found;
  return { reference, imageId: info.id, digest, durationS, status: 'SUCCESS' };
}

/** The name under which an image is looked for first. */
export function imageAtHand({
  image,
  registryImage,
  digest,
}: Pick<EnsureOptions, 'image' | 'registryImage' | 'digest'>): string {
  return registryImage && digest ? withDigest(registryImage, digest) : image;
}

/** The image when it is here already and is the right one. */
async function foundHere(options: EnsureOptions): Promise<Found | undefined> {
  const { engine, image, registryImage, digest, imageId, localImage, builtHere } = options;
  const ask = (name: string): Promise<ImageInfo | undefined> =>
    options.asked && name === imageAtHand(options) ? options.asked : engine.inspect(name);
  if (registryImage && digest) {
    const reference = withDigest(registryImage, digest);
    const info = await ask(reference);
    if (info) return { reference, info, digest };
  }
  const isSame = (info: ImageInfo): boolean =>
    (imageId !== undefined && info.id === imageId) ||
    (digest !== undefined && info.repoDigests.some((known) => known.endsWith(`@${digest}`)));
  const named = await ask(image);
  const isRight = named !== undefined && (localImage || isSame(named));
  const info = isRight || !builtHere || !imageId ? named : await engine.inspect(imageId);
  if (!info || !(localImage || isSame(info))) return undefined;
  return { reference: info.id, info, digest: digest || digestOf(info, registryImage || image) };
}

async function fetched(options: EnsureOptions): Promise<Found> {
  const { image, registryImage, digest, imageId, localImage } = options;
  if (!registryImage && !localImage) return withoutRegistry(options);
  const named = registryImage || image;
  const reference = digest ? withDigest(named, digest) : named;
  const pulled = await pullImage(reference, options);
  if ('failure' in pulled)
    return digest || imageId || localImage ? pulled : ((await oldHabit(options)) ?? pulled);
  const { info } = pulled;
  if (digest) return { reference, info, digest };
  if (imageId && info.id !== imageId) return anotherImage(named, imageId, info.id);
  if (!localImage && !imageId)
    notice(options, 'IMAGE_BY_TAG', `The manifest has no digest of ${named}: took what its tag names now.`);
  return { reference: info.id, info, digest: digestOf(info, named) };
}

/** An image that was pushed nowhere. */
async function withoutRegistry(options: EnsureOptions): Promise<Found> {
  const { engine, image, imageId, digest } = options;
  const info = await engine.inspect(image);
  if (!info) {
    return {
      failure: {
        class: 'pull',
        stage: 'inspect',
        message: `The image ${image} is not on this machine, and the manifest names no registry that has it. Build it here, or build with --registry.`,
        permanent: true,
      },
    };
  }
  const wanted = imageId || digest;
  if (wanted) return anotherImage(image, wanted, info.id);
  notice(
    options,
    'IMAGE_BY_NAME',
    `The manifest has neither digest nor id of ${image}: took the local image of that name.`,
  );
  return { reference: info.id, info, digest: digestOf(info, image) };
}

function anotherImage(image: string, wanted: string, present: string): Found {
  return {
    failure: {
      class: 'pull',
      stage: 'inspect',
      message: `${image} is another image than the one of the manifest: ${present} is here, ${wanted} was built. Build again, or build with --registry so that the image can be fetched by its digest.`,
      permanent: true,
    },
  };
}

/** A manifest of the Python tool, which knows no digests, falls back to the local name as that tool does. */
async function oldHabit(options: EnsureOptions): Promise<Found | undefined> {
  const info = options.signal.aborted ? undefined : await options.engine.inspect(options.image);
  if (!info) return undefined;
  notice(
    options,
    'IMAGE_BY_NAME',
    `${options.registryImage} can't be pulled, and the manifest has no digest: took the local image ${options.image} (${info.id}).`,
  );
  return { reference: info.id, info, digest: digestOf(info, options.image) };
}

function notice({ emit }: EnsureOptions, code: string, message: string): void {
  emit({
    type: 'notice',
    level: 'warning',
    code,
    message,
    hint: 'Build again with madengine-cli build --registry …, which records digests.',
  });
}

async function pullImage(
  reference: string,
  options: EnsureOptions,
): Promise<{ info: ImageInfo } | { failure: TransferFailure }> {
  const { engine, emit, clock, signal, configDir } = options;
  const started = clock.monotonic();
  emit({ type: 'pull.started', image: reference });
  const ended = (digest: string, failure?: TransferFailure): void =>
    emit({
      type: 'pull.ended',
      image: reference,
      status: failure ? 'FAILURE' : 'SUCCESS',
      duration_s: clock.monotonic() - started,
      ...(digest ? { digest } : {}),
      ...(failure ? { failure } : {}),
    });
  let loggedIn = false;
  const act = (): Promise<ImageInfo> =>
    engine.pull(reference, {
      ...(loggedIn ? { configDir } : {}),
      onProgress: (done, total) => emit({ type: 'pull.progress', image: reference, done, total }),
      signal,
    });
  try {
    await requireFreeSpace(options);
    loggedIn = await tryLogin(options);
    const info = await retryTransfer(act, clock, signal, (error, attempt, delayMs) =>
      emit({
        type: 'notice',
        level: 'warning',
        code: 'PULL_RETRIED',
        message: `try ${attempt} to pull ${reference} failed: ${firstLine(error)}; again in ${delayMs / 1000} s`,
      }),
    );
    ended(digestOf(info, reference));
    return { info };
  } catch (error) {
    const failure = pullFailure(error, reference, options);
    ended('', failure);
    return { failure };
  }
}

/** A login that fails still leaves public images, and those that the engine's own store opens. */
async function tryLogin({ engine, login, configDir, emit, signal }: EnsureOptions): Promise<boolean> {
  if (!login || signal.aborted) return false;
  try {
    await loginOnce(engine, login, configDir, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    emit({
      type: 'notice',
      level: 'warning',
      code: 'LOGIN_FAILED',
      message: `the login to ${login.registry} failed: ${firstLine(error)}; pulling without it`,
      hint: `Check user and password of ${login.registry} in credential.json.`,
    });
    return false;
  }
}

function pullFailure(error: unknown, reference: string, { signal }: EnsureOptions): TransferFailure {
  if (!signal.aborted) return transferFailure('pull', 'pull', error);
  return { class: 'interrupted', stage: 'pull', message: `The pull of ${reference} was stopped.` };
}
