/** The same workflow with `--engine podman`; skipped, with the reason printed, where podman can't run. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { docker } from './support/engine.ts';
import { temporaryFolder } from './support/folder.ts';
import { type ProgramResult, runCli } from './support/program.ts';
import { pushedDigest, registryLogin } from './support/registry.ts';
import { readRows } from './support/results.ts';
import { goodScript, tinyPackage } from './support/tiny-package.ts';

const execute = promisify(execFile);

async function podman(...args: string[]): Promise<string> {
  const { stdout } = await execute('podman', args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** What podman says when it can't; it may be there and have no user namespaces or no storage to work with. */
function whyNot(): string | undefined {
  try {
    execFileSync('podman', ['info'], { stdio: 'pipe', timeout: 60_000 });
    return undefined;
  } catch (error) {
    const { stderr, message } = error as { stderr?: Buffer; message: string };
    return stderr?.toString().trim().split('\n').at(-1) || message;
  }
}

const reason = whyNot();
if (reason !== undefined) console.warn(`skipped, as podman can't run here: ${reason}`);

/** Podman has one storage for all that runs on a machine, other runs of these tests too. */
const own = (name: string): string => `${name}_${process.pid}`;

/** Images of podman that the tests make go with them. */
function forget(...images: string[]): void {
  onTestFinished(async () => {
    for (const image of images) await podman('rmi', '--force', image).catch(() => undefined);
  });
}

/** As root, podman raises the limit of open files above what some machines (containers, small clouds) let it. */
const limits = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n';

/** The program with `--engine podman`. */
async function runWithPodman(words: readonly string[], cwd: string): Promise<ProgramResult> {
  const configuration = join(await temporaryFolder(), 'containers.conf');
  await writeFile(configuration, limits);
  const env = { CONTAINERS_CONF: configuration };
  return runCli([...words, '--engine', 'podman'], { cwd, env });
}

describe.skipIf(reason !== undefined)('with podman', () => {
  beforeAll(async () => {
    const { baseImage } = inject('servers');
    const isThere = await podman('image', 'exists', baseImage).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    const folder = await mkdtemp(join(tmpdir(), 'madengine-podman-'));
    await docker('save', '--output', join(folder, 'base.tar'), baseImage);
    await podman('load', '--quiet', '--input', join(folder, 'base.tar'));
    await rm(folder, { recursive: true });
  });

  test('images are built, pushed with a login, pulled by digest and run', async () => {
    const folder = await tinyPackage([{ name: own('podded'), script: goodScript }]);
    const { registry, username, password } = await registryLogin();
    const credentials = { [registry]: { repository: 'pods', username, password } };
    await writeFile(join(folder, 'credential.json'), JSON.stringify(credentials), { mode: 0o600 });
    const image = `ci-${own('podded')}_${own('podded')}.ubuntu`;
    forget(image, `${registry}/pods:${image}`);
    const build = await runWithPodman(['build', '--tags', own('podded'), '--registry', registry], folder);
    expect(build.exitCode, build.stdout + build.stderr).toBe(0);
    const manifest = JSON.parse(await readFile(join(folder, 'build_manifest.json'), 'utf8'));
    expect(manifest.built_images[image]).toMatchObject({
      registry_image: `${registry}/pods:${image}`,
      registry_digest: await pushedDigest(registry, 'pods', image),
      image_id: expect.stringMatching(/^sha256:/),
    });
    expect(build.stdout + build.stderr).not.toContain(password);

    await podman('rmi', '--force', image, `${registry}/pods:${image}`);
    const run = await runWithPodman(['run', '--manifest-file', 'build_manifest.json'], folder);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
      { model: own('podded'), status: 'SUCCESS', performance: '12.5', metric: 'samples/sec' },
    ]);
    expect(await podman('ps', '--all', '--quiet', '--filter', `label=madengine.results_root=${folder}`)).toBe(
      '',
    );
  });

  test('docker/common is the build context `tools`, and secrets are mounted and kept nowhere', async () => {
    const folder = await tinyPackage([
      {
        name: own('contexts'),
        script: 'cat /shared.txt; echo "performance: 2 runs/s"\n',
        card: { cred: 'LAB' },
        dockerfile:
          'COPY --from=tools shared.txt /shared.txt\nRUN --mount=type=secret,id=LAB_TOKEN test "$(wc -c < /run/secrets/LAB_TOKEN)" -eq 15',
      },
    ]);
    await mkdir(join(folder, 'docker/common'));
    await writeFile(join(folder, 'docker/common/shared.txt'), 'shared by all Dockerfiles\n');
    await writeFile(join(folder, 'credential.json'), JSON.stringify({ LAB: { token: 'topsecret-12345' } }));
    const image = `ci-${own('contexts')}_${own('contexts')}.ubuntu`;
    forget(image);
    const run = await runWithPodman(['run', '--tags', own('contexts'), '--clean-docker-cache'], folder);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    const log = await readFile(
      join(folder, `${own('contexts')}_${own('contexts')}.ubuntu.run.live.log`),
      'utf8',
    );
    expect(log).toContain('shared by all Dockerfiles');
    await rm(join(folder, 'credential.json'));
    expect(await podman('history', '--no-trunc', image)).not.toContain('topsecret');
    expect(await podman('inspect', image)).not.toContain('topsecret');
  });

  test('a failed build tells the step and the line', async () => {
    const folder = await tinyPackage([
      { name: 'fails', script: goodScript, dockerfile: 'RUN echo the reason >&2; exit 9' },
    ]);
    const build = await runWithPodman(['build', '--tags', 'fails'], folder);
    expect(build.exitCode).toBe(2);
    expect(build.stdout + build.stderr).toContain('the reason');
  });
});
