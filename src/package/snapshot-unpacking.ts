import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { MadError } from '../foundation/error.ts';
import { temporaryBeside } from '../foundation/file/atomic-write.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import { chunkBytes, digestOf } from './snapshot-content.ts';
import { faultOfPaths, resolveInside, shownPath } from './snapshot-link.ts';
import type { PackageFile, PackageSnapshot } from './snapshot-schema.ts';

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
  const entries = extract();
  const writer = new Writer(archive, snapshot, folder);
  const feeding = pipeline(
    createReadStream(archive),
    createGunzip(),
    limitedTo(largestTar(snapshot), archive),
    entries,
  );
  const reading = (async () => {
    for await (const entry of entries) {
      await writer.take(entry.header, entry as AsyncIterable<unknown> as AsyncIterable<Uint8Array>);
      entry.resume();
    }
  })();
  const [read, fed] = await Promise.allSettled([reading, feeding]);
  // Also after a failure: nothing may still be written while the folder is removed.
  const written = await Promise.allSettled([writer.finish()]);
  // The reader's own error says more than the broken stream that it leaves behind.
  const reasons = [read, ...written, fed].flatMap((end) =>
    end.status === 'rejected' ? [end.reason as unknown] : [],
  );
  if (reasons.length > 0) {
    throw readError(archive, reasons.find((one) => one instanceof MadError) ?? reasons[0]);
  }
  writer.requireAll();
  await writer.makeLinks();
}

/** Files that are written at the same time. */
const filesAtOnce = 16;

/** Takes the entries of an archive one after the other and lets through what the snapshot knows. */
class Writer {
  readonly #archive: string;
  readonly #folder: string;
  readonly #missing: Map<string, PackageFile>;
  readonly #links = new Map<string, string>();
  readonly #folders = new Set<string>();
  readonly #atWork = new Set<Promise<void>>();

  constructor(archive: string, snapshot: PackageSnapshot, folder: string) {
    this.#archive = archive;
    this.#folder = folder;
    this.#missing = new Map(snapshot.files.map((file) => [file.path, file]));
  }

  async take(header: Header, content: AsyncIterable<Uint8Array>): Promise<void> {
    const file = this.#missing.get(header.name);
    if (!file) throw this.#refused(`${shownPath(header.name)} is unknown or stands there twice`);
    this.#missing.delete(file.path);
    if (file.mode === 'link') {
      this.#links.set(file.path, this.#linkOf(header, file));
      return;
    }
    if (header.type !== 'file' || header.size !== file.bytes) {
      throw this.#refused(`${shownPath(file.path)} is not the file that was packed`);
    }
    await this.#makeFolder(dirname(file.path));
    if (file.bytes > chunkBytes) return this.#write(file, content);
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    while (this.#atWork.size >= filesAtOnce) await Promise.race(this.#atWork);
    const work = this.#write(file, chunks);
    this.#atWork.add(work);
    work.then(
      () => this.#atWork.delete(work),
      // It stays, so that the next wait or the end throws it.
      () => {},
    );
  }

  /** Waits for the files that are still written; throws what one of them threw. */
  async finish(): Promise<void> {
    const ends = await Promise.allSettled(this.#atWork);
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  }

  requireAll(): void {
    const [absent] = this.#missing.keys();
    if (absent !== undefined) throw this.#refused(`${shownPath(absent)} is missing`);
  }

  /** Links come last, when all of them are known: each is followed on paper before it exists. */
  async makeLinks(): Promise<void> {
    for (const path of this.#links.keys()) {
      const inside = await resolveInside(path, (part) => this.#links.get(part));
      if (inside === undefined) throw this.#refused(`the link ${shownPath(path)} leaves it`);
    }
    for (const [path, target] of this.#links) {
      await this.#makeFolder(dirname(path));
      await symlink(target, join(this.#folder, path));
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    await mkdir(join(this.#folder, folder), { recursive: true });
    this.#folders.add(folder);
  }

  #linkOf({ type, linkname }: Header, file: PackageFile): string {
    if (type === 'symlink' && linkname && hash('sha256', linkname) === file.sha256) return linkname;
    throw this.#refused(`${shownPath(file.path)} is not the link that was packed`);
  }

  async #write(file: PackageFile, content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    // No links exist yet, and "wx" opens nothing that does: what is written lies in the folder.
    const handle = await open(join(this.#folder, file.path), 'wx', 0o600);
    const sum = createHash('sha256');
    try {
      for await (const chunk of content) {
        sum.update(chunk);
        await handle.writeFile(chunk);
      }
      await handle.chmod(Number.parseInt(file.mode, 8));
    } finally {
      await handle.close();
    }
    if (sum.digest('hex') !== file.sha256) {
      throw this.#refused(`${shownPath(file.path)} has another content than was packed`);
    }
  }

  #refused(why: string): MadError {
    return refused(this.#archive, why);
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
