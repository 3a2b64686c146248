import { MadError } from '../../../foundation/error.ts';
import { Secret } from '../../../foundation/secret.ts';
import type { Credentials } from '../../../package/credential-file.ts';
import { credentialValue, revealed } from '../../../package/credential-file.ts';
import { quoted } from '../../../package/package-path.ts';

/** How to reach an object store; what is undefined is left to the SDK (profiles, roles, single sign-on). */
export interface S3Settings {
  kind: 'minio' | 'aws';
  /** `http://` or `https://` with a host. */
  endpoint: string | undefined;
  region: string | undefined;
  profile: string | undefined;
  login: { accessKeyId: string; secretAccessKey: Secret; sessionToken: Secret | undefined } | undefined;
  /** Where the login was found, for messages: `MAD_MINIO in credential.json`. */
  loginOrigin: string;
  /** A file with certificates that replace those of Node.js. */
  caFile: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

const entryNames = { minio: 'MAD_MINIO', aws: 'MAD_AWS_S3' } as const;

/** Names that users and documents have given the same thing; any letter case. */
const keysOf = {
  accessKeyId: ['username', 'aws_access_key_id', 'access_key_id', 'access_key'],
  secretAccessKey: ['password', 'aws_secret_access_key', 'secret_access_key', 'secret_key'],
  sessionToken: ['aws_session_token', 'session_token'],
  endpoint: ['minio_endpoint', 'aws_endpoint_url_s3', 'aws_endpoint_url', 'endpoint_url', 'endpoint'],
  region: ['region', 'aws_region', 'aws_default_region'],
} as const;

/**
 * `MAD_MINIO` or `MAD_AWS_S3` first, then the variables of the AWS tools. Throws INVALID_FILE for half a login or an address
 * that is none; no message quotes a secret.
 */
export function s3Settings(kind: 'minio' | 'aws', credentials: Credentials, env: Env): S3Settings {
  const name = entryNames[kind];
  const entry = credentials.entries.get(name);
  const origin = credentials.origins.get(name) ?? 'credential.json';
  const place = origin === name ? `the environment variable ${name}` : `${name} in ${origin}`;
  const value = (what: keyof typeof keysOf): string | undefined => {
    for (const key of keysOf[what]) {
      const found = revealed(credentialValue(entry, key));
      if (found !== undefined && found !== '') return found;
    }
    return undefined;
  };
  const written = loginOf(value('accessKeyId'), value('secretAccessKey'), value('sessionToken'), place);
  const login =
    written ??
    loginOf(
      env.AWS_ACCESS_KEY_ID,
      env.AWS_SECRET_ACCESS_KEY,
      env.AWS_SESSION_TOKEN,
      'the environment (AWS_ACCESS_KEY_ID)',
    );
  return {
    kind,
    endpoint: endpointOf(value('endpoint'), place) ?? endpointOfEnvironment(kind, env),
    region: value('region') ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined),
    profile: env.AWS_PROFILE || undefined,
    login,
    loginOrigin: written ? place : login ? 'the environment (AWS_ACCESS_KEY_ID)' : 'the AWS profile',
    caFile: env.AWS_CA_BUNDLE || undefined,
  };
}

/** Texts that must not stand in a message. */
export function settingsSecrets({ login }: S3Settings): Secret[] {
  if (!login) return [];
  const id = new Secret('access key id', login.accessKeyId);
  return [id, login.secretAccessKey, ...(login.sessionToken ? [login.sessionToken] : [])];
}

function loginOf(
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  sessionToken: string | undefined,
  place: string,
): S3Settings['login'] {
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (!accessKeyId || !secretAccessKey) {
    throw new MadError('INVALID_FILE', `Of the login of ${place}, only one half is there.`, {
      hint: `It needs both: {"USERNAME": "<access key>", "PASSWORD": "<secret key>"}.`,
    });
  }
  return {
    accessKeyId,
    secretAccessKey: new Secret(`${place}, secret key`, secretAccessKey),
    sessionToken: sessionToken ? new Secret(`${place}, session token`, sessionToken) : undefined,
  };
}

function endpointOfEnvironment(kind: 'minio' | 'aws', env: Env): string | undefined {
  const names = [
    ...(kind === 'minio' ? ['MINIO_ENDPOINT'] : []),
    // The switch of the AWS tools that turns configured addresses off.
    ...(env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true'
      ? []
      : ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL']),
  ];
  for (const name of names) {
    const found = endpointOf(env[name], `the environment variable ${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function endpointOf(text: string | undefined, place: string): string | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const url = URL.parse(text.trim());
  const refuse = (why: string): never => {
    throw new MadError('INVALID_FILE', `The address of the object store in ${place} ${why}.`, {
      hint: 'Write it like https://minio.example.com:9000, without a login.',
    });
  };
  if (!url) return refuse('is no address');
  if (url.username !== '' || url.password !== '') return refuse('has a login in it');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return refuse(`${quoted(text)} does not start with http:// or https://`);
  }
  return url.href.replace(/\/$/, '');
}
