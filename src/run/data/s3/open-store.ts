/** The SDK's client behind the few questions that downloads ask. Loading it takes a while, so it is imported on use. */
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../../foundation/clock.ts';
import { MadError } from '../../../foundation/error.ts';
import { retry } from '../../../foundation/retry.ts';
import { checksumOf, plainEtag } from './checksum.ts';
import { isPassing, isTimeout } from './error.ts';
import type { S3Settings } from './settings.ts';
import type { ObjectStore, StoredObject } from './stored-object.ts';

/** Of the reference; used where neither credentials, environment nor a profile name one. */
const defaultRegion = 'us-east-2';

const connectionTimeoutMs = 10_000;
/** Without a byte in either direction. */
const silenceMs = 60_000;

export interface StoreOptions {
  bucket: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Requests at once. */
  connections: number;
  clock: Clock;
  signal: AbortSignal;
}

/** For questions; downloads have their own way. */
const patience = {
  attempts: 4,
  firstDelayMs: 500,
  maxDelayMs: 4000,
  // Who waits for an answer has waited long enough then.
  retryable: (error: unknown) => isPassing(error) && !isTimeout(error),
};

/** Connects to nothing yet. Throws INVALID_FILE for certificates that can't be read. */
export async function openStore(settings: S3Settings, options: StoreOptions): Promise<ObjectStore> {
  const client = await clientFor(settings, options);
  const { bucket, clock, signal } = options;
  return {
    list: (prefix) => list(client, prefix, options),
    async look(key) {
      const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' });
      try {
        const ask = () => client.send(command, { abortSignal: signal });
        const answer = await retry(ask, patience, clock, signal);
        const { ContentLength: size = -1, ETag } = answer;
        return { key, size, etag: plainEtag(ETag), checksum: checksumOf(answer) };
      } catch (error) {
        if (error instanceof Error && (error.name === 'NotFound' || error.name === 'NoSuchKey'))
          return undefined;
        throw error;
      }
    },
    async firstPartBytes(key) {
      const command = new HeadObjectCommand({ Bucket: bucket, Key: key, PartNumber: 1 });
      const ask = () => client.send(command, { abortSignal: signal });
      return (await retry(ask, patience, clock, signal)).ContentLength;
    },
    async open({ key, etag }, range, abortSignal) {
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        ...(etag === '' ? {} : { IfMatch: `"${etag}"` }),
        ...(range ? { Range: `bytes=${range.from}-${range.to}` } : {}),
      });
      const answer = await client.send(command, { abortSignal });
      if (!answer.Body) throw new Error('the object store answers without a content');
      const body = answer.Body as Readable;
      if (!range) return { body, checksum: checksumOf(answer) };
      if (answer.ContentRange?.startsWith(`bytes ${range.from}-`)) return { body, checksum: undefined };
      body.destroy();
      throw new Error('the object store answers with another range than the one that was asked for');
    },
    close: () => client.destroy(),
  };
}

async function* list(
  client: S3Client,
  prefix: string,
  { bucket, clock, signal }: StoreOptions,
): AsyncGenerator<StoredObject[]> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      // Keys may hold characters that XML can't.
      EncodingType: 'url',
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    const ask = () => client.send(command, { abortSignal: signal });
    const answer = await retry(ask, patience, clock, signal);
    if (answer.Name === undefined && answer.KeyCount === undefined) {
      throw new MadError('DATA_UNAVAILABLE', 'What answers there is no object store.', {
        hint: 'Correct the address: it is that of the S3 interface, not of the web console.',
      });
    }
    const isEncoded = answer.EncodingType === 'url';
    yield (answer.Contents ?? []).map(({ Key = '', Size = -1, ETag }) => ({
      key: isEncoded ? decoded(Key) : Key,
      size: Size,
      etag: plainEtag(ETag),
    }));
    const next = answer.IsTruncated ? answer.NextContinuationToken : undefined;
    if (next !== undefined && next === token) throw new Error('the listing of the object store has no end');
    token = next;
  } while (token !== undefined);
}

/** Bytes that are no UTF-8 stay as they are, and are refused with the name. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return `${key}\0`;
  }
}

async function clientFor(settings: S3Settings, options: StoreOptions): Promise<S3Client> {
  const { endpoint, profile, login, region, kind } = settings;
  const make = (usedRegion: string | undefined): S3Client => {
    const client = new S3Client({
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(usedRegion === undefined ? {} : { region: usedRegion }),
      ...(profile === undefined ? {} : { profile }),
      ...(login ? { credentials: { ...plainLogin(login) } } : {}),
      forcePathStyle: kind === 'minio' || endpoint !== undefined,
      followRegionRedirects: true,
      // Downloads try again themselves, from where they were.
      maxAttempts: 1,
      // They check content themselves, too: over several requests, and with a better choice of checksums.
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: requestHandler(settings, options),
    });
    // The header alone: the parameter would make the SDK check as well.
    client.middlewareStack.add(
      (next) => (args) => {
        const { request } = args as { request?: { headers?: Record<string, string> } };
        if (request?.headers) request.headers['x-amz-checksum-mode'] = 'ENABLED';
        return next(args);
      },
      { step: 'build', name: 'askForChecksum' },
    );
    if (kind === 'minio' && endpoint === undefined) refuseAmazon(client);
    return client;
  };
  const client = make(region);
  if (region !== undefined) return client;
  try {
    await client.config.region();
    return client;
  } catch {
    // Neither the environment nor a profile names one.
    client.destroy();
    return make(defaultRegion);
  }
}

const plainLogin = ({ accessKeyId, secretAccessKey, sessionToken }: NonNullable<S3Settings['login']>) => ({
  accessKeyId,
  secretAccessKey: secretAccessKey.reveal(),
  ...(sessionToken ? { sessionToken: sessionToken.reveal() } : {}),
});

/** A profile may name the address of a MinIO; without any, the SDK would send MinIO's login to Amazon. */
function refuseAmazon(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { hostname = '' } = (args as { request?: { hostname?: string } }).request ?? {};
      if (!/\.amazonaws\.com(?:\.cn)?$/.test(hostname)) return next(args);
      throw new MadError('DATA_UNAVAILABLE', 'Nothing says where the MinIO server is.', {
        hint: 'Set MINIO_ENDPOINT in MAD_MINIO (credential.json or the environment), or AWS_ENDPOINT_URL_S3.',
      });
    },
    { step: 'build', name: 'refuseAmazon' },
  );
}

function requestHandler({ caFile, endpoint }: S3Settings, { connections, env }: StoreOptions) {
  const common = { keepAlive: true, maxSockets: connections, ...proxyOf(env, endpoint) };
  return {
    httpAgent: new HttpAgent(common),
    httpsAgent: new HttpsAgent({ ...common, ...(caFile ? { ca: readCertificates(caFile) } : {}) }),
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: silenceMs,
    throwOnRequestTimeout: true,
    socketTimeout: silenceMs,
    // Otherwise it writes its warnings to our output.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  };
}

/** Node.js 24 and late 22 know the usual variables; a proxy on the way to this very machine makes no sense. */
function proxyOf(env: StoreOptions['env'], endpoint: string | undefined) {
  const host = endpoint === undefined ? '' : new URL(endpoint).hostname;
  if (/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(host)) return {};
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
  const set = names.flatMap((name): [string, string][] => (env[name] ? [[name, env[name]]] : []));
  return set.length === 0 ? {} : { proxyEnv: Object.fromEntries(set) };
}

function readCertificates(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new MadError('INVALID_ENVIRONMENT', `The file ${file} of AWS_CA_BUNDLE can't be read.`, {
      cause: error,
      hint: 'Correct the variable, or unset it.',
    });
  }
}
