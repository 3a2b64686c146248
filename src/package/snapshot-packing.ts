import { createHash, hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readlink, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import { MadError } from '../foundation/error.ts';
import { syncFolder, temporaryBeside } from '../foundation/file/atomic-write.ts';
import { changed, chunkBytes, packageFileChunks } from './snapshot-content.ts';
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
      new Transform({
        transform(chunk, _encoding, done) {
          sum.update(chunk);
          done(null, chunk);
        },
      }),
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

type Sink = ReturnType<Pack['entry']>;

async function packFiles(archive: Pack, root: string, files: readonly PackageFile[]): Promise<void> {
  const common = { uid: 0, gid: 0, mtime: new Date(0) };
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  for await (const { file, content } of readAhead(root, sorted)) {
    if (file.mode === 'link') {
      const linkname = await readlink(join(root, file.path)).catch(() => undefined);
      if (linkname === undefined || hash('sha256', linkname) !== file.sha256) throw changed(file.path);
      archive.entry({ ...common, name: file.path, type: 'symlink', linkname, mode: 0o777 });
    } else {
      const mode = Number.parseInt(file.mode, 8);
      const entry = archive.entry({ ...common, name: file.path, size: file.bytes, mode });
      // The archive's pipeline reports it; without a listener it would end the process.
      entry.on('error', () => {});
      await packFile(entry, content ? [content] : packageFileChunks(root, file.path), file);
    }
  }
  archive.finalize();
}

async function packFile(
  entry: Sink,
  content: Iterable<Buffer> | AsyncIterable<Buffer>,
  file: PackageFile,
): Promise<void> {
  const sum = createHash('sha256');
  let bytes = 0;
  for await (const data of content) {
    bytes += data.length;
    if (bytes > file.bytes || entry.destroying) break;
    sum.update(data);
    if (!entry.write(data)) await drained(entry);
  }
  if (entry.destroying) throw new Error('The archive could not be written.');
  if (bytes !== file.bytes || sum.digest('hex') !== file.sha256) throw changed(file.path);
  entry.end(undefined);
}

const drained = (entry: Sink): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      entry.off('drain', done);
      entry.off('close', done);
      resolve();
    };
    entry.on('drain', done);
    entry.on('close', done);
    if (entry.destroying) done();
  });

/** Files that are at work at the same time, when each fits in one chunk. */
const filesAtOnce = 16;
const isSmall = (file: PackageFile): boolean => file.mode !== 'link' && file.bytes <= chunkBytes;

/** In order, with the content of small files, which are read while those before them are packed. */
async function* readAhead(
  root: string,
  files: readonly PackageFile[],
): AsyncGenerator<{ file: PackageFile; content: Buffer | undefined }> {
  const started: Promise<Buffer | undefined>[] = [];
  for (const [index, file] of files.entries()) {
    for (const next of files.slice(started.length, index + filesAtOnce)) {
      const content = isSmall(next) ? wholeFile(root, next) : Promise.resolve(undefined);
      // An error is thrown where its file is due.
      content.catch(() => {});
      started.push(content);
    }
    yield { file, content: await started[index] };
  }
}

async function wholeFile(root: string, file: PackageFile): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const data of packageFileChunks(root, file.path)) {
    bytes += data.length;
    if (bytes > file.bytes) throw changed(file.path);
    chunks.push(data);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}
