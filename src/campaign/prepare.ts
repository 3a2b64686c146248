/** Reads what a person gave: package, tags, context, credentials. Nothing outside is touched yet. */
import type { Context, ContextOrigin } from '../context/context.ts';
import { finishContext, readContextLayers } from '../context/read.ts';
import { contextSettings } from '../context/settings.ts';
import { MadError } from '../foundation/error.ts';
import { Scrubber, type Secret } from '../foundation/secret.ts';
import { parseTargetArchitectures } from '../image/gpu-architecture.ts';
import { parseImageReference } from '../image/reference.ts';
import { bareRegistry } from '../image/registry-entry.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import { cardLabel, type ModelCard } from '../package/card.ts';
import { chooseModels } from '../package/choose-models.ts';
import { type Credentials, readCredentials } from '../package/credential-file.ts';
import { credentialSettings } from '../package/credential-settings.ts';
import { parseTags } from '../package/tag.ts';
import type { PluginSet } from '../plugin/plugin-set.ts';
import { namesLaunch } from '../run/launch/launch-plan.ts';
import { tellContextNotices, tellUnusedKeys } from './context-notices.ts';
import type { BuildOptions, ContextOptions, Surroundings } from './options.ts';

export interface Access {
  credentials: Credentials;
  /** `MAD_SECRETS*` of the environment. */
  envSecrets: readonly Secret[];
  scrubber: Scrubber;
}

/** Credentials and secrets; from here on every event is scrubbed. */
export async function readAccess(around: Surroundings): Promise<Access> {
  const credentials = await readCredentials(around.cwd, around.env);
  const scrubber = new Scrubber([...credentials.secrets, ...(around.plugins?.secrets ?? [])]);
  around.events.scrubWith(scrubber);
  const settings = credentialSettings(credentials);
  if (settings.length > 0) around.events.emit({ type: 'settings.read', kind: 'credentials', settings });
  for (const message of credentials.warnings) {
    around.events.emit({ type: 'notice', level: 'warning', code: 'CREDENTIAL_FILE', message });
  }
  for (const name of scrubber.tooShort) {
    around.events.emit({
      type: 'notice',
      level: 'warning',
      code: 'SECRET_TOO_SHORT',
      message: `the secret ${name} is shorter than 6 characters: it is not masked in logs`,
      hint: 'Use a longer one.',
    });
  }
  return { credentials, envSecrets: [...credentials.environment.values()], scrubber };
}

/** The cards that the tags choose. Throws INVALID_ARGUMENT without tags, MODEL_NOT_FOUND for a tag that fits none. */
export async function chooseCards(tags: readonly string[], around: Surroundings): Promise<ModelCard[]> {
  if (parseTags(tags).length === 0) {
    throw new MadError('INVALID_ARGUMENT', 'no tags: nothing was asked for', {
      hint: 'Name models or tags, such as `--tags dummy`; `madengine-cli discover` lists them all.',
    });
  }
  const cards = await chooseModels({
    root: around.cwd,
    tags,
    runner: around.runner,
    emit: around.events.emit,
    signal: around.signal,
    env: around.env,
  });
  around.events.emit({ type: 'models.selected', models: cards.map(cardLabel) });
  return cards;
}

export interface ContextSources {
  /** What a manifest says; lies under everything that was typed. */
  manifest?: Readonly<Record<string, unknown>>;
  /** For `run`: fills in the vendor when nobody named one. */
  gpus?: GpuFacts;
}

/** The effective context, with a notice for each default that was needed. */
export async function readContext(
  options: ContextOptions,
  sources: ContextSources,
  around: Surroundings,
): Promise<Context> {
  const typed = await readContextLayers({
    ...(options.additionalContext === undefined ? {} : { additionalContext: options.additionalContext }),
    ...(options.additionalContextFile === undefined
      ? {}
      : { additionalContextFile: options.additionalContextFile }),
    env: around.env,
    cwd: around.cwd,
  });
  const layers: { origin: ContextOrigin; values: Record<string, unknown> }[] = [...typed];
  if (sources.manifest) layers.unshift({ origin: 'manifest', values: { ...sources.manifest } });
  // Under the manifest, which was named on the command line; the file only stands in for what nobody says.
  if (around.projectContext) layers.unshift({ origin: 'project file', values: { ...around.projectContext } });
  const named = (key: string): boolean => layers.some((layer) => key in layer.values);
  const defaults: Record<string, unknown> = {};
  if (!named('gpu_vendor')) {
    const detected = sources.gpus && sources.gpus.vendor !== 'NONE' ? sources.gpus.vendor : undefined;
    if (detected) layers.unshift({ origin: 'detected', values: { gpu_vendor: detected } });
    else {
      defaults.gpu_vendor = 'AMD';
      notice(
        around,
        'gpu_vendor',
        'AMD',
        sources.gpus ? 'no GPU was found here and no vendor was named' : 'no vendor was named',
      );
    }
  }
  if (!named('guest_os')) {
    defaults.guest_os = 'UBUNTU';
    if (!sources.manifest) notice(around, 'guest_os', 'UBUNTU', 'no guest OS was named');
  }
  const context = finishContext(layers, defaults, around.plugins?.names);
  around.events.emit({ type: 'settings.read', kind: 'context', settings: contextSettings(context) });
  await checkLaunchOf(context, sources.gpus ? around.env : {}, around.plugins?.launchers);
  tellContextNotices(context, around);
  // Whoever builds knows its Dockerfiles only later.
  if (sources.manifest) await tellUnusedKeys(context, [], around);
  return context;
}

/** Before anything is built: an unknown launcher, or a variable of this process that places no node. */
async function checkLaunchOf(
  context: Context,
  env: Surroundings['env'],
  launchers: PluginSet['launchers'] | undefined,
): Promise<void> {
  if (!namesLaunch(context, env)) return;
  const { checkLaunch } = await import('../run/launch/check-launch.ts');
  checkLaunch({ context, env, ...(launchers ? { launchers } : {}) });
}

function notice(around: Surroundings, key: string, value: string, why: string): void {
  around.events.emit({
    type: 'notice',
    level: 'info',
    code: 'CONTEXT_DEFAULT',
    message: `${why}: taking ${key} ${value}`,
    hint: `Choose with --additional-context '{"${key}": "…"}'.`,
  });
}

/** Options that can't go together or make no sense, before anything is read. */
export function checkBuildOptions(options: BuildOptions): void {
  if (options.engine === 'host') {
    throw new MadError('INVALID_ARGUMENT', '--engine host builds no images', {
      hint: 'Build with docker or podman; run a manifest with `run --manifest-file … --engine host`.',
    });
  }
  if (options.package === 'registry' && options.registry === undefined) {
    throw new MadError('INVALID_ARGUMENT', '--package registry needs --registry', {
      hint: 'Name the registry that the package goes to, such as --registry localhost:5000.',
    });
  }
  parseTargetArchitectures(options.targetArchs);
  if (options.useImage !== undefined && options.useImage !== 'auto') checkImage(options.useImage);
  if (options.registry !== undefined) checkRegistry(options.registry);
}

function checkImage(image: string): void {
  try {
    parseImageReference(image);
  } catch (error) {
    const { message, hint } = error as MadError;
    throw new MadError('INVALID_ARGUMENT', `--use-image: ${message}`, hint === undefined ? {} : { hint });
  }
}

/** Before hours of building, as every image's name in the registry begins with it. */
function checkRegistry(registry: string): void {
  try {
    parseImageReference(`${bareRegistry(registry) || 'docker.io'}/image`);
  } catch (error) {
    const { message } = error as MadError;
    throw new MadError('INVALID_ARGUMENT', `--registry ${JSON.stringify(registry)}: ${message}`, {
      hint: 'Write it as host[:port][/path], such as localhost:5000 or gcr.io/ml-bench; docker.io is Docker Hub.',
    });
  }
}
