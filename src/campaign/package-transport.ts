/** How the package reaches nodes that have no copy of it (`--package`), and how they get at it. */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { makeFolders } from '../foundation/file/make-folders.ts';
import { ensureImage } from '../image/pull.ts';
import { pushImage } from '../image/push.ts';
import { registryImage } from '../image/reference.ts';
import { loginFor } from '../image/registry-login.ts';
import type { Engine } from '../machine/engine/engine.ts';
import type { BuildManifest } from '../manifest/manifest-schema.ts';
import { unpackSnapshot, writeSnapshotArchive } from '../package/snapshot.ts';
import type { PackageSnapshot } from '../package/snapshot-schema.ts';
import type { OpenCampaign } from './open-campaign.ts';
import type { BuildOptions, Surroundings } from './options.ts';
import type { Access } from './prepare.ts';

/** The one file in a package image. */
const archiveInImage = 'package.tar.gz';

/** The snapshot as the manifest names it, after its archive was written or its image pushed. */
export async function publishPackage(
  snapshot: PackageSnapshot,
  manifestFile: string,
  options: BuildOptions,
  engine: Engine,
  access: Access,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<PackageSnapshot> {
  if (options.package === 'none' || around.signal.aborted) return snapshot;
  if (options.package === 'file') {
    const file = `${manifestFile}.package.tar.gz`;
    const archive = await writeSnapshotArchive(around.cwd, snapshot, file);
    campaign.emit({ type: 'file.written', kind: 'package', path: file });
    return { ...snapshot, archive: { file: basename(file), sha256: archive.sha256 } };
  }
  return {
    ...snapshot,
    ...(await pushPackage(snapshot, options.registry ?? '', engine, access, campaign, around)),
  };
}

async function pushPackage(
  snapshot: PackageSnapshot,
  registry: string,
  engine: Engine,
  access: Access,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<Pick<PackageSnapshot, 'archive' | 'image'>> {
  const image = `ci-madpackage:${snapshot.digest.replace('sha256:', '').slice(0, 16)}`;
  const folder = await mkdtemp(join(campaign.secretsDir, 'package-'));
  try {
    const archive = await writeSnapshotArchive(around.cwd, snapshot, join(folder, archiveInImage));
    await writeFile(join(folder, 'Dockerfile'), `FROM scratch\nCOPY ${archiveInImage} /${archiveInImage}\n`);
    await campaign.folder.journal.append({ act: 'image.build', image, dockerfile: 'Dockerfile' });
    await engine.build({
      image,
      dockerfile: join(folder, 'Dockerfile'),
      contextDir: folder,
      namedContexts: {},
      buildArgs: {},
      secretEnv: {},
      secrets: {},
      secretsDir: campaign.secretsDir,
      labels: { 'madengine.campaign': campaign.folder.id, 'madengine.package': snapshot.digest },
      noCache: false,
      pull: false,
      onOutput: () => {},
      signal: around.signal,
    });
    const target = registryImage(registry, access.credentials, image.replace(':', '-'));
    const login = loginFor(registry, access.credentials);
    await campaign.folder.journal.append({ act: 'image.push', image, registry_image: target });
    const pushed = await pushImage({
      engine,
      image,
      registryImage: target,
      ...(login ? { login } : {}),
      configDir: join(campaign.secretsDir, 'registry'),
      emit: campaign.emit,
      clock: around.clock,
      signal: around.signal,
    });
    if (pushed.failure || !pushed.digest) {
      throw new MadError(
        'PUSH_FAILED',
        `the package could not be pushed to ${target}: ${pushed.failure?.message ?? 'the registry named no digest'}`,
        {
          hint: 'Check the registry and its credentials, or use --package file.',
        },
      );
    }
    return {
      image: `${withoutTag(target)}@${pushed.digest}`,
      archive: { file: archiveInImage, sha256: archive.sha256 },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The repository of a tagged reference; a colon before the last slash is a port. */
function withoutTag(reference: string): string {
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/') ? reference.slice(0, colon) : reference;
}

/**
 * Where the package's files are on this machine: the current folder, else the snapshot that the manifest carries or
 * names, else the manifest's own folder; where none has all scripts, the first folder that has some: what is missing
 * there fails its own model alone. Throws PACKAGE_NOT_FOUND when the models' scripts are in none of them.
 */
export async function locatePackage(
  manifest: BuildManifest,
  manifestFile: string,
  scripts: readonly string[],
  engine: Engine,
  access: Access,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<string> {
  const here = await countOf(scripts, around.cwd);
  if (here === scripts.length) return around.cwd;
  const snapshot = manifest.package;
  if (snapshot && (snapshot.archive || snapshot.image)) {
    return unpackFor(snapshot, manifestFile, engine, access, campaign, around);
  }
  const beside = dirname(resolve(around.cwd, manifestFile));
  const there = await countOf(scripts, beside);
  if (there === scripts.length || (here === 0 && there > 0)) {
    campaign.emit({
      type: 'notice',
      level: 'info',
      code: 'PACKAGE_BESIDE_MANIFEST',
      message: `the current folder does not have the models' scripts: taking the package from ${beside}, where the manifest lies`,
    });
    return beside;
  }
  if (here > 0) return around.cwd;
  throw new MadError(
    'PACKAGE_NOT_FOUND',
    `the scripts of the models are not here: no ${scripts[0]} in ${around.cwd}`,
    {
      hint: 'Start in the MAD package, or build with `--package file` or `--package registry`, which need no copy of it.',
    },
  );
}

async function countOf(scripts: readonly string[], folder: string): Promise<number> {
  const found = await Promise.all(
    scripts.map((script) =>
      stat(join(folder, script)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.filter(Boolean).length;
}

/** The folder in the cache that holds a snapshot, fetched and checked where it is not there yet. */
export async function unpackFor(
  snapshot: PackageSnapshot,
  manifestFile: string,
  engine: Engine,
  access: Access,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<string> {
  if (!/^sha256:[0-9a-f]{64}$/.test(snapshot.digest)) {
    throw new MadError('INVALID_FILE', `${manifestFile}: package.digest is no digest: ${snapshot.digest}`, {
      hint: 'Build the manifest anew with `madengine-cli build --package …`.',
    });
  }
  const into = join(around.cacheDir, 'packages', snapshot.digest.replace('sha256:', ''));
  if (
    await stat(into).then(
      () => true,
      () => false,
    )
  )
    return into;
  await makeFolders(around.cacheDir);
  await mkdir(dirname(into), { recursive: true, mode: 0o700 });
  if (!snapshot.image) {
    const file = join(dirname(resolve(around.cwd, manifestFile)), basename(snapshot.archive?.file ?? ''));
    if (!(await stat(file).catch(() => undefined))?.isFile()) {
      throw new MadError('PACKAGE_NOT_FOUND', `the manifest's package ${file} is not there`, {
        hint: 'Copy it beside the manifest, under the name that the build gave it.',
      });
    }
    await unpackSnapshot(file, snapshot, into);
    return into;
  }
  const folder = await mkdtemp(join(campaign.secretsDir, 'package-'));
  try {
    const archive = join(folder, archiveInImage);
    await fetchArchive(snapshot.image, archive, engine, access, campaign, around);
    await unpackSnapshot(archive, snapshot, into);
    return into;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchArchive(
  image: string,
  to: string,
  engine: Engine,
  access: Access,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<void> {
  const [repository = '', digest] = image.split('@');
  const login = loginFor(repository.split('/')[0] ?? '', access.credentials);
  const pulled = await ensureImage({
    engine,
    image,
    registryImage: repository,
    ...(digest ? { digest } : {}),
    ...(login ? { login } : {}),
    configDir: join(campaign.secretsDir, 'registry'),
    emit: campaign.emit,
    clock: around.clock,
    signal: around.signal,
  });
  if (pulled.status === 'FAILURE') {
    throw new MadError(
      'PULL_FAILED',
      `the package ${image} could not be pulled: ${pulled.failure?.message ?? ''}`,
      {
        hint: 'Check the registry and its credentials, or start in a copy of the package.',
      },
    );
  }
  const labels = {
    'madengine.campaign': campaign.folder.id,
    'madengine.host': campaign.host,
    'madengine.results_root': campaign.resultsRoot,
  };
  await engine.extractFile(pulled.reference, `/${archiveInImage}`, to, {
    name: `madengine-package-${campaign.folder.id}`,
    labels,
  });
}
