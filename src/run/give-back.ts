import { MadError } from '../foundation/error.ts';
import { succeeded } from '../machine/command/command.ts';
import type { ContainerSpec, Engine } from '../machine/engine/engine.ts';
import { containerPaths } from './run-folder.ts';

export interface GiveBackOptions {
  engine: Engine;
  /** The container that was ended; a short-lived one like it does the work. */
  spec: ContainerSpec;
  to: { uid: number; gid: number };
  /** Folders of the run besides its own, as the container sees them. */
  also?: readonly string[];
}

/**
 * A program that was ended by force had no time for its last step. On the host its files belong to root, so a container
 * is needed to hand them to the person who started the run.
 */
export async function giveBack({ engine, spec, to, also = [] }: GiveBackOptions): Promise<void> {
  const ours = new Set<string>([containerPaths.workspace, containerPaths.control, ...also]);
  const container = await engine.create({
    ...spec,
    name: `${spec.name}_give_back`,
    mounts: spec.mounts.filter((mount) => ours.has(mount.container)),
    env: {},
    options: ['--network=none'],
  });
  try {
    const argv = ['chown', '-hR', `${to.uid}:${to.gid}`, ...ours];
    const result = await engine.exec(container, { argv, env: {}, secretEnv: {} }).result;
    if (succeeded(result)) return;
    const said = `${result.stdout}\n${result.stderr}`.trim().split('\n').pop() ?? '';
    throw new MadError('ENGINE_FAILED', `chown in its image failed${said === '' ? '' : `: ${said}`}`);
  } finally {
    await engine.remove(container);
  }
}

/**
 * The same for a container that its controller left behind: it must still run, and may go on writing until it is
 * removed. What can't be given back stays, and is told where its folders are removed.
 */
export async function giveBackIn(
  engine: Engine,
  container: string,
  { uid, gid }: { uid: number; gid: number },
): Promise<void> {
  await takeBackIn(engine, container, { uid, gid }).catch(() => {});
}

/** Whether all is `to`'s now; as root, whoever the container's user is. */
export async function takeBackIn(
  engine: Engine,
  container: string,
  to: { uid: number; gid: number },
  also: readonly string[] = [],
): Promise<boolean> {
  const folders = [containerPaths.workspace, containerPaths.control, ...also];
  const argv = ['chown', '-hR', `${to.uid}:${to.gid}`, ...folders];
  const taken = { argv, env: {}, secretEnv: {}, user: 'root', workdir: '/' };
  return succeeded(await engine.exec(container, taken).result);
}
