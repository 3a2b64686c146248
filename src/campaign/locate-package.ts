/** Where a package's files are on this machine, and how they come here. */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { makeFolders } from '../foundation/file/make-folders.ts';
import { ensureImage } from '../image/pull.ts';
import { loginFor } from '../image/registry-login.ts';
import { unpackSnapshot } from '../package/snapshot.ts';
import type { PackageSnapshot } from '../package/snapshot-schema.ts';
import type { OpenCampaign } from './open-campaign.ts';
import type { Surroundings } from './options.ts';
import type { RunInputs } from './run-inputs.ts';

/** The one file in a package image. */
export const archiveInImage = 'package.tar.gz';

/**
 * The current folder, else the snapshot that the manifest carries or names, else the manifest's own folder; where none
 * has all scripts, the first folder that has some: what is missing there fails its own model alone. Throws
 * PACKAGE_NOT_FOUND when the models' scripts are in none of them.
 */
export async function locatePackage(
  inputs: RunInputs,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<string> {
  const scripts = [...new Set(inputs.jobs.map((job) => job.card.scripts))];
  const here = await countOf(scripts, around.cwd);
  if (here === scripts.length) return around.cwd;
  const snapshot = inputs.manifest.package;
  if (snapshot && (snapshot.archive || snapshot.image)) {
    return fetchPackage(snapshot, inputs, campaign, around);
  }
  const beside = dirname(resolve(around.cwd, inputs.manifestFile));
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
  const found = await Promise.all(scripts.map((script) => isThere(join(folder, script))));
  return found.filter(Boolean).length;
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

type Source = Pick<RunInputs, 'manifestFile' | 'engine' | 'access'>;

/** The folder in the cache that holds a snapshot, fetched and checked where it is not there yet. */
export async function fetchPackage(
  snapshot: PackageSnapshot,
  source: Source,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<string> {
  const { manifestFile } = source;
  if (!/^sha256:[0-9a-f]{64}$/.test(snapshot.digest)) {
    throw new MadError('INVALID_FILE', `${manifestFile}: package.digest is no digest: ${snapshot.digest}`, {
      hint: 'Build the manifest anew with `madengine-cli build --package …`.',
    });
  }
  const into = join(around.cacheDir, 'packages', snapshot.digest.replace('sha256:', ''));
  if (await isThere(into)) return into;
  await makeFolders(around.cacheDir);
  await mkdir(dirname(into), { recursive: true, mode: 0o700 });
  if (!snapshot.image) {
    await unpackSnapshot(await archiveBeside(manifestFile, snapshot, around.cwd), snapshot, into);
    return into;
  }
  const image = await pullPackage(snapshot.image, source, campaign, around);
  const folder = await mkdtemp(join(campaign.secretsDir, 'package-'));
  try {
    const archive = join(folder, archiveInImage);
    await source.engine.extractFile(image, `/${archiveInImage}`, archive, {
      name: `madengine-package-${campaign.folder.id}`,
      labels: {
        'madengine.campaign': campaign.folder.id,
        'madengine.host': campaign.host,
        'madengine.results_root': campaign.resultsRoot,
      },
    });
    await unpackSnapshot(archive, snapshot, into);
    return into;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The path of the archive, which lies beside the manifest. Throws PACKAGE_NOT_FOUND. */
async function archiveBeside(
  manifestFile: string,
  { archive }: PackageSnapshot,
  cwd: string,
): Promise<string> {
  const file = join(dirname(resolve(cwd, manifestFile)), basename(archive?.file ?? ''));
  if ((await stat(file).catch(() => undefined))?.isFile()) return file;
  throw new MadError('PACKAGE_NOT_FOUND', `the manifest's package ${file} is not there`, {
    hint: 'Copy it beside the manifest, under the name that the build gave it.',
  });
}

/** Returns the name of the image here. */
async function pullPackage(
  image: string,
  { engine, access }: Source,
  campaign: OpenCampaign,
  { clock, signal }: Surroundings,
): Promise<string> {
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
    clock,
    signal,
  });
  if (pulled.status !== 'FAILURE') return pulled.reference;
  const reason = pulled.failure?.message ?? '';
  throw new MadError('PULL_FAILED', `the package ${image} could not be pulled: ${reason}`, {
    hint: 'Check the registry and its credentials, or start in a copy of the package.',
  });
}
