/** A launcher, nodes or both were named: what the run gets of that. */
import {
  address,
  backend,
  hostList,
  interfaces,
  nodeCount,
  nodeRank,
  port,
  processCount,
  processCountOrAll,
} from '../../context/launch-values.ts';
import { MadError } from '../../foundation/error.ts';
import { type Launch, runnerText } from '../../stage/launcher/launcher.ts';
import { nodeVariables, variableTexts } from '../../stage/launcher/node-variables.ts';
import { contextNamesGpus } from '../gpu/choose-gpus.ts';
import { objectOf } from '../run-environment.ts';
import { launcherOf } from './check-launch.ts';
import { defaultMeeting, type LaunchOptions, type LaunchPlan, passedOn } from './launch-plan.ts';
import { type Candidate, firstOf, type LaunchSources, launchSources } from './launch-sources.ts';

/** Of the reference's second version, for `distributed` without a port. */
const distributedPort = 29_500;

export async function namedLaunch(options: LaunchOptions): Promise<LaunchPlan> {
  const sources = launchSources(options);
  const launcher = await launcherOf(sources, options.launchers)();
  if (launcher.onlyIn) throw onlyIn(launcher.onlyIn, launcher.name, options.card.name);
  const launch = launchOf(sources, options);
  const { runner, env, files = {} } = launcher.launch(launch);
  const passed = passedOn(options.env);
  const rank = 'text' in launch.rank ? Number(launch.rank.text) : 0;
  return {
    env: {
      ...passed,
      MAD_MULTI_NODE_RUNNER: runnerText(runner),
      ...variableTexts({ ...nodeVariables(launch, launcher.name), ...env }),
      ...(launch.nodes > 1 ? { MAD_COLLECT_METRICS: String(rank === 0) } : {}),
      ...ofTheUser(passed),
    },
    files,
    record: {
      launcher: launcher.name,
      nnodes: launch.nodes,
      node_rank: rank,
      nproc_per_node: launch.processes,
    },
  };
}

function launchOf(sources: LaunchSources, options: LaunchOptions): Launch {
  const { multiNodeArgs, environment, distributed, card } = sources;
  const nodes = nodesOf(sources);
  const place = placeOf(sources, nodes, options.card.name);
  const nccl = firstOf(interfaces, [multiNodeArgs('NCCL_SOCKET_IFNAME'), environment('NCCL_SOCKET_IFNAME')]);
  const gloo = firstOf(interfaces, [multiNodeArgs('GLOO_SOCKET_IFNAME'), environment('GLOO_SOCKET_IFNAME')]);
  const wire = firstOf(backend, [distributed('backend'), card('backend')]);
  return {
    nodes,
    ...place,
    hosts: firstOf(hostList, [multiNodeArgs('HOST_LIST'), environment('MAD_MULTI_NODE_HOST_LIST')]) ?? [],
    gpus: options.gpus,
    processes: processesOf(sources, options),
    ...(nccl === undefined ? {} : { ncclInterfaces: nccl }),
    ...(gloo === undefined ? {} : { glooInterfaces: gloo }),
    ...(wire === undefined ? {} : { backend: wire }),
    blocks: { ...sources.blocks, ...ownBlocks(sources, options) },
    model: options.card.name,
    filesFolder: options.filesFolder,
  };
}

const nodesOf = ({
  multiNodeArgs,
  launcher,
  distributed,
  card,
  cardItself,
  environment,
}: LaunchSources): number =>
  firstOf(nodeCount, [
    multiNodeArgs('NNODES'),
    launcher('nnodes'),
    distributed('nnodes'),
    card('nnodes'),
    cardItself('nnodes'),
    environment('NNODES'),
  ]) ?? 1;

/** Which of the nodes this is, and where they meet. On one machine neither matters, and only what was written is kept. */
function placeOf(sources: LaunchSources, nodes: number, model: string): Pick<Launch, 'rank' | 'meeting'> {
  const { multiNodeArgs, launcher, distributed, card, environment, hasMultiNodeArgs } = sources;
  const several = (name: string): Candidate[] => (nodes > 1 ? [environment(name)] : []);
  const rank = firstOf(nodeRank, [multiNodeArgs('NODE_RANK'), ...several('NODE_RANK')]);
  const host = firstOf(address, [multiNodeArgs('MASTER_ADDR'), ...several('MASTER_ADDR')]);
  const meets = firstOf(port, [
    multiNodeArgs('MASTER_PORT'),
    launcher('master_port'),
    distributed('master_port'),
    distributed('port'),
    card('master_port'),
    card('port'),
    ...several('MASTER_PORT'),
  ]);
  if (nodes > 1 && !hasMultiNodeArgs && (rank === undefined || host === undefined)) {
    throw unplaced(model, nodes, rank === undefined ? 'NODE_RANK' : 'MASTER_ADDR');
  }
  if (rank !== undefined && rank >= nodes) {
    throw new MadError('INVALID_ARGUMENT', `${model}: node ${rank} is none of its ${nodes} nodes`, {
      hint: 'Ranks count from 0: correct NODE_RANK, or the number of nodes (NNODES, nnodes).',
    });
  }
  const usualPort = nodes > 1 && !hasMultiNodeArgs ? distributedPort : defaultMeeting.port;
  return {
    rank: { text: String(rank ?? 0) },
    meeting: { address: { text: host ?? defaultMeeting.address }, port: meets ?? usualPort },
  };
}

const onlyIn = (target: string, launcher: string, model: string): MadError =>
  new MadError(
    'INVALID_ARGUMENT',
    `${model}: the launcher ${launcher} is for jobs of ${target}, and this is a run on one machine`,
    {
      hint: 'Choose another one: --additional-context \'{"launcher": "torchrun"}\'.',
    },
  );

function unplaced(model: string, nodes: number, missing: string): MadError {
  return new MadError(
    'INVALID_ARGUMENT',
    `${model} is for ${nodes} nodes, and nothing says ${missing === 'NODE_RANK' ? 'which of them this is' : 'where they meet'}: ${missing} is missing`,
    {
      hint: 'Set NODE_RANK and MASTER_ADDR on each node, or multi_node_args in the context; for one machine: --additional-context \'{"distributed": {"nnodes": 1}}\'.',
    },
  );
}

/** A count of GPUs that was asked for in the context is newer than what the card says of processes. */
function processesOf(sources: LaunchSources, { context, gpus }: LaunchOptions): number {
  const { launcher, distributed, multiNodeArgs, card, environment } = sources;
  const asked =
    firstOf(processCount, [launcher('nproc_per_node'), distributed('nproc_per_node')]) ??
    firstOf(processCountOrAll, [multiNodeArgs('MAD_RUNTIME_NGPUS')]) ??
    (contextNamesGpus(context) ? gpus : undefined) ??
    firstOf(processCount, [card('nproc_per_node'), environment('NPROC_PER_NODE')]) ??
    gpus;
  return asked > 0 ? asked : Math.max(1, gpus);
}

/** Settings of launchers that stand elsewhere than in `distributed`, or in the environment under it. */
function ownBlocks({ blocks }: LaunchSources, { context, env }: LaunchOptions): Launch['blocks'] {
  return {
    vllm: objectOf(context.values.vllm),
    primus: {
      config_path: env.PRIMUS_CONFIG_PATH,
      cli_extra: env.PRIMUS_CLI_EXTRA,
      ...blocks.primus,
    },
  };
}

/** Never overridden: whoever set them started the nodes themselves and knows better. */
function ofTheUser(passed: Readonly<Record<string, string>>): Record<string, string> {
  const names = [
    'MAD_MULTI_NODE_RUNNER',
    'MAD_COLLECT_METRICS',
    'RANK',
    'WORLD_SIZE',
    'TORCH_ELASTIC_RDZV_TIMEOUT',
  ];
  return Object.fromEntries(Object.entries(passed).filter(([name]) => names.includes(name)));
}
