/** What went wrong with an object store, in words for the person who has to do something about it. */
import { MadError } from '../../../foundation/error.ts';
import { errnoOf } from '../../../foundation/file/errno.ts';
import { Scrubber } from '../../../foundation/secret.ts';
import { type S3Address, s3Url } from './address.ts';
import { NothingThere } from './find-objects.ts';
import { type S3Settings, settingsSecrets } from './settings.ts';

/** What messages speak of. */
export interface S3Place {
  address: S3Address;
  settings: S3Settings;
}

interface Told {
  why: string;
  hint: string;
}

/** Content that is not what the store says it is, or fewer bytes than it announced. */
export class BadContent extends Error {}

/** Any error of a store as a MadError; ours and those of the disk as they are. No secret is in it. */
export function s3Error(thrown: unknown, place: S3Place): unknown {
  if (thrown instanceof MadError) return thrown;
  const told = toldError(thrown, place);
  if (!told) return thrown;
  const scrubber = new Scrubber(settingsSecrets(place.settings));
  const { why, hint } = told;
  return new MadError('DATA_UNAVAILABLE', scrubber.scrub(`${s3Url(place.address)}: ${why}.`), {
    hint: scrubber.scrub(hint),
    passes: isPassing(thrown) || isChanging(thrown),
  });
}

/** Whether the same request may succeed a little later. */
export function isPassing(thrown: unknown): boolean {
  if (thrown instanceof BadContent) return true;
  if (thrown instanceof MadError || thrown instanceof NothingThere || !(thrown instanceof Error))
    return false;
  const status = statusOf(thrown);
  if (status !== undefined && status >= 400) {
    return status >= 500 || status === 429 || status === 408 || passingNames.has(thrown.name);
  }
  return passingNames.has(thrown.name) || passingErrnos.has(errnoOf(thrown) ?? '');
}

/** Whether nothing came for too long. The SDK calls broken connections timeouts, too. */
export const isTimeout = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === 'TimeoutError' && !brokenErrnos.has(errnoOf(thrown) ?? '');

/** Somebody writes it while it is read: the same request does not help, a later start may. */
const isChanging = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === 'PreconditionFailed';

const brokenErrnos = new Set(['ECONNRESET', 'EPIPE']);
const passingNames = new Set([
  'TimeoutError',
  'RequestTimeout',
  'SlowDown',
  'ThrottlingException',
  'Throttling',
  // The SDK sets itself by the clock of the answer.
  'RequestTimeTooSkewed',
]);
const passingErrnos = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

function toldError(thrown: unknown, place: S3Place): Told | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { address, settings } = place;
  if (thrown instanceof NothingThere) {
    return { why: thrown.message, hint: 'Correct the path in data.json, or upload the data.' };
  }
  const hint = `Look at the object store at ${where(settings)}, then start again: what is there already is kept.`;
  if (thrown instanceof BadContent) return { why: thrown.message, hint };
  return (
    answeredError(thrown, address, settings) ??
    tlsError(thrown, settings) ??
    connectionError(thrown, settings) ??
    (isOfDisk(thrown) ? undefined : { why: oneLine(thrown.message) || thrown.name, hint })
  );
}

const where = ({ endpoint }: S3Settings): string => endpoint ?? 'Amazon S3';

function answeredError(error: Error, { bucket }: S3Address, settings: S3Settings): Told | undefined {
  const login = settings.loginOrigin;
  const at = where(settings);
  const known: Record<string, Told> = {
    InvalidAccessKeyId: {
      why: `${at} does not know the access key`,
      hint: `Correct USERNAME in ${login}.`,
    },
    SignatureDoesNotMatch: {
      why: `${at} refuses the secret key`,
      hint: `Correct PASSWORD in ${login}.`,
    },
    AccessDenied: {
      why: `${at} gives no access with the login of ${login}`,
      hint: `Let it list bucket ${bucket} and read its objects (s3:ListBucket, s3:GetObject), or use another login.`,
    },
    ExpiredToken: { why: 'the session of the login has expired', hint: `Log in anew: ${login}.` },
    InvalidToken: { why: 'the session token is not valid', hint: `Log in anew: ${login}.` },
    NoSuchBucket: {
      why: `there is no bucket ${bucket} at ${at}`,
      hint: 'Correct the path in data.json, or the address of the object store.',
    },
    RequestTimeTooSkewed: {
      why: "this machine's clock and the server's are too far apart",
      hint: 'Set the clock of this machine (timedatectl, chrony), then start again.',
    },
    InvalidObjectState: {
      why: 'an object is in an archive and has to be restored first',
      hint: 'Restore it in the storage console (Glacier), then start again.',
    },
    PreconditionFailed: {
      why: 'an object changes all the time while it is read',
      hint: 'Wait until its upload is over, then start again.',
    },
    CredentialsProviderError: {
      why: 'there is no login for it',
      hint: `Set ${settings.kind === 'minio' ? 'MAD_MINIO' : 'MAD_AWS_S3'} in credential.json or the environment: {"USERNAME": "<access key>", "PASSWORD": "<secret key>"}. AWS_ACCESS_KEY_ID and AWS profiles do as well.`,
    },
  };
  const found = known[error.name];
  if (found) return found;
  const status = statusOf(error);
  if (status === 403) return known.AccessDenied;
  if (
    ['AuthorizationHeaderMalformed', 'PermanentRedirect', 'IllegalLocationConstraintException'].includes(
      error.name,
    )
  ) {
    return {
      why: `bucket ${bucket} is in another region than ${settings.region ?? 'the default one'}`,
      hint: `Set "region" beside the login, or AWS_REGION.${regionOf(error)}`,
    };
  }
  if (status === undefined || status < 300) return undefined;
  const why = `${at} answers with ${status} (${oneLine(error.name)}: ${oneLine(error.message)})`;
  return { why, hint: 'Start again later, or ask who runs the object store: what is there already is kept.' };
}

function tlsError(error: Error, settings: S3Settings): Told | undefined {
  const code = errnoOf(error) ?? '';
  const at = where(settings);
  if (/CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/.test(code)) {
    return {
      why: `the certificate of ${at} is not trusted (${code})`,
      hint: 'Name a file with the certificate of its authority in AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS.',
    };
  }
  if (code === 'EPROTO' || code.startsWith('HPE_') || code.startsWith('ERR_SSL')) {
    return {
      why: `${at} does not speak ${at.startsWith('http:') ? 'HTTP' : 'TLS'} (${code})`,
      hint: 'Correct http:// or https:// and the port in its address.',
    };
  }
  return undefined;
}

function connectionError(error: Error, settings: S3Settings): Told | undefined {
  const at = where(settings);
  const hint = `Correct the address (${settings.kind === 'minio' ? 'MINIO_ENDPOINT' : 'AWS_ENDPOINT_URL_S3'}), or start the server; a proxy or firewall may be in between.`;
  switch (isTimeout(error) ? 'ETIMEDOUT' : errnoOf(error)) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { why: `the host of ${at} is not known here`, hint };
    case 'ECONNREFUSED':
      return { why: `nothing answers at ${at}`, hint };
    case 'ETIMEDOUT':
      return { why: `${at} does not answer in time`, hint };
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return { why: `${at} can't be reached from here`, hint };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return {
        why: `the connection to ${at} breaks again and again`,
        hint: 'Start again when the connection is better: what is there already is kept.',
      };
    default:
      return undefined;
  }
}

/** An error of the file system, which names what it did; those of a connection are above. */
const isOfDisk = (error: Error): boolean => 'syscall' in error && errnoOf(error) !== undefined;

function statusOf(error: Error): number | undefined {
  const { $metadata: facts } = error as { $metadata?: { httpStatusCode?: number } };
  return facts?.httpStatusCode;
}

function regionOf(error: Error): string {
  const { Region: region } = error as { Region?: unknown };
  return typeof region === 'string' && /^[a-z0-9-]+$/.test(region) ? ` It is in ${region}.` : '';
}

const oneLine = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, 300);
