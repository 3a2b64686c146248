/**
 * A campaign of a thousand trivial models on the host: whether a model costs the same at its end as at its start, in time
 * and in memory of the controller. Needs the built program in `dist/`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Measured, print, report } from './measure.ts';

const models = Number(process.env.MADENGINE_BENCH_MODELS ?? 1000);
const part = Math.max(1, Math.floor(models / 10));
const program = resolve(import.meta.dirname, '../bin/madengine-cli.cjs');
const folder = mkdtempSync(join(tmpdir(), 'madengine-bench-'));

function makePackage(): void {
  mkdirSync(join(folder, 'scripts/trivial'), { recursive: true });
  writeFileSync(join(folder, 'scripts/trivial/run.sh'), 'echo "performance: 1 runs/s"\n');
  const names = Array.from({ length: models }, (_, index) => `trivial_${index}`);
  const card = (name: string): object => ({
    ...{ name, dockerfile: 'docker/trivial', scripts: 'scripts/trivial/run.sh', n_gpus: '0', owner: 'bench' },
    ...{ training_precision: '', tags: ['bench'], args: '' },
  });
  const image = (name: string): object => ({
    ...{
      docker_image: `ci-${name}`,
      dockerfile: 'docker/trivial.Dockerfile',
      base_docker: '',
      docker_sha: '',
    },
    ...{ build_duration: 0, build_command: '', log_file: '' },
  });
  const manifest = {
    built_images: Object.fromEntries(names.map((name) => [`ci-${name}`, image(name)])),
    built_models: Object.fromEntries(names.map((name) => [`ci-${name}`, card(name)])),
    context: {},
  };
  writeFileSync(join(folder, 'build_manifest.json'), JSON.stringify(manifest));
}

interface Look {
  /** Seconds since 1970. */
  at: number;
  /** Resident. */
  bytes: number;
  /** CPU seconds of the controller and of its children that ended. */
  cpuS: number;
}

/** Of a process; undefined when it is gone. */
function lookAt(pid: number): Look | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    // Fields 14 to 17 of proc(5), in ticks of 10 ms, counted behind the name in parentheses.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return kib === undefined
      ? undefined
      : { at: Date.now() / 1000, bytes: Number(kib) * 1024, cpuS: ticks / 100 };
  } catch {
    return undefined;
  }
}

async function runCampaign(): Promise<Look[]> {
  const words = ['run', '--manifest-file', 'build_manifest.json', '--engine', 'host', '--no-sys-env-details'];
  // Kept small, as the engine lets it grow to its limit before it looks what is garbage: no growth of ours.
  const node = ['--max-semi-space-size=4'];
  const child = spawn(process.execPath, [...node, program, ...words], { cwd: folder, stdio: 'ignore' });
  const looks: Look[] = [];
  const timer = setInterval(() => {
    const look = child.pid === undefined ? undefined : lookAt(child.pid);
    if (look) looks.push(look);
  }, 100);
  const code = await new Promise((done) => child.once('close', done));
  clearInterval(timer);
  if (code !== 0) throw new Error(`madengine-cli ${words.join(' ')} ended with ${code}`);
  return looks;
}

/** When each run was over, by the event log. */
function endTimes(): number[] {
  const campaigns = join(folder, '.madengine/campaigns');
  const [campaign = ''] = readdirSync(campaigns);
  return readFileSync(join(campaigns, campaign, 'events.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"type":"run.ended"'))
    .map((line) => Date.parse((JSON.parse(line) as { at: string }).at) / 1000);
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** What was seen when so many models were over. */
function lookAfter(count: number, looks: readonly Look[], ends: readonly number[]): Look {
  const end = ends[count - 1] ?? 0;
  const found = looks.find(({ at }) => at >= end) ?? looks.at(-1);
  if (!found) throw new Error('the campaign was over before anything was seen');
  return found;
}

makePackage();
try {
  const looks = await runCampaign();
  const ends = endTimes();
  const costs = ends.slice(1).map((end, index) => end - (ends[index] ?? 0));
  const [first, last] = [costs.slice(part, 2 * part), costs.slice(-part)];
  const after = (count: number): Look => lookAfter(count, looks, ends);
  // The first tenth warms up: modules are loaded, code is compiled.
  const cpuOf = (from: number): number => after(from + part).cpuS - after(from).cpuS;
  const [early, late] = [cpuOf(part), cpuOf(models - 2 * part)];
  const title = `tenth of ${models} models, last over second`;
  report(`CPU time of a ${title}`, late / early, 1.1);
  report(`wall time of a ${title}`, median(last) / median(first), 1.1);
  const bytes = (count: number): number => after(count).bytes / 1024 ** 2;
  report('memory after the second tenth', bytes(2 * part), null, ' MiB');
  report('growth of memory from there to the end', bytes(models) - bytes(2 * part), 24, ' MiB');
  print('long-campaign', [summary('one of the second tenth', first), summary('one of the last tenth', last)]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function summary(name: string, samplesS: readonly number[]): Measured {
  const sorted = samplesS.toSorted((a, b) => a - b);
  return {
    name,
    medianS: median(samplesS),
    fastestS: sorted[0] ?? 0,
    slowestS: sorted.at(-1) ?? 0,
    samplesS,
  };
}
