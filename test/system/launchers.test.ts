import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWithGpus } from './support/describe-with-gpus.ts';
import { amdTools } from './support/gpu-machine.ts';
import { type ProgramOptions, runCli } from './support/program.ts';
import { campaignFolders, readRecords, readRows, type StoredRecord } from './support/results.ts';
import { type TinyModel, tinyPackage } from './support/tiny-package.ts';

/** Says how it was called, one word a line, and shows the hostfile that it was given. */
const noting = `#!/bin/sh
echo "called: \${0##*/}"
for word; do
  echo "word: $word"
  case $word in --hostfile=*) sed 's/^/hostfile: /' "\${word#--hostfile=}" ;; esac
done
`;

/** The first node waits at the meeting place for the others; both say what they heard. */
const meeting = `#!/bin/sh
for word; do
  case $word in
    --node_rank=*) rank=\${word#*=} ;;
    --master_addr=*) address=\${word#*=} ;;
    --master_port=*) port=\${word#*=} ;;
  esac
done
if [ "$rank" = 0 ]; then
  echo "heard: $(echo "greetings of node 0" | nc -l -p "$port")"
  echo "performance: 100 samples/sec"
else
  tries=0
  until heard=$(echo "greetings of node $rank" | nc "$address" "$port" 2>/dev/null) && [ -n "$heard" ]; do
    tries=$((tries + 1)); [ $tries -lt 100 ] || exit 1; sleep 0.3
  done
  echo "heard: $heard"
fi
`;

const model = (name: string, card: Record<string, unknown>, more = ''): TinyModel => ({
  name,
  script: `# Without quotes, as models have it.
$MAD_MULTI_NODE_RUNNER train.py --size 3 || exit 1
env | grep -E '^(MAD_|NCCL|MASTER|NNODES|VLLM|SGLANG|WORLD|RANK)' | sort | sed 's/^/env: /'
${more}`,
  dockerfile: `COPY bin/ /bin/
RUN grep -q ^video: /etc/group || echo video:x:44: >> /etc/group`,
  card,
});

const good = 'echo "performance: 12.5 samples/sec"\n';

async function packageOf(models: readonly TinyModel[], programs: Readonly<Record<string, string>>) {
  const folder = await tinyPackage(models);
  await mkdir(join(folder, 'docker', 'bin'));
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(folder, 'docker', 'bin', name), text, { mode: 0o755 });
  }
  return folder;
}

const standIns = { torchrun: noting, mpirun: noting, deepspeed: noting };

async function outputOf(folder: string, record: StoredRecord): Promise<string> {
  for (const campaign of await campaignFolders(folder)) {
    const text = await readFile(join(campaign, 'runs', record.run, 'output.log'), 'utf8').catch(() => '');
    if (text !== '') return text;
  }
  return '';
}

const said = (output: string, what: string): string[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith(`${what}: `))
    .map((line) => line.slice(what.length + 2));

async function byModel(folder: string): Promise<Record<string, { record: StoredRecord; output: string }>> {
  const found: Record<string, { record: StoredRecord; output: string }> = {};
  for (const record of await readRecords(folder)) {
    found[record.model.name] = { record, output: await outputOf(folder, record) };
  }
  return found;
}

const run = (folder: string, args: readonly string[], more: Partial<ProgramOptions> = {}) =>
  runCli(['run', ...args], { cwd: folder, ...more });

describeWithGpus(8, 'on a machine with eight GPUs', () => {
  test('each launcher starts as many processes as its model has GPUs', async () => {
    const folder = await packageOf(
      [
        model('plain', { n_gpus: '2' }, good),
        model('mpi', { n_gpus: '2', distributed: { launcher: 'mpirun' } }, good),
        model('deep', { n_gpus: '-1', distributed: { launcher: 'deepspeed' } }, good),
        {
          ...model('serve', { n_gpus: '2', distributed: { launcher: 'vllm' } }),
          script: `[ "\${MAD_MULTI_NODE_RUNNER-unset}" = "" ] && env | sed 's/^/env: /'\n${good}`,
        },
      ],
      standIns,
    );
    const { path } = await amdTools(8);
    const ended = await run(folder, ['--tags', 'all_of_them'], { env: { PATH: path, NCCL_DEBUG: 'WARN' } });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    const { plain, mpi, deep, serve } = await byModel(folder);
    expect(said(plain?.output ?? '', 'word')).toEqual([
      '--standalone',
      '--nproc_per_node=2',
      'train.py',
      '--size',
      '3',
    ]);
    expect(said(plain?.output ?? '', 'env')).toEqual(
      expect.arrayContaining(['MAD_RUNTIME_NGPUS=2', 'MAD_SYSTEM_NGPUS=8', 'NCCL_DEBUG=WARN']),
    );
    expect(said(mpi?.output ?? '', 'word').slice(0, 4)).toEqual(['-np', '2', '--host', 'localhost:2']);
    expect(said(deep?.output ?? '', 'word')[0]).toBe('--num_gpus=8');
    expect(said(serve?.output ?? '', 'env')).toEqual(
      expect.arrayContaining(['VLLM_TENSOR_PARALLEL_SIZE=2', 'VLLM_DISTRIBUTED_BACKEND=auto']),
    );
    expect(plain?.record.launch).toBeUndefined();
    expect(mpi?.record.launch).toEqual({ launcher: 'mpirun', nnodes: 1, node_rank: 0, nproc_per_node: 2 });
    const rows = await readRows(join(folder, 'perf.csv'));
    const columns = rows.map(({ model: name, launcher, nnodes, gpus_per_node }) => [
      name,
      launcher,
      nnodes,
      gpus_per_node,
    ]);
    expect(columns.sort()).toEqual([
      ['deep', 'deepspeed', '1', '8'],
      ['mpi', 'mpirun', '1', '2'],
      ['plain', 'docker', '1', '2'],
      ['serve', 'vllm', '1', '2'],
    ]);
  });
});

const onNode = (rank: number, more: Record<string, unknown> = {}): string[] => [
  '--additional-context',
  JSON.stringify({
    multi_node_args: { NNODES: 2, NODE_RANK: rank, MASTER_ADDR: '127.0.0.1', ...more },
  }),
];

test('two nodes find each other, and the one without the results is good as well', async () => {
  const folder = await packageOf([model('pair', {})], { torchrun: meeting });
  const built = await runCli(['build', '--tags', 'pair'], { cwd: folder });
  expect(built.exitCode, built.stdout + built.stderr).toBe(0);
  const port = 20_000 + (process.pid % 20_000);
  const both = await Promise.all(
    [0, 1].map((rank) =>
      run(folder, ['--manifest-file', 'build_manifest.json', ...onNode(rank, { MASTER_PORT: port })]),
    ),
  );
  expect(
    both.map(({ exitCode }) => exitCode),
    both.map(({ stdout, stderr }) => stdout + stderr).join('\n'),
  ).toEqual([0, 0]);
  const records = await readRecords(folder);
  const of = (rank: number) =>
    records.find(({ launch }) => (launch as { node_rank: number }).node_rank === rank);
  const [first, second] = [of(0), of(1)];
  if (!first || !second) throw new Error('a node has no record');
  expect(said(await outputOf(folder, first), 'heard')).toEqual(['greetings of node 1']);
  expect(said(await outputOf(folder, second), 'heard')).toEqual(['greetings of node 0']);
  expect(first).toMatchObject({ status: 'SUCCESS', reason: null, metrics: [{ value: 100 }] });
  expect(second).toMatchObject({
    status: 'SUCCESS',
    reason: expect.stringContaining('another node'),
    metrics: [],
    launch: { launcher: 'torchrun', nnodes: 2, node_rank: 1, nproc_per_node: 1 },
  });
  const rows = await readRows(join(folder, 'perf.csv'));
  expect(rows.map(({ nnodes, performance }) => [nnodes, performance]).sort()).toEqual([
    ['2', ''],
    ['2', '100'],
  ]);
});

test('a worker that fails is no success', async () => {
  const folder = await packageOf([model('worker', {}, 'exit 7\n')], standIns);
  const ended = await run(folder, ['--tags', 'worker', ...onNode(1)]);
  expect(ended.exitCode).toBe(3);
  expect(await readRecords(folder)).toMatchObject([
    { failure: { class: 'exit_code' }, launch: { nnodes: 2 } },
  ]);
});

test('what build was told of nodes holds for its manifest, and its hostfile lies where deepspeed looks', async () => {
  const folder = await packageOf([model('deep', {}, good)], standIns);
  const context = {
    distributed: { launcher: 'deepspeed', nproc_per_node: 4 },
    multi_node_args: { NNODES: '2', MASTER_ADDR: 'a', HOST_LIST: 'a,b:2', NCCL_SOCKET_IFNAME: 'lo' },
  };
  const built = await runCli(['build', '--tags', 'deep', '--additional-context', JSON.stringify(context)], {
    cwd: folder,
  });
  expect(built.exitCode, built.stdout + built.stderr).toBe(0);
  const ended = await run(folder, ['--manifest-file', 'build_manifest.json']);
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  const { deep } = await byModel(folder);
  expect(said(deep?.output ?? '', 'word').slice(0, 5)).toEqual([
    '--hostfile=/madengine/deepspeed-hostfile',
    '--no_ssh',
    '--node_rank=0',
    '--master_addr=a',
    '--master_port=6006',
  ]);
  expect(said(deep?.output ?? '', 'hostfile')).toEqual(['a slots=4', 'b slots=2']);
  expect(said(deep?.output ?? '', 'env')).toEqual(
    expect.arrayContaining(['NCCL_SOCKET_IFNAME=lo', 'MAD_MULTI_NODE_HOST_LIST=a,b:2', 'WORLD_SIZE=2']),
  );
});

test('nothing in a name or a number reaches a shell, and slips are told before anything is built', async () => {
  const folder = await packageOf([model('plain', {}, good)], standIns);
  const refused = async (context: unknown, env: Record<string, string> = {}) => {
    const ended = await run(folder, ['--tags', 'plain', '--additional-context', JSON.stringify(context)], {
      env,
    });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(4);
    return ended.stderr;
  };
  expect(await refused({ multi_node_args: { NNODES: 2, MASTER_ADDR: 'a;touch /tmp/x' } })).toContain(
    "multi_node_args.MASTER_ADDR: expected a host's name or address",
  );
  expect(await refused({ multi_node_args: { NCCL_SOCKET_IFNAME: '`id`' } })).toContain('network interfaces');
  expect(await refused({ distributed: { nnode: 2 } })).toContain('did you mean nnodes?');
  expect(await refused({ launcher: 'torchrum' })).toContain('did you mean torchrun?');
  expect(await refused({}, { MAD_LAUNCHER: 'mpi' })).toContain('MAD_LAUNCHER: there is no launcher "mpi"');
  expect(await refused({}, { NNODES: '2; id' })).toContain('NNODES');
  expect(await campaignFolders(folder)).toEqual([]);
});
