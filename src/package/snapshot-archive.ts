import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, type Header, type Pack, pack } from 'tar-stream';
import { MadError } from '../foundation/error.ts';
import { syncFolder, temporaryBeside } from '../foundation/file/atomic-write.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import { digestOf, openPackageFile } from './snapshot-content.ts';
import { faultOfPaths, resolveInside, shownPath } from './snapshot-link.ts';
import type { PackageFile, PackageSnapshot } from './snapshot-schema.ts';

/**
 * Writes the snapshot as a tar.gz that depends on nothing but its content: sorted, no times, no owners. Every file is
 * checked against the snapshot while it is packed (INVALID_FILE when it changed). `file` appears only when whole.
 */
export async function writeSnapshotArchive(
  root: string,
  snapshot: PackageSnapshot,
  file: string,
): Promise<{ file: string; sha256: string }> {
  const temporary = temporaryBeside(file);
  const sum = createHash('sha256');
  const archive = pack();
  try {
    const writing = pipeline(
      archive,
      createGzip(),
      summing(sum),
      createWriteStream(temporary, { flags: 'wx', flush: true }),
    );
    const packing = packFiles(archive, root, snapshot.files).catch((error: unknown) => {
      archive.destroy(error as Error);
      throw error;
    });
    // Both have to be over before the temporary file goes; what the writer says is the cause, if it isn't ours.
    const [packed, written] = await Promise.allSettled([packing, writing]);
    const reasons = [written, packed].flatMap((end) =>
      end.status === 'rejected' ? [end.reason as unknown] : [],
    );
    if (reasons.length > 0) throw reasons.find((one) => one instanceof MadError) ?? reasons[0];
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
  return { file, sha256: sum.digest('hex') };
}

function summing(sum: Hash): Transform {
  return new Transform({
    transform(chunk, _encoding, done) {
      sum.update(chunk);
      done(null, chunk);
    },
  });
}

async function packFiles(archive: Pack, root: string, files: readonly PackageFile[]): Promise<void> {
  const common = { uid: 0, gid: 0, mtime: new Date(0) };
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (file.mode === 'link') {
      const linkname = await readlink(join(root, file.path)).catch(() => undefined);
      if (linkname === undefined || sha256Of(linkname) !== file.sha256) throw changed(file.path);
      archive.entry({ ...common, name: file.path, type: 'symlink', linkname, mode: 0o777 });
    } else {
      const header = { ...common, name: file.path, size: file.bytes, mode: Number.parseInt(file.mode, 8) };
      await packFile(archive.entry(header), root, file);
    }
  }
  archive.finalize();
}

async function packFile(entry: ReturnType<Pack['entry']>, root: string, file: PackageFile): Promise<void> {
  // The archive's pipeline reports it; without a listener it would end the process.
  entry.on('error', () => {});
  const handle = await openPackageFile(root, file.path);
  try {
    const sum = createHash('sha256');
    let bytes = 0;
    for await (const chunk of handle.createReadStream({ highWaterMark: 2 ** 20, autoClose: false })) {
      bytes += chunk.length;
      if (bytes > file.bytes || entry.destroying) break;
      sum.update(chunk);
      if (!entry.write(chunk)) await drained(entry);
    }
    if (entry.destroying) throw new Error('The archive could not be written.');
    if (bytes !== file.bytes || sum.digest('hex') !== file.sha256) throw changed(file.path);
    entry.end(undefined);
  } finally {
    await handle.close();
  }
}

const drained = (entry: ReturnType<Pack['entry']>): Promise<void> =>
  new Promise((resolve) => {
    entry.once('drain', resolve);
    entry.once('close', resolve);
    if (entry.destroying) resolve();
  });

const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

const changed = (path: string, cause?: unknown): MadError =>
  new MadError('INVALID_FILE', `${shownPath(path)} changed since the package was read.`, {
    hint: 'Start again when nothing writes to the package.',
    cause,
  });

/**
 * Unpacks an archive into `into`, which appears only when everything in it is as the snapshot says; when it is there
 * already, nothing is done. The archive is hostile until shown otherwise. Throws INVALID_FILE, FILE_NOT_FOUND.
 */
export async function unpackSnapshot(
  archive: string,
  snapshot: PackageSnapshot,
  into: string,
): Promise<void> {
  if (await isFolder(into)) return;
  const fault = faultOfPaths(snapshot.files);
  if (fault !== undefined) throw refused(archive, fault);
  if (digestOf(snapshot.files) !== snapshot.digest)
    throw refused(archive, `its files don't give ${snapshot.digest}`);
  const temporary = temporaryBeside(into);
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  try {
    await unpackInto(archive, snapshot, temporary);
    await rename(temporary, into).catch(async (error: unknown) => {
      // Somebody else unpacked the same digest meanwhile.
      if (!['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '') || !(await isFolder(into))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

async function unpackInto(archive: string, snapshot: PackageSnapshot, folder: string): Promise<void> {
  const missing = new Map(snapshot.files.map((file) => [file.path, file]));
  const links = new Map<string, string>();
  const entries = extract();
  const feeding = pipeline(
    createReadStream(archive),
    createGunzip(),
    limitedTo(largestTar(snapshot), archive),
    entries,
  );
  const reading = (async () => {
    for await (const entry of entries) {
      const { header } = entry;
      const file = missing.get(header.name);
      if (!file) throw refused(archive, `${shownPath(header.name)} is unknown or stands there twice`);
      missing.delete(file.path);
      if (file.mode === 'link') links.set(file.path, linkOf(archive, header, file));
      else await unpackFile(archive, header, entry, file, folder);
      entry.resume();
    }
  })();
  const [read, fed] = await Promise.allSettled([reading, feeding]);
  // The reader's own error says more than the broken stream that it leaves behind.
  const reasons = [read, fed].flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  if (reasons.length > 0)
    throw readError(archive, reasons.find((one) => one instanceof MadError) ?? reasons[0]);
  const [absent] = missing.keys();
  if (absent !== undefined) throw refused(archive, `${shownPath(absent)} is missing`);
  await makeLinks(archive, links, folder);
}

function linkOf(archive: string, { type, linkname }: Header, file: PackageFile): string {
  if (type === 'symlink' && linkname && sha256Of(linkname) === file.sha256) return linkname;
  throw refused(archive, `${shownPath(file.path)} is not the link that was packed`);
}

async function unpackFile(
  archive: string,
  header: Header,
  content: AsyncIterable<unknown>,
  file: PackageFile,
  folder: string,
): Promise<void> {
  if (header.type !== 'file' || header.size !== file.bytes) {
    throw refused(archive, `${shownPath(file.path)} is not the file that was packed`);
  }
  const path = join(folder, file.path);
  await mkdir(dirname(path), { recursive: true });
  // No links exist yet, and "wx" opens nothing that does: what is written lies in the folder.
  const handle = await open(path, 'wx', 0o600);
  const sum = createHash('sha256');
  try {
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      sum.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.chmod(Number.parseInt(file.mode, 8));
  } finally {
    await handle.close();
  }
  if (sum.digest('hex') !== file.sha256) {
    throw refused(archive, `${shownPath(file.path)} has another content than was packed`);
  }
}

/** Links come last, when all of them are known: each is followed on paper before it exists. */
async function makeLinks(archive: string, links: ReadonlyMap<string, string>, folder: string): Promise<void> {
  for (const path of links.keys()) {
    const inside = await resolveInside(path, (part) => links.get(part));
    if (inside === undefined) throw refused(archive, `the link ${shownPath(path)} leaves it`);
  }
  for (const [path, target] of links) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await symlink(target, join(folder, path));
  }
}

/** What the files take in a tar, with room for two headers and a long name each; more is no snapshot of these files. */
const largestTar = (snapshot: PackageSnapshot): number =>
  snapshot.files.reduce((sum, { bytes, path }) => sum + bytes + 4096 + 4 * path.length, 2 ** 20);

/** Keeps a small archive from becoming an endless one. */
function limitedTo(bytes: number, archive: string): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > bytes) done(refused(archive, 'it holds more than it should'));
      else done(null, chunk);
    },
  });
}

const refused = (archive: string, why: string): MadError =>
  new MadError('INVALID_FILE', `${archive} is not the package of this manifest: ${why}.`, {
    hint: 'Take manifest and package from the same build.',
  });

function readError(archive: string, error: unknown): unknown {
  if (error instanceof MadError) return error;
  const errno = errnoOf(error) ?? '';
  if (errno === 'ENOENT' && (error as NodeJS.ErrnoException).path === archive) {
    return new MadError('FILE_NOT_FOUND', `There is no ${archive}.`, {
      hint: 'The package lies beside its manifest; copy both.',
      cause: error,
    });
  }
  // Errors of zlib and tar have codes of their own, those of the file system start with E.
  if (/^E[A-Z]+$/.test(errno)) return error;
  return refused(archive, `it is damaged (${(error as Error).message})`);
}
