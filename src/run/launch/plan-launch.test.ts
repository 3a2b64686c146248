import { expect, test } from 'vitest';
import { cardFromManifest } from '../../package/manifest-card.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { planLaunch } from './plan-launch.ts';

interface Given {
  card?: Record<string, unknown>;
  context?: Record<string, unknown>;
  env?: Record<string, string>;
  gpus?: number;
}

const plan = ({ card = {}, context = {}, env = {}, gpus = 2 }: Given = {}): Promise<LaunchPlan> =>
  planLaunch({
    card: cardFromManifest({ name: 'x', n_gpus: '2', ...card }),
    context: { values: context, origins: {} },
    env,
    gpus,
    filesFolder: '/madengine',
  });

const runner = async (given?: Given): Promise<string | undefined> =>
  (await plan(given)).env.MAD_MULTI_NODE_RUNNER;

const placed = { NNODES: 2, NODE_RANK: 1, MASTER_ADDR: 'a' };

test('a model that names no launcher gets what the reference gave it, for its own GPUs', async () => {
  const { env, files, record } = await plan();
  expect(env).toEqual({
    MAD_MULTI_NODE_RUNNER: 'torchrun --standalone --nproc_per_node=2',
    MAD_MULTI_NODE_NNODES: '1',
    MAD_MULTI_NODE_NODE_RANK: '0',
    MAD_MULTI_NODE_MASTER_ADDR: 'localhost',
    MAD_MULTI_NODE_MASTER_PORT: '6006',
  });
  expect(files).toEqual({});
  expect(record).toBeUndefined();
  expect(await runner({ gpus: 0 })).toBe('torchrun --standalone --nproc_per_node=1');
});

test('the launcher is the context’s, else the card’s, else MAD_LAUNCHER’s', async () => {
  const card = { distributed: { launcher: 'torchtitan' } };
  const env = { MAD_LAUNCHER: 'vllm' };
  const chosen = async (given: Given) => (await plan(given)).record?.launcher;
  expect(await chosen({ env })).toBe('vllm');
  expect(await chosen({ env, card })).toBe('torchtitan');
  expect(await chosen({ env, card, context: { multi_node_args: { RUNNER: 'mpirun' } } })).toBe('mpirun');
  const distributed = { launcher: 'deepspeed' };
  expect(await chosen({ env, card, context: { distributed } })).toBe('deepspeed');
  expect(await chosen({ env, card, context: { distributed, launcher: 'sglang' } })).toBe('sglang');
  expect(await chosen({ context: { distributed, launcher: { type: 'megatron' } } })).toBe('megatron-lm');
  expect(await chosen({ env, card, context: { distributed: { enabled: false } } })).toBe('vllm');
});

test('nothing is run without the launcher that was meant', async () => {
  await expect(plan({ card: { distributed: { launcher: 'torchrum' } } })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'distributed.launcher of x: there is no launcher "torchrum"; did you mean torchrun?',
  });
  await expect(plan({ card: { distributed: { launcher: 'slurm-multi', nnodes: 2 } } })).rejects.toThrow(
    'x: the launcher slurm_multi is for jobs of slurm, and this is a run on one machine',
  );
});

test('what says docker or native has no runner, in a variable that is there', async () => {
  expect(await runner({ context: { launcher: 'docker' } })).toBe('');
  expect(await runner({ card: { distributed: { launcher: 'native' } } })).toBe('');
});

test('processes are counted as told in the context, or its GPUs, or as the card says, or its GPUs', async () => {
  const card = { distributed: { nproc_per_node: 8 } };
  const count = async (given: Given) => (await plan(given)).env.NPROC_PER_NODE;
  expect(await count({ card: { distributed: { launcher: 'torchrun' } } })).toBe('2');
  expect(await count({ card })).toBe('8');
  expect(await count({ card, context: { n_gpus: '1' }, gpus: 1 })).toBe('1');
  expect(await count({ card, context: { multi_node_args: { MAD_RUNTIME_NGPUS: 4 } } })).toBe('4');
  expect(await count({ card: {}, context: { multi_node_args: { MAD_RUNTIME_NGPUS: '-1' } } })).toBe('2');
  expect(await count({ card, context: { distributed: { nproc_per_node: 3 } } })).toBe('3');
  expect(await count({ env: { NPROC_PER_NODE: '5' } })).toBe('5');
});

test('each key of multi_node_args that is missing has its documented default', async () => {
  const { env } = await plan({ context: { multi_node_args: { NNODES: '2', NCCL_SOCKET_IFNAME: '' } } });
  expect(env).toMatchObject({
    MAD_MULTI_NODE_RUNNER:
      'torchrun --nnodes=2 --nproc_per_node=2 --node_rank=0 --master_addr=localhost --master_port=6006',
    MAD_MULTI_NODE_NODE_RANK: '0',
    MASTER_ADDR: 'localhost',
    MASTER_PORT: '6006',
    WORLD_SIZE: '2',
  });
  expect(Object.keys(env).filter((name) => name.includes('IFNAME') || name.includes('HOST_LIST'))).toEqual(
    [],
  );
});

test('interfaces and hosts reach the model under both of their names, and mpirun multiplies', async () => {
  const multi_node_args = {
    ...placed,
    RUNNER: 'mpirun',
    NNODES: '2',
    HOST_LIST: 'a:4, b:4',
    NCCL_SOCKET_IFNAME: 'eth0',
    GLOO_SOCKET_IFNAME: 'eth1',
  };
  const { env } = await plan({ context: { multi_node_args } });
  expect(env).toMatchObject({
    MAD_MULTI_NODE_RUNNER: 'mpirun -np 4 --host a:4,b:4 -x NCCL_SOCKET_IFNAME -x GLOO_SOCKET_IFNAME',
    MAD_MULTI_NODE_HOST_LIST: 'a:4,b:4',
    NCCL_SOCKET_IFNAME: 'eth0',
    MAD_MULTI_NODE_GLOO_SOCKET_IFNAME: 'eth1',
  });
});

test('nodes may be named by distributed and the environment, as in a job of Slurm', async () => {
  const card = { distributed: { launcher: 'deepspeed', nnodes: 2 } };
  const env = { NODE_RANK: '1', MASTER_ADDR: '10.0.0.1', MAD_MULTI_NODE_HOST_LIST: '10.0.0.1,10.0.0.2' };
  const { env: set, files, record } = await plan({ card, env });
  expect(set.MAD_MULTI_NODE_RUNNER).toBe(
    'deepspeed --hostfile=/madengine/deepspeed-hostfile --no_ssh --node_rank=1 --master_addr=10.0.0.1 --master_port=29500',
  );
  expect(files).toEqual({ 'deepspeed-hostfile': '10.0.0.1 slots=2\n10.0.0.2 slots=2\n' });
  expect(record).toEqual({ launcher: 'deepspeed', nnodes: 2, node_rank: 1, nproc_per_node: 2 });
  expect((await plan({ card, env: { ...env, MASTER_PORT: '5' } })).env.MASTER_PORT).toBe('5');
  const own = { distributed: { port: 7 } };
  expect((await plan({ card, env: { ...env, MASTER_PORT: '5' }, context: own })).env.MASTER_PORT).toBe('7');
});

test('several nodes without a rank or a meeting place are an error, and one node needs neither', async () => {
  const card = { distributed: { nnodes: 2 } };
  await expect(plan({ card })).rejects.toThrow('nothing says which of them this is: NODE_RANK is missing');
  await expect(plan({ card, env: { NODE_RANK: '0' } })).rejects.toThrow('MASTER_ADDR is missing');
  await expect(plan({ context: { multi_node_args: { ...placed, NODE_RANK: 2 } } })).rejects.toThrow(
    'node 2 is none of its 2 nodes',
  );
  const one = { distributed: { nnodes: 1 } };
  expect(await runner({ card, context: one, env: { NODE_RANK: '3' } })).toBe(
    'torchrun --standalone --nproc_per_node=2',
  );
});

test('only the first of several nodes has the results, unless someone says otherwise', async () => {
  const collects = async (given: Given) => (await plan(given)).env.MAD_COLLECT_METRICS;
  expect(await collects({ context: { multi_node_args: placed } })).toBe('false');
  expect(await collects({ context: { multi_node_args: { ...placed, NODE_RANK: 0 } } })).toBe('true');
  expect(await collects({ context: { multi_node_args: placed }, env: { MAD_COLLECT_METRICS: 'true' } })).toBe(
    'true',
  );
  expect(await collects({ card: { distributed: { launcher: 'torchrun' } } })).toBeUndefined();
});

test('a runner that the user brought is never replaced', async () => {
  const env = { MAD_MULTI_NODE_RUNNER: 'mine --fast' };
  expect(await runner({ env })).toBe('mine --fast');
  expect(await runner({ env, context: { multi_node_args: placed } })).toBe('mine --fast');
});

test('variables of the process reach the model, those of visible devices don’t', async () => {
  const env = { NCCL_DEBUG: 'INFO', HIP_VISIBLE_DEVICES: '0', RANK: '3', HOME: '/root', MASTER_PORT: '' };
  const { env: set } = await plan({ env });
  expect(set).toMatchObject({ NCCL_DEBUG: 'INFO', RANK: '3' });
  expect(
    Object.keys(set).filter((name) => ['HIP_VISIBLE_DEVICES', 'HOME', 'MASTER_PORT'].includes(name)),
  ).toEqual([]);
});

test('settings of a launcher are the context’s over the card’s over the environment’s', async () => {
  const card = {
    distributed: { launcher: 'primus', primus: { config_path: 'card.yaml', backend: 'megatron' } },
  };
  const env = { PRIMUS_CONFIG_PATH: 'env.yaml', PRIMUS_CLI_EXTRA: '--dry' };
  const context = { distributed: { primus: { config_path: 'context.yaml' } } };
  const settings = async (given: Given) => {
    const { env: set } = await plan(given);
    return [set.PRIMUS_CONFIG_PATH, set.PRIMUS_CLI_EXTRA, set.BACKEND];
  };
  expect(await settings({ env: { ...env, MAD_LAUNCHER: 'primus' } })).toEqual([
    'env.yaml',
    '--dry',
    undefined,
  ]);
  expect(await settings({ card, env })).toEqual(['card.yaml', '--dry', 'megatron']);
  expect(await settings({ card, env, context })).toEqual(['context.yaml', '--dry', 'megatron']);
});

test.each([
  [{ context: { multi_node_args: { MASTER_ADDR: 'a;reboot', NNODES: 2 } } }, 'INVALID_ARGUMENT'],
  [{ card: { distributed: { nproc_per_node: '$(id)' } } }, 'INVALID_FILE'],
  [{ card: { nnodes: 'many' } }, 'INVALID_FILE'],
  [{ env: { NNODES: '2', NODE_RANK: '0', MASTER_ADDR: '$(id)' } }, 'INVALID_ENVIRONMENT'],
  [{ env: { NNODES: 'two' } }, 'INVALID_ENVIRONMENT'],
])('what could mean something to a shell is refused, wherever it stands: %j', async (given: Given, code) => {
  await expect(plan(given)).rejects.toMatchObject({ code, message: expect.stringContaining('expected') });
});
