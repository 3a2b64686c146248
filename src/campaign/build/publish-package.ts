/** How a package reaches nodes that have no copy of it: `--package`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { pushImage } from '../../image/push.ts';
import { registryImage } from '../../image/reference.ts';
import { loginFor } from '../../image/registry-login.ts';
import type { BuildSpec } from '../../machine/engine/engine.ts';
import { writeSnapshotArchive } from '../../package/snapshot.ts';
import type { PackageSnapshot } from '../../package/snapshot-schema.ts';
import { archiveInImage } from '../locate-package.ts';
import type { OpenCampaign } from '../open-campaign.ts';
import type { Surroundings } from '../options.ts';
import type { BuildInputs } from './plan-builds.ts';

/** The snapshot as the manifest names it, after its archive was written or its image pushed. */
export async function publishPackage(
  snapshot: PackageSnapshot,
  inputs: BuildInputs,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<PackageSnapshot> {
  const { options } = inputs;
  if (options.package === 'none' || around.signal.aborted) return snapshot;
  if (options.package === 'file') {
    const file = `${resolve(around.cwd, options.manifestOutput)}.package.tar.gz`;
    const archive = await writeSnapshotArchive(around.cwd, snapshot, file);
    campaign.emit({ type: 'file.written', kind: 'package', path: file });
    return { ...snapshot, archive: { file: basename(file), sha256: archive.sha256 } };
  }
  return { ...snapshot, ...(await publishAsImage(snapshot, inputs, campaign, around)) };
}

async function publishAsImage(
  snapshot: PackageSnapshot,
  inputs: BuildInputs,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<Pick<PackageSnapshot, 'archive' | 'image'>> {
  const image = `ci-madpackage:${snapshot.digest.replace('sha256:', '').slice(0, 16)}`;
  const folder = await mkdtemp(join(campaign.secretsDir, 'package-'));
  try {
    const archive = await writeSnapshotArchive(around.cwd, snapshot, join(folder, archiveInImage));
    await writeFile(join(folder, 'Dockerfile'), `FROM scratch\nCOPY ${archiveInImage} /${archiveInImage}\n`);
    await campaign.folder.journal.append({ act: 'image.build', image, dockerfile: 'Dockerfile' });
    await inputs.engine.build({
      ...plainBuild(folder, image),
      secretsDir: campaign.secretsDir,
      labels: { 'madengine.campaign': campaign.folder.id, 'madengine.package': snapshot.digest },
      signal: around.signal,
    });
    return {
      image: await pushPackage(image, inputs, campaign, around),
      archive: { file: archiveInImage, sha256: archive.sha256 },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const plainBuild = (folder: string, image: string): Omit<BuildSpec, 'secretsDir' | 'labels'> => ({
  image,
  dockerfile: join(folder, 'Dockerfile'),
  contextDir: folder,
  namedContexts: {},
  buildArgs: {},
  secretEnv: {},
  secrets: {},
  noCache: false,
  pull: false,
  onOutput: () => {},
});

/** Returns the image by its digest in the registry. */
async function pushPackage(
  image: string,
  { options, access: { credentials }, engine }: BuildInputs,
  campaign: OpenCampaign,
  { clock, signal }: Surroundings,
): Promise<string> {
  const registry = options.registry ?? '';
  const target = registryImage(registry, credentials, image.replace(':', '-'));
  const login = loginFor(registry, credentials);
  await campaign.folder.journal.append({ act: 'image.push', image, registry_image: target });
  const { failure, digest } = await pushImage({
    engine,
    image,
    registryImage: target,
    ...(login ? { login } : {}),
    configDir: join(campaign.secretsDir, 'registry'),
    emit: campaign.emit,
    clock,
    signal,
  });
  if (!failure && digest) return `${withoutTag(target)}@${digest}`;
  const reason = failure?.message ?? 'the registry named no digest';
  throw new MadError('PUSH_FAILED', `the package could not be pushed to ${target}: ${reason}`, {
    hint: 'Check the registry and its credentials, or use --package file.',
  });
}

/** The repository of a tagged reference; a colon before the last slash is a port. */
function withoutTag(reference: string): string {
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/') ? reference.slice(0, colon) : reference;
}
