/**
 * `discover` of a package with 10,000 cards as a whole process, over a Node.js that reads and parses the same files. Needs
 * the built program in `dist/`.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compare, print, report } from './measure.ts';

const program = resolve(import.meta.dirname, '../bin/madengine-cli.cjs');
const folders = 20;
const cardsPerFile = 10_000 / (folders + 1);

/** A card as they stand in real packages: most keys, some tags, arguments, settings of a launcher. */
const card = (index: number, at: string, up: string) => ({
  name: `pyt_model_${index}_training`,
  url: '',
  dockerfile: `${up}docker/pyt_model_${index % 50}`,
  scripts: `${at}run.sh`,
  data: index % 3 === 0 ? 'dataset_a' : '',
  n_gpus: index % 2 === 0 ? '-1' : '8',
  owner: 'team@example.com',
  training_precision: 'fp16',
  tags: ['pyt', `group_${index % 20}`, index % 2 === 0 ? 'nightly' : 'weekly'],
  timeout: 7200,
  args: `--model ${index} --batch-size 64 --steps 100`,
  multiple_results: index % 5 === 0 ? 'results.csv' : '',
  skip_gpu_arch: index % 7 === 0 ? 'gfx908, gfx90a' : '',
  ...(index % 4 === 0 ? { distributed: { launcher: 'torchrun', nnodes: 2, nproc_per_node: 8 } } : {}),
  ...(index % 6 === 0 ? { env_vars: { NCCL_DEBUG: 'INFO', STEPS: 100 } } : {}),
});

async function makePackage(root: string): Promise<string[]> {
  const files: string[] = [];
  for (let folder = 0; folder <= folders; folder++) {
    const isRoot = folder === folders;
    const path = isRoot ? 'models.json' : `scripts/models_${folder}/models.json`;
    const first = Math.round(folder * cardsPerFile);
    const cards = Array.from({ length: Math.round((folder + 1) * cardsPerFile) - first }, (_, offset) =>
      card(first + offset, isRoot ? 'scripts/common/' : '', isRoot ? '' : '../../'),
    );
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), JSON.stringify(cards, null, 2));
    files.push(path);
  }
  return files;
}

const root = await mkdtemp(join(tmpdir(), 'discover-'));
const run = (name: string, ...args: string[]) => ({
  name,
  act: () => {
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, maxBuffer: 2 ** 28 });
    if (status !== 0) throw new Error(`${name} ended with ${status}; is there a dist/ (npm run build)?`);
    if (!name.startsWith('node') && !stdout.includes('pyt_model_9999'))
      throw new Error(`${name} lists too little`);
  },
});

try {
  const files = await makePackage(root);
  const parse = `const fs = require('fs'); let n = 0;
for (const file of ${JSON.stringify(files)}) n += JSON.parse(fs.readFileSync(file, 'utf8')).length;
if (n !== 10000) process.exit(1);`;
  const options = { repeats: 15, warmUps: 2 };
  const baseline = run('node -e: read and parse', '-e', parse);
  const list = await compare(baseline, run('discover', program, 'discover'), options);
  const cards = await compare(
    baseline,
    run('discover --tags all --json', program, 'discover', '--tags', 'all', '--json'),
    options,
  );
  report('discover of 10,000 cards over reading them', list.ratio, 2.5);
  report('all cards as JSON over reading them', cards.ratio);
  print('discover', [list.baseline, list.candidate, cards.candidate]);
} finally {
  await rm(root, { recursive: true });
}
