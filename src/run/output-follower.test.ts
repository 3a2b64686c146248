import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../foundation/clock.ts';
import { Scrubber, Secret } from '../foundation/secret.ts';
import { createOutputScanner, type OutputScanner } from '../record/output/output-scanner.ts';
import { renderProgram } from '../stage/program.ts';
import type { Stage } from '../stage/stage.ts';
import { type FollowOptions, followOutput } from './output-follower.ts';

let control = '';
let output = '';
let marks = '';
beforeEach(async () => {
  control = await mkdtemp(join(tmpdir(), 'follower-'));
  output = join(control, 'output.log');
  marks = join(control, 'stages.tsv');
});
afterEach(() => rm(control, { recursive: true }));

const errors = { enabled: true, patterns: ['FAILED'], benign: [] };
const scrubber = new Scrubber([new Secret('token', 'tok-12345678')]);

/** Keeps what it got besides scanning it. */
function recordingScanner() {
  const scanner = createOutputScanner({ errors });
  const got: Buffer[] = [];
  const recording: OutputScanner = {
    push: (chunk) => {
      got.push(Buffer.from(chunk));
      scanner.push(chunk);
    },
    get metric() {
      return scanner.metric;
    },
    end: () => scanner.end(),
  };
  return { recording, text: () => Buffer.concat(got).toString() };
}

const follow = (options: Partial<FollowOptions> = {}) =>
  followOutput({
    control,
    scanner: createOutputScanner({ errors }),
    scrubber,
    clock: systemClock,
    signal: new AbortController().signal,
    ...options,
  });

const stage = (name: Stage['name'], script: string): Stage => ({
  name,
  title: name,
  cwd: '',
  prefix: '',
  words: ['sh', '-c', script].map((text) => [{ text }]),
  always: false,
});

const runProgram = async (stages: readonly Stage[]) => {
  const file = join(control, 'stages.sh');
  await writeFile(file, renderProgram({ stages, workspace: control, control }));
  const child = spawn('sh', [file], { stdio: 'ignore' });
  return new Promise((resolve) => child.once('exit', resolve));
};

test('the model’s own output is scanned, marks and metric are told as they come, all of it is shown', async () => {
  const told: string[] = [];
  let shown = '';
  const { recording, text } = recordingScanner();
  const follower = follow({
    scanner: recording,
    onMark: (mark) => told.push(mark.kind === 'over' ? 'over' : `${mark.kind} ${mark.name}`),
    onMetric: (metric) => told.push(`${metric.value} ${metric.name}`),
    onOutput: (part) => {
      shown += part;
    },
  });
  await runProgram([
    stage('pre_script', 'echo performance: 1 pre; echo FAILED'),
    stage('run', 'echo "performance: 2 tok/s"; echo tok-12345678 ü; sleep 0.2'),
    stage('post_script', 'echo performance: 3 post'),
  ]);
  const result = await follower.finish();
  expect(result.scan).toEqual({ metric: { name: 'tok/s', value: 2, text: '2' }, bytes: text().length + 1 });
  expect(text()).toBe('performance: 2 tok/s\ntok-12345678 ü\n');
  expect(told).toEqual([
    'start pre_script',
    'end pre_script',
    'start run',
    '2 tok/s',
    'end run',
    'start post_script',
    'end post_script',
    'over',
  ]);
  expect(shown).toBe('performance: 1 pre\nFAILED\nperformance: 2 tok/s\n****** ü\nperformance: 3 post\n');
  expect(result.bytes).toBe((await stat(output)).size);
});

test('a post-script may print the metric that the model did not', async () => {
  const scan = async (run: string, post: string) => {
    await rm(output, { force: true });
    await rm(marks, { force: true });
    const follower = follow({ afterwards: createOutputScanner({ errors: { ...errors, enabled: false } }) });
    await runProgram([
      stage('pre_script', 'echo "performance: 1 before"'),
      stage('run', run),
      { ...stage('post_script', post), always: true },
    ]);
    return (await follower.finish()).scan;
  };
  const post = 'echo FAILED; echo "performance: 3 after"';
  expect(await scan('echo done', post)).toMatchObject({ metric: { value: 3, name: 'after' } });
  expect((await scan('echo done', post)).firstError).toBeUndefined();
  expect(await scan('echo "performance: 2 x"', post)).toMatchObject({ metric: { value: 2, name: 'x' } });
  expect(await scan('echo "performance: 42"', post)).toMatchObject({ unreadLine: 'performance: 42' });
});

test('the tail is that of the stage that failed, else that of a model with an error', async () => {
  const tail = async (run: string) => {
    await rm(output, { force: true });
    await rm(marks, { force: true });
    const follower = follow();
    await runProgram([
      stage('pre_script', 'echo before'),
      stage('run', run),
      { ...stage('post_script', 'echo after'), always: true },
    ]);
    return (await follower.finish()).tail;
  };
  expect(await tail('echo why tok-12345678; exit 3')).toBe(
    'why ***\n'.replace('***', scrubber.scrub('tok-12345678')),
  );
  expect(await tail('exit 3')).toBe('');
  expect(await tail('echo FAILED')).toBe('FAILED\n');
  expect(await tail('echo good')).toBe('');
  expect(await tail('head -c 100000 /dev/zero | tr "\\0" x; exit 1')).toHaveLength(16 * 1024);
  // The cut leaves "-12345678" of the secret.
  const cut = `printf tok-12345678; head -c ${16 * 1024 - 9} /dev/zero | tr "\\0" x; exit 1`;
  expect(await tail(cut)).toMatch(/^\*{6}x+$/);
});

test('a fast model is followed to its last byte', async () => {
  const follower = follow();
  await runProgram([stage('run', 'seq 1 200000; echo "performance: 5 tok/s"')]);
  const { scan, bytes } = await follower.finish();
  expect(bytes).toBe((await stat(output)).size);
  expect(scan).toEqual({ metric: { name: 'tok/s', value: 5, text: '5' }, bytes });
});

test('output is read while the model still runs, also when the file grows without events', async () => {
  const seen = new Promise((resolve) => {
    const follower = follow({ onMetric: (metric) => resolve({ metric, follower }) });
  });
  await writeFile(marks, 'start\t0\trun\t1\t0\n');
  await appendFile(output, 'performance: 1 a\n');
  const { metric, follower } = (await seen) as { metric: unknown; follower: ReturnType<typeof follow> };
  expect(metric).toEqual({ name: 'a', value: 1, text: '1' });
  await follower.finish();
});

test('whoever goes on writing behind the program does not keep its end from being seen', async () => {
  // A scanner that is slower than the writer would never come to the end.
  const slow = recordingScanner().recording;
  let written = 0;
  const push = (chunk: Buffer): void => {
    slow.push(chunk);
    written += chunk.length;
    if (written < 64 * 1024 * 1024) appendFileSync(output, chunk);
  };
  await writeFile(marks, 'start\t0\trun\t1\t0\n');
  await writeFile(output, 'x'.repeat(1000));
  const { bytes } = await follow({ scanner: { ...slow, push, end: () => slow.end() } }).finish();
  expect(bytes).toBeLessThan(10_000);
});

test('borders between stages hold wherever they lie', async () => {
  const text = 'before|model|after';
  for (let start = 0; start <= text.length; start++) {
    await writeFile(output, text);
    await writeFile(marks, `start\t0\trun\t1\t${start}\nend\t0\trun\t2\t${text.length - 1}\t0\n`);
    const { recording, text: got } = recordingScanner();
    await follow({ scanner: recording }).finish();
    expect(got()).toBe(text.slice(start, -1));
  }
});

test('files that are there already are used, missing ones are made for us alone', async () => {
  await writeFile(output, 'x', { mode: 0o600 });
  await follow().finish();
  expect(await readFile(output, 'utf8')).toBe('x');
  expect((await stat(marks)).mode & 0o777).toBe(0o600);
});

test('a run that removes, replaces or truncates the files does no harm', async () => {
  let follower: ReturnType<typeof follow> | undefined;
  const started = new Promise<void>((resolve) => {
    follower = follow({ onMetric: () => resolve() });
  });
  await writeFile(marks, 'start\t0\trun\t1\t0\n');
  await appendFile(output, 'performance: 1 a\n');
  await started;
  await rename(output, join(control, 'elsewhere'));
  await appendFile(join(control, 'elsewhere'), 'FAILED\n');
  await writeFile(output, 'a new file\n');
  await writeFile(marks, '');
  await rm(marks);
  const result = await follower?.finish();
  expect(result?.scan.metric?.value).toBe(1);
  expect(result?.scan.firstError?.line).toBe('FAILED');
});

test.each([
  ['a start beyond the end', 'start\t0\trun\t1\t9999\n'],
  ['an end before the start', 'start\t0\trun\t1\t5\nend\t0\trun\t1\t2\t0\n'],
  ['an end beyond the end', 'start\t0\trun\t1\t0\nend\t0\trun\t1\t9007199254740991\t0\n'],
  ['many runs', 'start\t0\trun\t1\t0\nend\t0\trun\t1\t5\t0\nstart\t1\trun\t1\t0\n'],
  ['rubbish', 'start\t\0\n\xff\xfe\n'],
  ['a megabyte of it', 'x'.repeat(3_000_000)],
])('false marks do no harm: %s', async (_, text) => {
  await writeFile(output, 'performance: 1 a\n');
  await writeFile(marks, text);
  expect((await follow().finish()).bytes).toBe(17);
});

test('an abort ends the following, and what is there is still read at the end', async () => {
  const abort = new AbortController();
  const follower = follow({ signal: abort.signal });
  abort.abort('SIGINT');
  await writeFile(marks, 'start\t0\trun\t1\t0\n');
  await appendFile(output, 'performance: 1 a');
  expect((await follower.finish()).scan.metric?.name).toBe('a');
});

test('an error while following is thrown by finish', async () => {
  const follower = follow({
    onMark: () => {
      throw new Error('listener failed');
    },
  });
  await writeFile(marks, 'start\t0\trun\t1\t0\n');
  await new Promise((resolve) => setTimeout(resolve, 100));
  await expect(follower.finish()).rejects.toThrow('listener failed');
});

test('half a character or half a secret at the end is not kept from the reader', async () => {
  let shown = '';
  const follower = follow({
    onOutput: (part) => {
      shown += part;
    },
  });
  await writeFile(output, Buffer.from([0x74, 0x6f, 0x6b, 0x2d, 0x31, 0xc3]));
  await follower.finish();
  expect(shown).toBe('tok-1\ufffd');
});
