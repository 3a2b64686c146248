import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitWords } from '../words.ts';
import { type Launch, type Launched, runnerText, wordText } from './launcher.ts';
import { nodeVariables } from './node-variables.ts';
import { findLauncher, launcherNames } from './registry.ts';

const launch = (changes: Partial<Launch> = {}): Launch => ({
  nodes: 1,
  rank: { text: '0' },
  meeting: { address: { text: 'localhost' }, port: 6006 },
  hosts: [],
  gpus: 2,
  processes: 2,
  blocks: { primus: {}, sglang_disagg: {}, vllm: {} },
  model: 'primus_pretrain/megatron_llama2_7b',
  filesFolder: '/madengine',
  ...changes,
});

const several = (nodes: number, changes: Partial<Launch> = {}): Launch =>
  launch({
    nodes,
    rank: { text: '1' },
    meeting: { address: { text: 'node1' }, port: 29500 },
    hosts: Array.from({ length: nodes }, (_, index) => ({ name: `node${index + 1}` })),
    ncclInterfaces: 'eth0',
    backend: 'nccl',
    ...changes,
  });

async function launched(name: string, input: Launch): Promise<Launched> {
  return (await findLauncher(name, 'here')()).launch(input);
}

function shown(name: string, input: Launch, { runner, env, files = {} }: Launched): string {
  const variables = { ...nodeVariables(input, name), ...env };
  return [
    `MAD_MULTI_NODE_RUNNER=${runnerText(runner)}`,
    ...Object.entries(variables).map(([variable, value]) => `${variable}=${wordText(value)}`),
    ...Object.entries(files).map(([file, content]) => `--- ${file}\n${content.trimEnd()}`),
  ].join('\n');
}

const least = (name: string): number => (name === 'sglang-disagg' ? 3 : 1);

test.each(launcherNames)('what a model of %s gets, to the last byte', async (name) => {
  const inputs: [string, Launch][] = [
    ...(least(name) === 1 ? [['one machine', launch()] as [string, Launch]] : []),
    [`${Math.max(2, least(name))} machines, this is the second`, several(Math.max(2, least(name)))],
    [
      'the same, with a rank and an address that the node itself knows',
      several(Math.max(2, least(name)), {
        rank: { variable: 'NODE_RANK' },
        meeting: { address: { variable: 'MASTER_ADDR' }, port: 29500 },
      }),
    ],
  ];
  const parts: string[] = [];
  for (const [title, input] of inputs) {
    parts.push(`# ${title}\n${shown(name, input, await launched(name, input))}\n`);
  }
  const file = join(import.meta.dirname, `../../../test/golden/launcher/${name}.txt`);
  await expect(parts.join('\n')).toMatchFileSnapshot(file);
});

test('whatever the nodes are called and however many there are, each word of the runner stays one word', async () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/);
  const nodes = fc.uniqueArray(name, { minLength: 1, maxLength: 12 });
  const runners = ['torchrun', 'mpirun', 'deepspeed', 'megatron-lm', 'torchtitan'];
  await fc.assert(
    fc.asyncProperty(
      nodes,
      fc.constantFrom(...runners),
      fc.integer({ min: 1, max: 64 }),
      fc.option(fc.integer({ min: 64, max: 128 }), { nil: undefined }),
      fc.nat(),
      async (names, runner, processes, slots, rank) => {
        const hosts = names.map((each) => (slots === undefined ? { name: each } : { name: each, slots }));
        const input = several(names.length, {
          hosts,
          processes,
          rank: { text: String(rank % names.length) },
          meeting: { address: { text: names[0] ?? '' }, port: 1024 + processes },
        });
        const { runner: words, files } = await launched(runner, input);
        const read = splitWords(runnerText(words)).map((pieces) => wordText(pieces));
        expect(read).toEqual(words.map(wordText));
        expect(runnerText(words)).toMatch(/^[A-Za-z0-9_@%+=:,./ -]+$/);
        if (runner === 'mpirun') {
          expect(read[2]).toBe(String(names.length * processes));
          expect(read[4]?.split(',')).toEqual(names.map((each) => `${each}:${slots ?? processes}`));
        }
        if (runner === 'deepspeed' && names.length > 1) {
          const lines = files?.['deepspeed-hostfile']?.trimEnd().split('\n');
          expect(lines).toEqual(names.map((each) => `${each} slots=${slots ?? processes}`));
        }
      },
    ),
  );
});

test('other spellings mean the same launcher', async () => {
  for (const [spelling, name] of [
    ['megatron', 'megatron-lm'],
    ['sglang_disagg', 'sglang-disagg'],
    ['slurm-multi', 'slurm_multi'],
    ['native', 'docker'],
    ['Torchrun', 'torchrun'],
  ] as const) {
    expect((await findLauncher(spelling, 'here')()).name).toBe(name);
  }
});

test('an unknown launcher is an error with the name that was likely meant', () => {
  const thrown = (name: string) => {
    try {
      findLauncher(name, 'launcher of the context');
    } catch (error) {
      return error;
    }
    return undefined;
  };
  expect(thrown('torchrum')).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'launcher of the context: there is no launcher "torchrum"; did you mean torchrun?',
    hint: expect.stringContaining('Launchers: torchrun, mpirun'),
  });
  expect(thrown('constructor')).toMatchObject({
    message: 'launcher of the context: there is no launcher "constructor"',
  });
});

test.each([
  ['mpirun', several(2, { hosts: [] }), 'needs the names of its 2 nodes, and none is named'],
  ['mpirun', several(2, { hosts: [{ name: 'a' }] }), '1 are named'],
  [
    'mpirun',
    several(2, { hosts: [{ name: 'a', slots: 1 }, { name: 'b' }] }),
    '4 processes, and HOST_LIST has slots for 3',
  ],
  ['deepspeed', several(2, { hosts: [{ name: 'a' }, { name: 'a' }] }), 'a stands twice'],
  ['deepspeed', several(2, { filesFolder: '/my results' }), 'has characters that a script would take apart'],
  ['sglang-disagg', several(2), 'needs 3 nodes or more, and has 2'],
  ['sglang-disagg', several(5, { hosts: [] }), 'needs the names of its 5 nodes'],
  ['primus', launch({ blocks: { primus: { config_path: 7 } } }), 'primus.config_path: expected text'],
])('%s says what it can not do', async (name, input, says) => {
  await expect(launched(name, input)).rejects.toThrow(says);
});

test('nodes that prefill and decode are split as told, or two to three', async () => {
  const split = async (nodes: number, block: Record<string, unknown> = {}) => {
    const { env } = await launched('sglang-disagg', several(nodes, { blocks: { sglang_disagg: block } }));
    return ['PREFILL', 'DECODE', 'TOTAL'].map((role) => wordText(env[`SGLANG_DISAGG_${role}_NODES`] ?? []));
  };
  expect(await split(3)).toEqual(['1', '1', '3']);
  expect(await split(5)).toEqual(['1', '3', '5']);
  expect(await split(11)).toEqual(['4', '6', '11']);
  expect(await split(7, { prefill_nodes: 4, decode_nodes: 2 })).toEqual(['4', '2', '7']);
  expect(await split(7, { decode_nodes: '1' })).toEqual(['5', '1', '7']);
  await expect(split(7, { prefill_nodes: 4, decode_nodes: 4 })).rejects.toThrow(
    '1 proxy, 4 to prefill and 4 to decode are not the 7 nodes',
  );
  await expect(split(4, { prefill_nodes: 0 })).rejects.toThrow('sglang_disagg.prefill_nodes: expected');
});

test('what primus runs on is told by its block, else by the name of the model', async () => {
  const backend = async (model: string, primus: Record<string, unknown> = {}) => {
    const { env } = await launched('primus', launch({ model, blocks: { primus } }));
    return env.BACKEND && wordText(env.BACKEND);
  };
  expect(await backend('primus_pretrain/maxtext_llama3')).toBe('MaxText');
  expect(await backend('MAD/primus_pretrain/megatron_bridge_x')).toBe('megatron_bridge');
  expect(await backend('primus_pretrain/megatron_llama2')).toBe('megatron');
  expect(await backend('other/megatron_llama2')).toBeUndefined();
  expect(await backend('primus_pretrain/megatron_llama2', { backend: 'torchtitan' })).toBe('torchtitan');
});

test('each key of the vllm block is a variable of vLLM, over our own', async () => {
  const vllm = { tensor_parallel_size: 1, VLLM_LOGGING_LEVEL: 'DEBUG' };
  const { env } = await launched('vllm', launch({ blocks: { vllm } }));
  expect(env).toMatchObject({
    VLLM_TENSOR_PARALLEL_SIZE: [{ text: '1' }],
    VLLM_LOGGING_LEVEL: [{ text: 'DEBUG' }],
    VLLM_DISTRIBUTED_BACKEND: [{ text: 'auto' }],
  });
});
