import { realpathSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { Context } from '../context/context.ts';
import { buildArgsOf } from '../context/known-keys.ts';
import { MadError } from '../foundation/error.ts';
import { Scrubber, Secret } from '../foundation/secret.ts';
import type { EngineCapabilities } from '../machine/engine/engine.ts';
import type { ModelCard } from '../package/card.ts';
import type { Credentials } from '../package/credential-file.ts';
import type { Dockerfile } from './dockerfile.ts';
import { architectureArgument } from './gpu-architecture.ts';
import { imageName } from './name.ts';

/** Something that the build will do otherwise than the user may think. */
export interface PlanWarning {
  code: string;
  message: string;
  hint?: string;
}

/** Everything that one build needs, as data; secrets are references that show no value. */
export interface ImageBuildPlan {
  image: string;
  /** The card's name. */
  model: string;
  /** Relative to the package. */
  dockerfile: string;
  /** Absolute. */
  dockerfilePath: string;
  /** Absolute. */
  contextDir: string;
  base: string;
  gpuVendor: string | undefined;
  gpuArchitecture: string | undefined;
  /** `null`: passed by name, the value comes from `secretEnv` through the client's environment. */
  buildArgs: Readonly<Record<string, string | null>>;
  secretEnv: Readonly<Record<string, Secret>>;
  /** Engine secrets, by id. */
  secrets: Readonly<Record<string, Secret>>;
  /** Named build contexts: name to absolute folder. */
  namedContexts: Readonly<Record<string, string>>;
  noCache: boolean;
  pull: boolean;
  warnings: readonly PlanWarning[];
}

export interface PlanOptions {
  /** Absolute folder of the package. */
  root: string;
  card: ModelCard;
  dockerfile: Dockerfile;
  /** With the build argument for `architecture` in it. */
  context: Context;
  /** Where one image is built for each of several; part of the image's name. */
  architecture?: string;
  credentials: Credentials;
  /** `MAD_SECRETS*` of the environment, named by their variables. */
  envSecrets: readonly Secret[];
  capabilities: EngineCapabilities;
  /** `--clean-docker-cache`. */
  cleanCache: boolean;
  /** The process's environment: proxies that are set there reach the build by name. */
  env?: Readonly<Record<string, string | undefined>>;
}

/** Plans the build of one image. Throws INVALID_FILE when its context folder is missing or outside of the package. */
export function planImageBuild(options: PlanOptions): ImageBuildPlan {
  const { root, card, dockerfile, context } = options;
  const known = knownSecrets(options);
  const repeated = repeatedSecrets(known, context);
  const secretEnv = {
    ...proxies(options.env),
    ...Object.fromEntries(repeated.map(({ name, value }) => [name, value])),
    ...declaredSecrets(known, dockerfile, context),
  };
  const byName = Object.fromEntries(Object.keys(secretEnv).map((name) => [name, null]));
  const tools = toolsContext(root);
  const useTools = tools !== undefined && options.capabilities.namedContexts;
  return {
    image: imageName(card, dockerfile.path, options.architecture),
    model: card.name,
    dockerfile: dockerfile.path,
    dockerfilePath: resolve(root, dockerfile.path),
    contextDir: contextDir(root, card),
    base: dockerfile.base,
    gpuVendor: dockerfile.gpuVendor,
    gpuArchitecture: dockerfile.gpuArchitecture,
    buildArgs: { ...plainArgs(context, secretEnv), ...byName },
    secretEnv,
    secrets: options.capabilities.buildSecrets ? engineSecrets(known) : {},
    namedContexts: useTools ? { tools } : {},
    noCache: options.cleanCache,
    pull: true,
    warnings: [
      ...historyWarnings(dockerfile, [...known, ...repeated], secretEnv),
      ...mountWarnings(options),
      ...(tools && !useTools ? toolsWarnings(dockerfile) : []),
      ...architectureWarnings(dockerfile),
    ],
  };
}

/** A value of the card's credential or of the environment. */
interface KnownSecret {
  /** Build argument and secret id. */
  name: string;
  value: Secret;
  /** User names and the like are no secrets, though they travel the same way. */
  confidential: boolean;
}

function knownSecrets({ card, credentials, envSecrets }: PlanOptions): KnownSecret[] {
  const fields = Object.entries((card.cred && credentials.entries.get(card.cred)) || {});
  const ofCard = fields.map(([field, value]): KnownSecret => {
    const name = `${card.cred}_${field.toUpperCase()}`;
    const confidential = value instanceof Secret;
    return { name, value: confidential ? value : new Secret(name, value), confidential };
  });
  const ofEnvironment = envSecrets.map((value) => ({ name: value.name, value, confidential: true }));
  return [...ofCard, ...ofEnvironment];
}

/** Only what the Dockerfile declares; an argument of the context goes before, unless it is a variable left unexpanded. */
function declaredSecrets(
  known: readonly KnownSecret[],
  dockerfile: Dockerfile,
  context: Context,
): Record<string, Secret> {
  const given = buildArgsOf(context);
  const wanted = known.filter(
    ({ name }) =>
      dockerfile.declaredArgs.includes(name) && (!Object.hasOwn(given, name) || isUnexpanded(given[name])),
  );
  return Object.fromEntries(wanted.map(({ name, value }) => [name, value]));
}

/** Arguments of the context that hold one of them: they stand in no command line either. */
function repeatedSecrets(known: readonly KnownSecret[], context: Context): KnownSecret[] {
  const scrubber = new Scrubber(known.filter(({ confidential }) => confidential).map(({ value }) => value));
  return Object.entries(buildArgsOf(context))
    .filter(([, text]) => scrubber.scrub(text) !== text)
    .map(([name, text]) => ({ name, value: new Secret(name, text), confidential: true }));
}

const isUnexpanded = (value: string | undefined): boolean => /^\$(?:\w+|\{\w+\})$/.test(value ?? '');

function plainArgs(context: Context, secretEnv: Record<string, Secret>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(buildArgsOf(context)).filter(([name]) => !Object.hasOwn(secretEnv, name)),
  );
}

const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/** Builders know these without an `ARG` and keep them out of the image's history. Their values can hold a password. */
function proxies(env: PlanOptions['env'] = {}): Record<string, Secret> {
  const found: [string, Secret][] = [];
  for (const name of proxyNames.flatMap((each) => [each, each.toLowerCase()])) {
    const value = env[name];
    if (value) found.push([name, new Secret(name, value)]);
  }
  return Object.fromEntries(found);
}

/** An id stands in an argument of the form `id=…,src=…`. */
const engineSecrets = (known: readonly KnownSecret[]): Record<string, Secret> =>
  Object.fromEntries(
    known.filter(({ name }) => /^[A-Za-z0-9_.-]+$/.test(name)).map(({ name, value }) => [name, value]),
  );

/** `dockercontext`, else `./docker`, or the whole package for the Primus models, whose Dockerfiles copy from all over. */
function contextDir(root: string, card: ModelCard): string {
  const wanted = card.dockercontext || (/primus/i.test(card.dockerfile) ? '.' : './docker');
  const folder = folderWithin(root, wanted);
  if (folder === 'outside') {
    throw new MadError(
      'INVALID_FILE',
      `Model ${card.name}: the build context ${wanted} lies outside of the package.`,
      {
        hint: "Name a folder of the package in the card's `dockercontext`.",
      },
    );
  }
  if (folder === undefined) {
    const from = card.dockercontext ? '' : ' (the default, as the card names no `dockercontext`)';
    throw new MadError(
      'INVALID_FILE',
      `Model ${card.name}: the build context ${wanted}${from} is no folder here.`,
      {
        hint: "Make that folder, or name the right one in the card's `dockercontext`.",
      },
    );
  }
  return folder;
}

/** The absolute folder; undefined when there is none. Links may not lead out of the package. */
function folderWithin(root: string, path: string): string | 'outside' | undefined {
  const folder = resolve(root, path);
  if (isOutside(root, folder)) return 'outside';
  try {
    if (!statSync(folder).isDirectory()) return undefined;
    return isOutside(realpathSync(root), realpathSync(folder)) ? 'outside' : folder;
  } catch {
    return undefined;
  }
}

function isOutside(root: string, folder: string): boolean {
  const way = relative(root, folder);
  return way === '..' || way.startsWith(`..${sep}`);
}

/** The folder that Dockerfiles reach as `--from=tools`. */
function toolsContext(root: string): string | undefined {
  const folder = folderWithin(root, join('docker', 'common'));
  return folder === 'outside' ? undefined : folder;
}

function historyWarnings(
  dockerfile: Dockerfile,
  known: readonly KnownSecret[],
  secretEnv: Record<string, Secret>,
): PlanWarning[] {
  const shown = known.filter(
    ({ name, confidential }) =>
      confidential && Object.hasOwn(secretEnv, name) && dockerfile.declaredArgs.includes(name),
  );
  if (shown.length === 0) return [];
  const names = [...new Set(shown.map(({ name }) => name))];
  const [first = ''] = names;
  return [
    {
      code: 'SECRET_IN_IMAGE_HISTORY',
      message: `${dockerfile.path} declares ARG ${names.join(', ')}: whoever has the image can read the value in its history.`,
      hint: `Take the ARG out and use the secret where it is needed: RUN --mount=type=secret,id=${first} TOKEN=$(cat /run/secrets/${first}) …`,
    },
  ];
}

function mountWarnings({ dockerfile, capabilities }: PlanOptions): PlanWarning[] {
  if (capabilities.buildSecrets || dockerfile.usesSecretMounts.length === 0) return [];
  return [
    {
      code: 'NO_BUILD_SECRETS',
      message: `${dockerfile.path} mounts the secrets ${dockerfile.usesSecretMounts.join(', ')}, which ${capabilities.buildClient} can't give to a build.`,
      hint: 'Install a client with BuildKit (Docker 20.10 or newer; from 23 on, with the buildx plugin).',
    },
  ];
}

function toolsWarnings(dockerfile: Dockerfile): PlanWarning[] {
  if (!dockerfile.copiesFrom.includes('tools')) return [];
  return [
    {
      code: 'NO_NAMED_CONTEXTS',
      message: `${dockerfile.path} copies from the build context \`tools\` (docker/common), which this engine can't give to it.`,
      hint: 'Install the buildx plugin of Docker, or build with podman (--engine podman).',
    },
  ];
}

/** Declared without a default, and nobody said a value: what compiles for it gets an empty text. */
function architectureWarnings({ path, declaredArgs, gpuArchitecture }: Dockerfile): PlanWarning[] {
  if (!declaredArgs.includes(architectureArgument) || gpuArchitecture) return [];
  return [
    {
      code: 'NO_GPU_ARCHITECTURE',
      message: `${path} declares ARG ${architectureArgument} without a default, and no architecture is known here.`,
      hint: 'Name one, such as --target-archs gfx942.',
    },
  ];
}
