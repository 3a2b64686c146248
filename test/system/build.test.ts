/** From a package to images, registries and a manifest, with the installed program. */
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { docker, removeImages } from './support/engine.ts';
import { temporaryFolder } from './support/folder.ts';
import { runCli, startCli } from './support/program.ts';
import { pushedDigest, registryLogin } from './support/registry.ts';
import { readRows } from './support/results.ts';
import { goodScript, tinyPackage } from './support/tiny-package.ts';
import { tlsRegistry } from './support/tls-registry.ts';

type Manifest = {
  built_images: Record<string, Record<string, unknown>>;
  built_models: Record<string, Record<string, unknown>>;
  [key: string]: unknown;
};

const readManifest = async (folder: string, name = 'build_manifest.json'): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, name), 'utf8'));

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

const dockerfile = (context: string, lines = ''): string =>
  `# CONTEXT ${context}\nARG BASE_DOCKER=${inject('servers').baseImage}\nFROM $BASE_DOCKER\n${lines}`;

const card = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name,
  dockerfile: `docker/${name}`,
  scripts: `scripts/${name}/run.sh`,
  n_gpus: '-1',
  owner: 'lab@example.com',
  training_precision: 'fp16',
  tags: ['nightly'],
  args: '',
  ...more,
});

/** Every source of cards, Dockerfiles for two vendors, and a registry that wants a login. */
async function unknownPackage(): Promise<string> {
  const folder = join(await temporaryFolder(), 'mad');
  const { registry, username, password } = await registryLogin();
  const amd = "{'gpu_vendor': 'AMD', 'guest_os': 'UBUNTU'}";
  const nvidia = "{'gpu_vendor': 'NVIDIA', 'guest_os': 'UBUNTU'}";
  const hook = `from madengine.tools.discover_models import CustomModel

class Small(CustomModel):
    def update_model(self):
        self.args = "--size small"

def list_models():
    return [Small(name="small", dockerfile="../../docker/llm", scripts="run.sh", n_gpus="1",
                  owner="lab@example.com", training_precision="", tags=["nightly"], args="")]
`;
  await write(folder, {
    'models.json': JSON.stringify([card('resnet', { cred: 'LAB_GIT' })]),
    'docker/resnet.ubuntu.amd.Dockerfile': dockerfile(amd),
    'docker/resnet.ubuntu.nvidia.Dockerfile': dockerfile(nvidia),
    'docker/llm.ubuntu.amd.Dockerfile': dockerfile(amd),
    'scripts/resnet/run.sh': goodScript,
    'scripts/bert/models.json': JSON.stringify([
      card('large', { dockerfile: '../../docker/llm', scripts: 'run.sh' }),
    ]),
    'scripts/bert/run.sh': goodScript,
    'scripts/llm/get_models_json.py': hook,
    'scripts/llm/run.sh': goodScript,
    'credential.json': JSON.stringify({
      LAB_GIT: { username: 'bot', password: 'git-password-1' },
      [registry]: { repository: 'lab/images', username, password },
    }),
  });
  await chmod(join(folder, 'credential.json'), 0o600);
  return folder;
}

test('a package that nobody has seen before is listed, built, and pushed to a registry with a login', async () => {
  const folder = await unknownPackage();
  const { registry, password } = await registryLogin();
  const list = await runCli(['discover', '--json'], { cwd: folder });
  expect(list.exitCode, list.stderr).toBe(0);
  expect(JSON.parse(list.stdout).map(({ name }: { name: string }) => name)).toEqual([
    'resnet',
    'bert/large',
    'llm/small',
  ]);

  const build = await runCli(
    ['build', '--tags', 'nightly', '--registry', registry, '--jobs', '2', '-c', '{"gpu_vendor": "amd"}'],
    { cwd: folder },
  );
  expect(build.exitCode, build.stdout + build.stderr).toBe(0);
  const images = [
    'ci-resnet_resnet.ubuntu.amd',
    'ci-bert_large_llm.ubuntu.amd',
    'ci-llm_small_llm.ubuntu.amd',
  ];
  const manifest = await readManifest(folder);
  expect(Object.keys(manifest.built_images)).toEqual(images);
  for (const image of images) {
    expect(manifest.built_images[image]).toMatchObject({
      docker_image: image,
      gpu_vendor: 'AMD',
      registry,
      registry_image: `${registry}/lab/images:${image}`,
      registry_digest: await pushedDigest(registry, 'lab/images', image),
    });
  }
  expect(manifest.built_models['ci-llm_small_llm.ubuntu.amd']).toMatchObject({ args: '--size small' });
  expect(manifest).toMatchObject({ registry, credentials_required: ['LAB_GIT'] });

  const other = ['-c', '{"gpu_vendor": "NVIDIA"}', '-m', 'nvidia.json'];
  const nvidia = await runCli(['build', '--tags', 'nightly', ...other], { cwd: folder });
  expect(nvidia.exitCode, nvidia.stdout + nvidia.stderr).toBe(2);
  expect(nvidia.stdout + nvidia.stderr).toContain(
    'docker/llm.ubuntu.amd.Dockerfile (needs gpu_vendor "AMD", the context says "NVIDIA")',
  );
  expect(Object.keys((await readManifest(folder, 'nvidia.json')).built_images)).toEqual([
    'ci-resnet_resnet.ubuntu.nvidia',
  ]);
  for (const { stdout, stderr } of [list, build, nvidia]) {
    expect(stdout + stderr).not.toContain(password);
    expect(stdout + stderr).not.toContain('git-password-1');
  }
});

test('a batch manifest builds what is new, keeps what is there, and the run pulls both by their own registries', async () => {
  const folder = await tinyPackage([
    { name: 'fresh', script: goodScript },
    { name: 'ready', script: 'test -f /ready && echo "performance: 3 runs/s"\n', card: { timeout: 77 } },
  ]);
  const { registry, baseImage } = inject('servers');
  const existing = `${registry}/existing/ready:v1.0`;
  onTestFinished(() => removeImages('ci-fresh_fresh.ubuntu', `${registry}/my-org/fresh:latest`, existing));
  await write(folder, { 'existing.Dockerfile': `FROM ${baseImage}\nRUN touch /ready\n` });
  await docker('build', '--quiet', '--tag', existing, '--file', join(folder, 'existing.Dockerfile'), folder);
  await docker('push', '--quiet', existing);
  await removeImages(existing);
  const batch = [
    { model_name: 'fresh', build_new: true, registry, registry_image: 'my-org/fresh:latest' },
    { model_name: 'ready', build_new: false, registry_image: existing },
    { model_name: 'unknown/model', registry_image: `${registry}/unknown:v2` },
  ];
  await write(folder, { 'batch.json': JSON.stringify(batch) });

  const build = await runCli(['build', '--batch-manifest', 'batch.json', '--registry', '127.0.0.1:1'], {
    cwd: folder,
  });
  expect(build.exitCode, build.stdout + build.stderr).toBe(0);
  expect(build.stdout + build.stderr).toContain('batch.json: [2].model_name: ');
  const { built_images: images, built_models: models } = await readManifest(folder);
  expect(images).toMatchObject({
    'ci-fresh_fresh.ubuntu': {
      registry,
      registry_image: `${registry}/my-org/fresh:latest`,
      registry_digest: await pushedDigest(registry, 'my-org/fresh', 'latest'),
    },
    'ci-ready_ready.ubuntu': { registry_image: existing, build_duration: 0 },
    'ci-unknown_model': { registry_image: `${registry}/unknown:v2` },
  });
  expect(models['ci-ready_ready.ubuntu']).toMatchObject({ timeout: 77, n_gpus: '0' });
  expect(models['ci-unknown_model']).toMatchObject({ n_gpus: '1', scripts: 'scripts/unknown/model/run.sh' });

  const run = await runCli(['run', '--manifest-file', 'build_manifest.json', '--tags', 'fresh', 'ready'], {
    cwd: folder,
  });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
    { model: 'fresh', performance: '12.5' },
    { model: 'ready', performance: '3' },
  ]);
});

test('a batch of existing images alone builds nothing', async () => {
  const folder = await tinyPackage([{ name: 'there', script: goodScript }]);
  const batch = [{ model_name: 'there', registry_image: `x.example/there@sha256:${'a'.repeat(64)}` }];
  await write(folder, { 'batch.json': JSON.stringify(batch) });
  const build = await runCli(['build', '--batch-manifest', 'batch.json'], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(0);
  expect((await readManifest(folder)).built_images).toMatchObject({
    'ci-there_there.ubuntu': {
      registry_image: 'x.example/there',
      registry_digest: `sha256:${'a'.repeat(64)}`,
      build_command: '# Skipped build for there (build_new=false)',
    },
  });
});

test('several images for one registry_image get the suffix of their Dockerfile', async () => {
  const folder = await tinyPackage([{ name: 'twofold', script: goodScript }]);
  const { registry } = inject('servers');
  await write(folder, {
    'docker/twofold.debian.Dockerfile': dockerfile('{}'),
    'batch.json': JSON.stringify([
      { model_name: 'twofold', build_new: true, registry_image: `${registry}/twofold:1` },
    ]),
  });
  const build = await runCli(['build', '--batch-manifest', 'batch.json'], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(0);
  const { built_images: images } = await readManifest(folder);
  expect(Object.values(images).map((image) => image.registry_image)).toEqual([
    `${registry}/twofold:1_debian`,
    `${registry}/twofold:1_ubuntu`,
  ]);
});

test('each target architecture has its image and its log, and Dockerfiles made for others are left out', async () => {
  const folder = await tinyPackage([
    {
      name: 'any',
      script: goodScript,
      dockerfile: 'ARG MAD_SYSTEM_GPU_ARCHITECTURE\nRUN echo "for $MAD_SYSTEM_GPU_ARCHITECTURE"',
    },
    { name: 'one', script: goodScript, dockerfile: 'ENV PYTORCH_ROCM_ARCH="gfx90a;gfx942"' },
  ]);
  const command = ['build', '--tags', 'all_of_them', '-a', 'mi300x,gfx1100'];
  const build = await runCli([...command, '--clean-docker-cache'], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(0);
  const { built_images: images } = await readManifest(folder);
  expect(Object.entries(images).map(([key, { gpu_architecture: arch }]) => [key, arch])).toEqual([
    ['ci-any_any.ubuntu_gfx942', 'gfx942'],
    ['ci-any_any.ubuntu_gfx1100', 'gfx1100'],
    ['ci-one_one.ubuntu_gfx942', 'gfx942'],
  ]);
  for (const arch of ['gfx942', 'gfx1100']) {
    const log = await readFile(join(folder, `any_any.ubuntu_${arch}.build.live.log`), 'utf8');
    expect(log).toContain(`for ${arch}\n`);
  }
  expect(build.stdout + build.stderr).toContain('docker/one.ubuntu.Dockerfile is not built for gfx1100');

  const context = ['-c', '{"docker_build_arg": {"MAD_SYSTEM_GPU_ARCHITECTURE": "gfx90a"}}'];
  const given = await runCli([...command, ...context], { cwd: folder });
  expect(given.stdout + given.stderr).toContain('--target-archs has no effect');
  expect(Object.keys((await readManifest(folder)).built_images)).toEqual([
    'ci-any_any.ubuntu',
    'ci-one_one.ubuntu',
  ]);
});

test('a secret that is mounted is nowhere in the image; one that is declared is warned of', async () => {
  const folder = await tinyPackage([
    {
      name: 'mounts',
      script: goodScript,
      dockerfile: 'RUN --mount=type=secret,id=LAB_TOKEN test "$(wc -c < /run/secrets/LAB_TOKEN)" -eq 15',
      card: { cred: 'LAB' },
    },
    {
      name: 'declares',
      script: goodScript,
      dockerfile: 'ARG LAB_TOKEN\nRUN test -n "$LAB_TOKEN"',
      card: { cred: 'LAB' },
    },
  ]);
  await write(folder, { 'credential.json': JSON.stringify({ LAB: { token: 'topsecret-12345' } }) });
  const build = await runCli(
    ['build', '--tags', 'all_of_them', '--clean-docker-cache', '-l', '--jobs', '2'],
    {
      cwd: folder,
      env: { HTTPS_PROXY: 'http://user:proxy-password@127.0.0.1:9', no_proxy: '127.0.0.1' },
    },
  );
  expect(build.exitCode, build.stdout + build.stderr).toBe(0);
  const facts = async (image: string): Promise<string> =>
    (await docker('history', '--no-trunc', image)) + (await docker('inspect', image));
  expect(await facts('ci-mounts_mounts.ubuntu')).not.toMatch(/topsecret|proxy-password/);
  expect(await facts('ci-declares_declares.ubuntu')).not.toContain('proxy-password');
  expect(build.stdout + build.stderr).toMatch(/declares ARG LAB_TOKEN: .* history/);
  expect(build.stdout + build.stderr).toContain('RUN --mount=type=secret,id=LAB_TOKEN');
  const manifest = JSON.stringify(await readManifest(folder));
  for (const text of [manifest, build.stdout, build.stderr])
    expect(text).not.toMatch(/topsecret|proxy-password/);
});

test('one failed build and one refused push stop nothing else, side by side', async () => {
  const { registry, authRegistry } = inject('servers');
  const names = ['alpha', 'broken', 'gamma', 'refused'];
  const folder = await tinyPackage(
    names.map((name) => ({
      name,
      script: goodScript,
      dockerfile: `RUN echo "output of ${name}" && sleep 1\n${name === 'broken' ? 'RUN echo no such thing >&2; exit 7' : ''}`,
    })),
  );
  const batch = names.map((name) => ({
    model_name: name,
    build_new: true,
    registry: name === 'refused' ? authRegistry : registry,
  }));
  await write(folder, { 'batch.json': JSON.stringify(batch) });
  const command = ['build', '--batch-manifest', 'batch.json', '-j', '3', '-s', 'summary.json'];
  const build = await runCli([...command, '--clean-docker-cache'], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(2);
  const manifest = await readManifest(folder);
  expect(Object.keys(manifest.built_images)).toEqual(
    ['alpha', 'gamma', 'refused'].map((name) => `ci-${name}_${name}.ubuntu`),
  );
  expect(manifest).toMatchObject({
    failed_builds: [{ model: 'broken', error: expect.stringContaining('no such thing') }],
    push_failures: [{ image: 'ci-refused_refused.ubuntu' }],
  });
  expect(build.stdout).toContain('\n2 succeeded, 2 failed, 0 skipped in ');
  const summary = await readManifest(folder, 'summary.json');
  expect(summary.successful_builds).toHaveLength(3);
  expect(summary.built_images).toEqual(manifest.built_images);
  for (const name of names) {
    const log = await readFile(join(folder, `${name}_${name}.ubuntu.build.live.log`), 'utf8');
    expect(log.match(/^.*output of (\w+)$/gm)?.every((line) => line.endsWith(name))).toBe(true);
    expect(log).toContain(`output of ${name}`);
  }
});

test('a model that no Dockerfile fits is a failed build with a line of its own', async () => {
  const folder = await tinyPackage([
    { name: 'fits', script: goodScript },
    { name: 'fits_not', script: goodScript },
  ]);
  const dockerfile = join('docker', 'fits_not.ubuntu.Dockerfile');
  const text = await readFile(join(folder, dockerfile), 'utf8');
  await write(folder, { [dockerfile]: text.replace("{'guest_os'", "{'gpu_vendor': 'INTEL', 'guest_os'") });
  const build = await runCli(['build', '--tags', 'fits', 'fits_not'], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(2);
  expect(build.stdout).toMatch(/^fits_not +FAILURE .*no Dockerfile of the model fits_not fits the context/m);
  expect(build.stdout).toContain('\n1 succeeded, 1 failed, 0 skipped in ');
  expect((await readManifest(folder)).failed_builds).toMatchObject([{ model: 'fits_not' }]);
});

test('a private base image is fetched with the login of credential.json, which is kept nowhere', async () => {
  const { registry, username, password } = await registryLogin();
  const credentials = JSON.stringify({ [registry]: { repository: 'bases', username, password } });
  const model = { name: 'private_base', script: goodScript, dockerfile: `RUN echo ${Date.now()} > /made` };
  const bases = await tinyPackage([model]);
  await write(bases, { 'credential.json': credentials });
  const made = await runCli(['build', '--tags', 'private_base', '--registry', registry], { cwd: bases });
  expect(made.exitCode, made.stdout + made.stderr).toBe(0);
  const image = (await readManifest(bases)).built_images['ci-private_base_private_base.ubuntu'];
  const base = String(image?.registry_image);
  const folder = await tinyPackage([
    { name: 'on_private_base', script: goodScript, dockerfile: 'RUN cat /made' },
  ]);
  const context = JSON.stringify({ docker_build_arg: { BASE_DOCKER: base } });
  const build = ['build', '--tags', 'on_private_base', '--additional-context', context];

  await removeImages('ci-private_base_private_base.ubuntu', base);
  const refused = await runCli(build, { cwd: folder });
  expect(refused.exitCode, refused.stdout + refused.stderr).toBe(2);
  await write(folder, { 'credential.json': credentials });
  const built = await runCli(build, { cwd: folder });
  expect(built.exitCode, built.stdout + built.stderr).toBe(0);
  expect(await readFile(join(folder, 'build_manifest.json'), 'utf8')).not.toContain(password);
  await removeImages('ci-on_private_base_on_private_base.ubuntu', base);
});

test('a signal ends all builds at once', async () => {
  const names = ['first', 'second'];
  const folder = await tinyPackage(
    names.map((name) => ({ name, script: goodScript, dockerfile: `RUN echo begun ${name} && sleep 120` })),
  );
  const command = ['build', '--tags', 'all_of_them', '--jobs', '2', '--live-output', '--clean-docker-cache'];
  const build = startCli(command, { cwd: folder, timeoutMs: 60_000 });
  const begun = (): string[] => names.filter((name) => build.stdout().includes(`begun ${name}\n`));
  await expect.poll(begun, { timeout: 30_000 }).toEqual(names);
  build.kill('SIGTERM');
  expect((await build.ended).exitCode).toBe(143);
});

test('a package that can not be kept ends its builds as soon as that is known', async () => {
  const folder = await tinyPackage([
    { name: 'slow', script: goodScript, dockerfile: 'RUN echo a build that was not awaited && sleep 120' },
  ]);
  await symlink('/etc/hostname', join(folder, 'scripts/elsewhere'));
  const command = ['build', '--tags', 'slow', '--clean-docker-cache'];
  const result = await runCli(command, { cwd: folder, timeoutMs: 60_000 });
  expect(result.stderr).toContain('scripts/elsewhere');
  expect(result.exitCode).toBe(4);
});

test('an image of the user runs in place of built ones, and nothing of the card is lost', async () => {
  const folder = await tinyPackage([
    { name: 'mine', script: goodScript, card: { url: 'https://example.com/x.git', skip_gpu_arch: 'gfx900' } },
  ]);
  const { baseImage } = inject('servers');
  const build = await runCli(['build', '--tags', 'mine', '--use-image', baseImage], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(0);
  expect(await readManifest(folder)).toMatchObject({
    built_images: { mine: { docker_image: baseImage, local_image: true, dockerfile: '' } },
    built_models: {
      mine: {
        url: 'https://example.com/x.git',
        skip_gpu_arch: 'gfx900',
        env_vars: { DOCKER_IMAGE_NAME: baseImage },
      },
    },
  });
  const other = await tinyPackage([{ name: 'theirs', script: goodScript, dockerfile: 'RUN false' }]);
  const context = ['-c', `{"MAD_CONTAINER_IMAGE": "${baseImage}"}`];
  const run = await runCli(['run', '--tags', 'theirs', ...context], { cwd: other });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(await readRows(join(other, 'perf.csv'))).toMatchObject([
    { model: 'theirs', status: 'SUCCESS', docker_image: baseImage },
  ]);
});

test('a registry with a certificate of its own is named with the place where the certificate belongs', async () => {
  const registry = await tlsRegistry();
  const folder = await tinyPackage([{ name: 'secure', script: goodScript }]);
  const build = await runCli(['build', '--tags', 'secure', '--registry', registry], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(2);
  const place = `/etc/docker/certs.d/${registry}/ca.crt`;
  expect(build.stdout + build.stderr).toContain(place);
  expect((await readManifest(folder)).push_failures).toMatchObject([
    { error: expect.stringContaining(place) },
  ]);
});

test.each<[string[], number, string]>([
  [['--tags', 'model', '--batch-manifest', 'batch.json'], 4, "can't be used together"],
  [['--batch-manifest', 'none.json'], 4, 'none.json'],
  [['--batch-manifest', 'batch.json'], 4, 'batch.json: [0]: unknown key "build"'],
  [['--tags', 'model', '-a', 'a b'], 4, '--target-archs: "a b" is no GPU architecture'],
  [['--tags', 'model', '--use-image', 'x', '--registry', 'y'], 4, "can't be used together"],
  [['--tags', 'model', '--use-image', 'UPPER'], 4, '--use-image'],
  [['--tags', 'model', '--use-image', 'auto'], 4, 'DOCKER_IMAGE_NAME'],
  [['--tags', 'model', '--registry', 'no such registry'], 4, '--registry "no such registry"'],
  [['--tags', 'model', '--manifest-output', 'none/m.json'], 1, 'there is no folder none'],
  [['--tags', 'model', '--summary-output', 'docker'], 1, 'that is a folder'],
])('build %j ends before anything is built', async (words, exitCode, message) => {
  const folder = await tinyPackage([{ name: 'model', script: goodScript }]);
  await write(folder, { 'batch.json': '[{"model_name": "model", "build": true}]' });
  const build = await runCli(['build', ...words], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(exitCode);
  expect(build.stderr).toContain(message);
  expect(build.stdout + build.stderr).not.toContain('Building');
});
