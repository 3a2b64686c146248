import type { Clock } from '../foundation/clock.ts';
import type { Emit } from '../foundation/event.ts';
import type { Engine } from '../machine/engine/engine.ts';
import { loginOnce, type RegistryLogin } from './registry-login.ts';
import { firstLine, retryTransfer, type TransferFailure, transferFailure } from './transfer-failure.ts';

export interface PushOptions {
  engine: Engine;
  /** Local name. */
  image: string;
  registryImage: string;
  /** Without one the engine's own store serves. */
  login?: RegistryLogin;
  /** Client folder of this campaign, for `login`. */
  configDir: string;
  emit: Emit;
  clock: Clock;
  signal: AbortSignal;
}

export interface PushResult {
  image: string;
  registryImage: string;
  /** In the registry, `sha256:…`; '' when the push failed. */
  digest: string;
  durationS: number;
  status: 'SUCCESS' | 'FAILURE';
  failure?: TransferFailure;
}

/** Logs in (once per registry), tags and pushes; tries again while the network fails. A failed push is a result. */
export async function pushImage(options: PushOptions): Promise<PushResult> {
  const { image, registryImage, emit, clock } = options;
  const started = clock.monotonic();
  emit({ type: 'push.started', image, registry_image: registryImage });
  const { digest, failure } = await push(options);
  const durationS = clock.monotonic() - started;
  const status = failure ? 'FAILURE' : 'SUCCESS';
  emit({
    type: 'push.ended',
    image,
    registry_image: registryImage,
    status,
    duration_s: durationS,
    ...(digest ? { digest } : {}),
    ...(failure ? { failure } : {}),
  });
  return { image, registryImage, digest, durationS, status, ...(failure ? { failure } : {}) };
}

async function push(options: PushOptions): Promise<{ digest: string; failure?: TransferFailure }> {
  const { engine, image, registryImage, login, configDir, emit, clock, signal } = options;
  let stage = 'login';
  const act = async (): Promise<string> => {
    if (login) await loginOnce(engine, login, configDir, signal);
    stage = 'tag';
    if (image !== registryImage) await engine.tag(image, registryImage);
    stage = 'push';
    return engine.push(registryImage, {
      ...(login ? { configDir } : {}),
      onProgress: (done, total) => emit({ type: 'push.progress', image, done, total }),
      signal,
    });
  };
  try {
    const digest = await retryTransfer(act, clock, signal, (error, attempt, delayMs) =>
      emit({
        type: 'notice',
        level: 'warning',
        code: 'PUSH_RETRIED',
        message: `try ${attempt} to push ${registryImage} failed: ${firstLine(error)}; again in ${delayMs / 1000} s`,
      }),
    );
    return { digest };
  } catch (error) {
    if (!signal.aborted) return { digest: '', failure: transferFailure('push', stage, error) };
    const message = `The push of ${registryImage} was stopped.`;
    return { digest: '', failure: { class: 'interrupted', stage, message } };
  }
}
