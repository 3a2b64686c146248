/** Against a small HTTP server that answers as an object store does, or as a hostile one would. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../../foundation/clock.ts';
import { readCredentials } from '../../../package/credential-file.ts';
import { fakeAround } from '../fake-around.ts';
import { minio } from '../minio.ts';
import type { DataSource } from '../provider.ts';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** Answers a request for an object; returns whether it did. */
type Special = (request: IncomingMessage, response: ServerResponse, key: string) => boolean;

interface Store {
  endpoint: string;
  objects: Map<string, string>;
  requests: string[];
}

async function storeWith(objects: Record<string, string>, special: Special = () => false): Promise<Store> {
  const store: Store = { endpoint: '', objects: new Map(Object.entries(objects)), requests: [] };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://host');
    const key = url.pathname.split('/').slice(2).map(decodeURIComponent).join('/');
    store.requests.push(`${request.method} ${key} ${request.headers.range ?? ''}`.trim());
    if (special(request, response, key)) return;
    if (url.searchParams.has('list-type')) return void list(store, url, response);
    const content = store.objects.get(key);
    if (content === undefined) return fail(response, 404, 'NoSuchKey');
    const etag = `"${md5(content)}"`;
    if ((request.headers['if-match'] ?? etag) !== etag) return fail(response, 412, 'PreconditionFailed');
    response.setHeader('ETag', etag);
    response.setHeader('Content-Length', Buffer.byteLength(content));
    response.end(request.method === 'HEAD' ? undefined : content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  store.endpoint = `http://127.0.0.1:${address.port}`;
  return store;
}

function list({ objects }: Store, url: URL, response: ServerResponse): void {
  const prefix = url.searchParams.get('prefix') ?? '';
  const contents = [...objects]
    .filter(([key]) => key.startsWith(prefix))
    .map(
      ([key, content]) =>
        `<Contents><Key>${encodeURIComponent(key)}</Key><Size>${Buffer.byteLength(content)}</Size><ETag>"${md5(content)}"</ETag></Contents>`,
    );
  const facts = `<Name>bucket</Name><KeyCount>${contents.length}</KeyCount><EncodingType>url</EncodingType>`;
  response.end(`<?xml version="1.0"?><ListBucketResult>${facts}${contents.join('')}</ListBucketResult>`);
}

function fail(response: ServerResponse, status: number, code: string): void {
  response.statusCode = status;
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>said the server</Message></Error>`);
}

const instant: Clock = { now: () => new Date(0), monotonic: () => 0, sleep: async () => {} };

async function folderFor(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 's3-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function fetchInto(into: string, { endpoint }: Store, path = 's3://bucket/set', signal?: AbortSignal) {
  const env = {
    MAD_MINIO: JSON.stringify({ USERNAME: 'id-of-me', PASSWORD: 'secret-word', MINIO_ENDPOINT: endpoint }),
  };
  const credentials = await readCredentials(into, env);
  const around = { ...fakeAround(into, signal), clock: instant, env, credentials };
  const source: DataSource = { name: 'set', kind: 'minio', path, readwrite: false, args: '' };
  return minio.fetch?.(source, into, around, () => {});
}

test('a hostile key ends the whole before a byte is written', async () => {
  const store = await storeWith({ 'set/good': 'x', 'set/../../../escaped': 'x' });
  const into = await folderFor();
  await expect(fetchInto(into, store)).rejects.toThrow('"set/../../../escaped" leads out of its folder');
  expect(await readdir(into)).toEqual([]);
});

test('content that does not come to its checksum never gets its name', async () => {
  const store = await storeWith({ 'set/a': 'good', 'set/b': 'good too' }, (request, response, key) => {
    if (key !== 'set/b' || request.method !== 'GET') return false;
    response.setHeader('ETag', `"${md5('good too')}"`);
    response.end('evil too');
    return true;
  });
  const into = await folderFor();
  await expect(fetchInto(into, store)).rejects.toMatchObject({
    code: 'DATA_UNAVAILABLE',
    message: expect.stringContaining('set/b does not come to its checksum'),
  });
  expect(await readdir(into)).not.toContain('b');
});

test('an object that never stops changing may come later, a key that is not allowed never will', async () => {
  const changing = await storeWith({ 'set/a': 'before' }, (request, response, key) => {
    const isRead = key === 'set/a' && request.method === 'GET';
    if (isRead) fail(response, 412, 'PreconditionFailed');
    return isRead;
  });
  await expect(fetchInto(await folderFor(), changing)).rejects.toMatchObject({ passes: true });
  const closed = await storeWith({ 'set/a': 'x' }, (_request, response) => {
    fail(response, 403, 'AccessDenied');
    return true;
  });
  await expect(fetchInto(await folderFor(), closed)).rejects.toMatchObject({ passes: false });
});

test('an object that changes while it is read comes as it is now', async () => {
  let changes = 1;
  const store = await storeWith({ 'set/a': 'before' }, (request, _response, key) => {
    if (key === 'set/a' && request.method === 'GET' && changes-- > 0) store.objects.set('set/a', 'after it');
    return false;
  });
  const into = await folderFor();
  expect(await fetchInto(into, store)).toMatchObject({ files: 1 });
  expect(await readFile(join(into, 'a'), 'utf8')).toBe('after it');
  expect(await readdir(into)).toEqual(['a']);
});

test('busy and broken answers are asked for again', async () => {
  const ofListing = [503, 0, 429];
  const ofContent = [500, 0, 408, 503];
  const store = await storeWith({ 'set/a': 'content' }, (request, response, key) => {
    const trouble = (key === '' ? ofListing : ofContent).shift();
    if (trouble === undefined) return false;
    if (trouble === 0) request.socket.destroy();
    else fail(response, trouble, 'SlowDown');
    return true;
  });
  const into = await folderFor();
  await fetchInto(into, store);
  expect(await readFile(join(into, 'a'), 'utf8')).toBe('content');
});

test('what lies there already is taken over by its content, not by its size', async () => {
  const store = await storeWith({ 'set/same': '12345', 'set/other': '12345', 'set/deep/link': '12345' });
  const into = await folderFor();
  const outside = await folderFor();
  await writeFile(join(into, 'same'), '12345');
  await writeFile(join(into, 'other'), '1234x');
  await symlink(outside, join(into, 'deep'));
  expect(await fetchInto(into, store)).toMatchObject({ files: 3, bytes: 15, reusedBytes: 5 });
  expect(store.requests.filter((request) => request.startsWith('GET set/')).sort()).toEqual([
    'GET set/deep/link',
    'GET set/other',
  ]);
  expect(await readFile(join(into, 'other'), 'utf8')).toBe('12345');
  expect(await readFile(join(into, 'deep/link'), 'utf8')).toBe('12345');
  expect(await readdir(outside)).toEqual([]);
});

test('one object is found by its whole name, a folder does not take its neighbours along', async () => {
  const store = await storeWith({ 'set/a': '1', set2: '2', 'set2/b': '3', 'only.bin': '4' });
  const [folder, file] = [await folderFor(), await folderFor()];
  expect(await fetchInto(folder, store)).toMatchObject({ files: 1 });
  await fetchInto(file, store, 's3://bucket/only.bin');
  expect(await readdir(file)).toEqual(['only.bin']);
  await expect(fetchInto(file, store, 's3://bucket/se')).rejects.toThrow('s3://bucket/se: there is nothing');
});

test.each([
  ['RequestTimeTooSkewed', 403, 'clock'],
  ['InvalidAccessKeyId', 403, 'does not know the access key'],
  ['SignatureDoesNotMatch', 403, 'refuses the secret key'],
  ['AccessDenied', 403, 'gives no access'],
  ['NoSuchBucket', 404, 'no bucket bucket'],
  ['ExpiredToken', 400, 'expired'],
  ['InvalidObjectState', 403, 'archive'],
  ['MethodNotAllowed', 405, 'answers with 405 (MethodNotAllowed'],
])('%s is told in words, with a next step and without a secret', async (code, status, words) => {
  const store = await storeWith({}, (_request, response) => {
    fail(response, status, code);
    return true;
  });
  const error = await fetchInto(await folderFor(), store).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'DATA_UNAVAILABLE', message: expect.stringContaining(words) });
  expect(error.hint).not.toBe(undefined);
  expect(error.message + error.hint).not.toMatch(/secret-word|id-of-me/);
});

test('a web page in the place of a store is said to be none', async () => {
  const store = await storeWith({}, (_request, response) => {
    response.end('<html><body>console</body></html>');
    return true;
  });
  await expect(fetchInto(await folderFor(), store)).rejects.toThrow('no object store');
});

test('an abort ends it at once, with its reason', async () => {
  const stop = new AbortController();
  const store = await storeWith({ 'set/a': 'x' }, (request, response, key) => {
    if (key !== 'set/a' || request.method !== 'GET') return false;
    response.write('x'.repeat(0));
    stop.abort(new Error('stopped by the test'));
    return true;
  });
  await expect(fetchInto(await folderFor(), store, undefined, stop.signal)).rejects.toThrow(
    'stopped by the test',
  );
});
