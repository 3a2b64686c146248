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

/** Where the package's files are, or will be once its snapshot is unpacked. */
export interface PackagePlace {
  folder: string;
  from: 'current folder' | 'manifest' | 'snapshot';
}

type Wanted = Pick<RunInputs, 'jobs' | 'manifest' | 'manifestFile'>;

/**
 * The current folder, else the snapshot that the manifest carries or names, else the manifest's own folder; where none
 * has all scripts, the first folder that has some: what is missing there fails its own model alone. Throws
 * PACKAGE_NOT_FOUND when the models' scripts are in none of them.
 */
export async function packagePlace(
  { jobs, manifest, manifestFile }: Wanted,
  { cwd, cacheDir }: Pick<Surroundings, 'cwd' | 'cacheDir'>,
): Promise<PackagePlace> {
  const scripts = [...new Set(jobs.map((job) => job.card.scripts))];
  const here = await countOf(scripts, cwd);
  if (here === scripts.length) return { folder: cwd, from: 'current folder' };
  const snapshot = manifest.package;
  if (snapshot && (snapshot.archive || snapshot.image))
    return { folder: folderOf(snapshot, cacheDir), from: 'snapshot' };
  const beside = dirname(resolve(cwd, manifestFile));
  const there = await countOf(scripts, beside);
  if (there === scripts.length || (here === 0 && there > 0)) return { folder: beside, from: 'manifest' };
  if (here > 0) return { folder: cwd, from: 'current folder' };
  throw new MadError(
    'PACKAGE_NOT_FOUND',
    `the scripts of the models are not here: no ${scripts[0]} in ${cwd}`,
    {
      hint: 'Start in the MAD package, or build with `--package file` or `--package registry`, which need no copy of it.',
    },
  );
}

/** The package's files on this machine, fetched where they are not there yet. Throws as `packagePlace` does. */
export async function locatePackage(
  inputs: RunInputs,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<string> {
  const { folder, from } = await packagePlace(inputs, around);
  const snapshot = inputs.manifest.package;
  if (from === 'snapshot' && snapshot) return fetchPackage(snapshot, inputs, campaign, around);
  if (from === 'manifest') {
    campaign.emit({
      type: 'notice',
      level: 'info',
      code: 'PACKAGE_BESIDE_MANIFEST',
      message: `the current folder does not have the models' scripts: taking the package from ${folder}, where the manifest lies`,
    });
  }
  return folder;
}

const folderOf = ({ digest }: PackageSnapshot, cacheDir: string): string =>
  join(cacheDir, 'packages', digest.replace('sha256:', ''));

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
  const into = folderOf(snapshot, around.cacheDir);
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
