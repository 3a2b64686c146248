// Brings data from a folder of a web server that has a list of its files: SHA256SUMS, as `sha256sum` writes it.
//
//   data.json: {"my_data": {"http": {"path": "http://data.example.com/sets/my_data"}}}
//
// A login is the entry HTTP_DATA of credential.json: {"HTTP_DATA": {"username": "…", "password": "…"}}.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MadError } from 'madengine/plugin';

/** @type {import('madengine/plugin').ProviderPlugin} */
export default {
  api: 1,
  kind: 'provider',
  name: 'http',
  credentials: ['HTTP_DATA'],

  async check(source, around) {
    const files = await listOf(source, around);
    return files.length > 0 ? undefined : 'its SHA256SUMS names no file';
  },

  // The list changes when the data does.
  async version(source, around) {
    const files = await listOf(source, around);
    return createHash('sha256').update(JSON.stringify(files)).digest('hex');
  },

  async fetch(source, into, around, onProgress) {
    const files = await listOf(source, around);
    let [bytes, reusedBytes] = [0, 0];
    for (const { path, sha256 } of files) {
      const target = join(into, path);
      // What an earlier call brought is good when its content is.
      if ((await sha256Of(target)) === sha256) {
        reusedBytes += (await stat(target)).size;
      } else {
        await mkdir(dirname(target), { recursive: true });
        const part = join(dirname(target), `.madengine-part-${sha256.slice(0, 16)}`);
        const response = await get(source, path, around);
        await pipeline(Readable.fromWeb(response.body), createWriteStream(part), { signal: around.signal });
        if ((await sha256Of(part)) !== sha256) {
          throw unavailable(`${path} is not what SHA256SUMS says: it came in damaged`, true);
        }
        await rename(part, target);
      }
      bytes += (await stat(target)).size;
      onProgress(bytes, undefined);
    }
    return { files: files.length, bytes, reusedBytes };
  },
};

/** Names come from a server: none may lead out of the folder. */
const plainPath = /^(?!.*(?:^|\/)\.)[\w+.\-/]+$/;

async function listOf(source, around) {
  const text = await (await get(source, 'SHA256SUMS', around)).text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, sha256, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
      if (path === undefined || !plainPath.test(path)) {
        throw new MadError(
          'DATA_UNAVAILABLE',
          `SHA256SUMS has a line that can't be used: ${line.slice(0, 80)}`,
        );
      }
      return { path, sha256 };
    });
}

async function get(source, path, { credentials, signal }) {
  const login = credentials.HTTP_DATA;
  const headers = login
    ? { authorization: `Basic ${btoa(`${login.username}:${login.password.reveal()}`)}` }
    : {};
  const response = await fetch(`${source.path}/${path}`, { headers, signal }).catch((error) => {
    throw unavailable(`the server does not answer: ${error.cause?.code ?? error.message}`, true);
  });
  if (response.ok) return response;
  throw unavailable(`the server answers ${response.status} for ${path}`, response.status >= 500);
}

/** `passes`: another try may do better. */
const unavailable = (message, passes) => new MadError('DATA_UNAVAILABLE', message, { passes });

async function sha256Of(file) {
  const sum = createHash('sha256');
  try {
    await pipeline(createReadStream(file), sum);
  } catch {
    return undefined;
  }
  return sum.digest('hex');
}
