import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { findJsonError } from '../foundation/file/json-error.ts';
import { Secret } from '../foundation/secret.ts';
import { readPackageText } from './json-file.ts';
import { controlCharacters, quoted } from './package-path.ts';

export type CredentialValue = Secret | string;
/** Keys as written; `credentialValue` finds them in any letter case. */
export type CredentialEntry = Readonly<Record<string, CredentialValue>>;

export interface Credentials {
  /** By name, such as `AMD_GITHUB`, `dockerhub` or `localhost:5000`. */
  entries: ReadonlyMap<string, CredentialEntry>;
  /** Entries that are lists, such as `NAS_NODES`. */
  lists: ReadonlyMap<string, readonly CredentialEntry[]>;
  /** `MAD_SECRETS*` variables, by their name. */
  environment: ReadonlyMap<string, Secret>;
  /** Everything above that must be scrubbed. */
  secrets: readonly Secret[];
  /** `credential.json`, or the environment variables that an entry came from. */
  origins: ReadonlyMap<string, string>;
  /** For the user, once; they show no secret. */
  warnings: readonly string[];
}

const fileName = 'credential.json';
const jsonVariables = ['MAD_MINIO', 'MAD_AWS_S3', 'NAS_NODES', 'PUBLIC_GITHUB_ROCM_KEY'] as const;

/** Keys whose values are no secrets; every other value is one. */
const plainKeys = new Set([
  'username',
  'user',
  'repository',
  'registry',
  'name',
  'host',
  'hostname',
  'address',
  'port',
  'region',
  'bucket',
  'path',
  'url',
  'endpoint',
  'endpoint_url',
  'minio_endpoint',
  'aws_endpoint_url',
  'aws_endpoint_url_s3',
  'ssh_key_file',
  'key_file',
  'known_hosts_file',
]);

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The credentials of a package: `credential.json` where there is one, then what the environment puts in its place.
 * Throws INVALID_FILE or INVALID_ENVIRONMENT; no message quotes a value.
 */
export async function readCredentials(root: string, env: Env): Promise<Credentials> {
  const collected = new Collection();
  const file = await readCredentialFile(root);
  for (const [name, value] of Object.entries(file ?? {})) {
    collected.add(name, value, fileName, (what) => {
      throw new MadError(
        'INVALID_FILE',
        `${fileName}, key ${quoted(name)}: expected an object, found ${what}.`,
        {
          hint: 'Each entry is an object such as {"username": …, "password": …}; NAS_NODES may be a list of them.',
        },
      );
    });
  }
  addFromEnvironment(collected, env);
  if (file) collected.warnings.push(...(await permissionWarnings(root)));
  return collected.credentials();
}

/** The value of a key in the letter case in which the user wrote it. */
export function credentialValue(
  entry: CredentialEntry | undefined,
  key: string,
): CredentialValue | undefined {
  if (!entry) return undefined;
  for (const form of [key, key.toLowerCase(), key.toUpperCase()]) {
    if (Object.hasOwn(entry, form)) return entry[form];
  }
  return undefined;
}

/** A value's text, for its receiver only. */
export const revealed = (value: CredentialValue | undefined): string | undefined =>
  value instanceof Secret ? value.reveal() : value;

/** A file that a credential names: one of the package where it isn't absolute; programs read `~` themselves. */
export function ownFile(path: string | undefined, packageDir: string): string | undefined {
  if (path === undefined || path.trim() === '') return undefined;
  return isAbsolute(path) || path.startsWith('~/') ? path : join(packageDir, path);
}

/** Files of the package that hold keys, relative to it: they are no more for other eyes than `credential.json` is. */
export function keyFiles({ entries, lists }: Credentials, packageDir: string): string[] {
  const all = [...entries.values(), ...[...lists.values()].flat()];
  const files = all.flatMap((entry) =>
    ['ssh_key_file', 'key_file'].map((key) => ownFile(revealed(credentialValue(entry, key)), packageDir)),
  );
  const inside = files.flatMap((file) => {
    const path = file?.startsWith('/') ? relative(packageDir, file) : '';
    return path === '' || path === '..' || path.startsWith('../') ? [] : [path];
  });
  return [...new Set(inside)];
}

class Collection {
  readonly entries = new Map<string, CredentialEntry>();
  readonly lists = new Map<string, readonly CredentialEntry[]>();
  readonly environment = new Map<string, Secret>();
  readonly origins = new Map<string, string>();
  readonly warnings: string[] = [];
  // What is replaced stays a secret: it still stands in a file that something may print.
  readonly #secrets = new Set<Secret>();

  credentials(): Credentials {
    const { entries, lists, environment, origins, warnings } = this;
    return { entries, lists, environment, origins, warnings, secrets: [...this.#secrets] };
  }

  add(name: string, value: unknown, origin: string, refuse: (what: string) => never): void {
    const before = this.entries.get(name);
    this.entries.delete(name);
    this.lists.delete(name);
    this.origins.set(name, origin);
    if (Array.isArray(value)) {
      const items = value.map((item, index) =>
        isObject(item) ? this.#entry(`${name}[${index}]`, item) : refuse(`a list with ${kindOf(item)} in it`),
      );
      this.lists.set(name, items);
    } else if (isObject(value)) {
      this.entries.set(name, this.#entry(name, value, before));
    } else {
      refuse(kindOf(value));
    }
  }

  addVariable(name: string, value: string): void {
    if (isUnexpanded(value)) this.warnings.push(unexpanded(name, 'nothing replaces it here'));
    this.environment.set(name, this.#secret(name, value));
  }

  /** `before` is what the entry replaces: its value stays where the new one was meant to be filled in and was not. */
  #entry(name: string, value: Readonly<Record<string, unknown>>, before?: CredentialEntry): CredentialEntry {
    const fields = Object.entries(value).flatMap(([key, field]): [string, CredentialValue][] => {
      if (field === null) return [];
      const kept = isUnexpanded(field) ? credentialValue(before, key) : undefined;
      if (kept === undefined) return [[key, this.#value(`${name}.${key}`, key, field)]];
      this.warnings.push(unexpanded(`${name}.${key}`, `the one of ${fileName} is used`));
      return [[key, kept]];
    });
    return Object.fromEntries(fields);
  }

  #value(name: string, key: string, field: unknown): CredentialValue {
    const text = typeof field === 'string' ? field : JSON.stringify(field);
    if (typeof field === 'object') for (const inner of textsIn(field)) this.#secret(name, inner);
    if (typeof field === 'boolean') return text;
    if (isUnexpanded(text)) this.warnings.push(unexpanded(name, 'nothing replaces it here'));
    if (plainKeys.has(key.toLowerCase()) && !hasPassword(text) && !controlCharacters.test(text)) return text;
    return this.#secret(name, text);
  }

  #secret(name: string, value: string): Secret {
    const secret = new Secret(name, value);
    this.#secrets.add(secret);
    return secret;
  }
}

/** `$NAME` or `${NAME}`, as a shell or a CI system leaves it when nobody replaced it. */
const isUnexpanded = (value: unknown): boolean =>
  typeof value === 'string' && /^\$(?:\{[A-Za-z_]\w*\}|[A-Za-z_]\w*)$/.test(value);

const unexpanded = (name: string, what: string): string =>
  `${name} is a variable's name, not its value: ${what}.`;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;

/** `https://user:password@host` */
const hasPassword = (text: string): boolean => /:\/\/[^/@\s]*:[^/@\s]*@/.test(text);

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

async function readCredentialFile(root: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = readPackageText(join(root, fileName), fileName);
  if (text === undefined) return undefined;
  const found = parseQuietly(text);
  if ('place' in found) {
    throw new MadError('INVALID_FILE', `${fileName}${found.place} is not valid JSON.`, {
      hint: 'Correct the file at that place; what stands there is not shown, because it may be a secret.',
    });
  }
  if (isObject(found.value)) return found.value;
  throw new MadError('INVALID_FILE', `${fileName}: expected an object, found ${kindOf(found.value)}.`, {
    hint: 'It maps names to credentials: {"dockerhub": {"username": …, "password": …}}.',
  });
}

/** Like JSON.parse, but what is wrong is told by its place alone. */
function parseQuietly(text: string): { value: unknown } | { place: string } {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    return { value: JSON.parse(body) };
  } catch {
    const found = findJsonError(body);
    return { place: found ? `:${found.line}:${found.column}` : '' };
  }
}

function addFromEnvironment(collected: Collection, env: Env): void {
  const { MAD_DOCKERHUB_USER: username, MAD_DOCKERHUB_PASSWORD: password } = env;
  if (username && password) {
    const repository = env.MAD_DOCKERHUB_REPO ? { repository: env.MAD_DOCKERHUB_REPO } : {};
    collected.add('dockerhub', { username, password, ...repository }, 'MAD_DOCKERHUB_*', neverRefused);
  }
  for (const name of jsonVariables) {
    const text = env[name];
    if (text === undefined || text.trim() === '') continue;
    const found = parseQuietly(text);
    if ('place' in found)
      throw badVariable(name, `is not valid JSON${found.place.replace(':1:', ', column ')}`);
    collected.add(name, found.value, name, (what) => {
      throw badVariable(name, `has to hold a JSON object, not ${what}`);
    });
  }
  for (const [name, value] of Object.entries(env)) {
    if (name.includes('MAD_SECRETS') && value !== undefined) collected.addVariable(name, value);
  }
}

const neverRefused = (): never => {
  throw new MadError('INTERNAL', 'An object was taken for something else.');
};

const badVariable = (name: string, why: string): MadError => {
  const example =
    name === 'NAS_NODES' ? '[{"HOST": "…", "USERNAME": "…"}]' : '{"username": "…", "password": "…"}';
  return new MadError('INVALID_ENVIRONMENT', `The environment variable ${name} ${why}.`, {
    hint: `Set it to JSON such as ${name}='${example}', or unset it to use ${fileName}.`,
  });
};

async function permissionWarnings(root: string): Promise<string[]> {
  const { mode, uid } = await stat(join(root, fileName));
  const own = userInfo().uid;
  const warnings: string[] = [];
  if ((mode & 0o077) !== 0) {
    const can = (mode & 0o022) === 0 ? 'read' : (mode & 0o044) === 0 ? 'changed' : 'read and changed';
    const shown = (mode & 0o777).toString(8);
    warnings.push(
      `${fileName} can be ${can} by others than its owner (mode ${shown}); chmod 600 ${fileName} closes it.`,
    );
  }
  // Root works with the packages of others.
  if (own !== 0 && uid !== own) {
    warnings.push(
      `${fileName} belongs to another user (${uid}), who can change it; make a copy of your own.`,
    );
  }
  return warnings;
}
