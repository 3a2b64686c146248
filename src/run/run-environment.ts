import type { Context } from '../context/context.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import type { EngineKind } from '../machine/engine/engine.ts';
import type { ModelCard } from '../package/card.ts';

export interface EnvironmentOptions {
  card: ModelCard;
  context: Context;
  gpus: GpuFacts;
  /** Indices of those that the run gets. */
  used: readonly number[];
  engine: EngineKind;
  buildNumber: string;
  /** Of the run's data. */
  data?: Readonly<Record<string, string>>;
  /** Of the tools that run with the model. */
  tools?: Readonly<Record<string, string>>;
  /** What its processes are told of each other. */
  launch: Readonly<Record<string, string>>;
}

/** The documented variables, then those of tools, then the card's, then the context's: later ones win. */
export function runEnvironment(options: EnvironmentOptions): Record<string, string> {
  const { card, context, gpus, used } = options;
  const set: Record<string, string> = {
    MAD_MODEL_NAME: card.name,
    JENKINS_BUILD_NUMBER: options.buildNumber,
    MAD_GPU_VENDOR: vendorOf(context, gpus),
    MAD_GUEST_OS: String(context.values.guest_os ?? ''),
    MAD_SYSTEM_NGPUS: String(gpus.count),
    MAD_RUNTIME_NGPUS: String(used.length),
    MAD_SYSTEM_GPU_ARCHITECTURE: gpus.architecture,
  };
  const product = gpus.devices[0]?.name;
  if (product) set.MAD_SYSTEM_GPU_PRODUCT_NAME = product;
  // The reference has this name for CUDA's version too.
  if (gpus.toolkit) set.MAD_SYSTEM_HIP_VERSION = gpus.toolkit.version;
  Object.assign(set, options.data);
  if (card.multiple_results !== '') set.MAD_OUTPUT_CSV = card.multiple_results;
  Object.assign(set, options.launch);
  if (options.engine === 'host') Object.assign(set, visibleDevices(gpus, used));
  // In a container git is root, and what was cloned for it belongs to someone else.
  else if (card.url !== '') Object.assign(set, trustsFolders);
  const sources = [
    options.tools ?? {},
    objectOf(card.extra.env_vars),
    objectOf(context.values.env_vars),
    objectOf(context.values.docker_env_vars),
  ];
  for (const source of sources) {
    for (const [name, value] of Object.entries(source)) set[name] = printed(value);
  }
  return set;
}

const trustsFolders = {
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
};

/** What a manifest or a default says of the vendor was said on another machine. */
function vendorOf(context: Context, gpus: GpuFacts): string {
  const origin = context.origins.gpu_vendor;
  const isGuess = origin === 'manifest' || origin === 'default';
  if (isGuess && gpus.vendor !== 'NONE') return gpus.vendor;
  return String(context.values.gpu_vendor ?? gpus.vendor);
}

/** A container has only its own GPUs; a process of the machine sees all of them, and must be told which are its. */
function visibleDevices(gpus: GpuFacts, used: readonly number[]): Record<string, string> {
  const chosen = gpus.devices.filter(({ index }) => used.includes(index));
  const indices = chosen.map(({ index }) => index).join();
  switch (gpus.vendor) {
    case 'AMD':
      return { HIP_VISIBLE_DEVICES: chosen.map((device) => device.runtimeIndex ?? device.index).join() };
    case 'NVIDIA':
      return {
        CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
        CUDA_VISIBLE_DEVICES: chosen.map((device) => device.uuid ?? device.index).join(),
      };
    case 'INTEL':
      return { ZE_AFFINITY_MASK: indices };
    default:
      return gpus.visibleVariable === undefined ? {} : { [gpus.visibleVariable]: indices };
  }
}

/** As the Python tool printed it, so that scripts keep reading `True`. */
function printed(value: unknown): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value === null) return 'None';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
