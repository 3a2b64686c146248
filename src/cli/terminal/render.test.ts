import { describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../foundation/clock.ts';
import { type EventBody, type EventScope, EventStream } from '../../foundation/event.ts';
import { Scrubber, Secret } from '../../foundation/secret.ts';
import { coloursFor } from './colours.ts';
import { jsonRenderer } from './json.ts';
import { liveRenderer } from './live.ts';
import type { Output } from './output.ts';
import { plainRenderer } from './plain.ts';
import type { Renderer, RendererOptions } from './renderer.ts';

class Sink implements Output {
  text = '';
  isTTY = false;
  columns = 80;
  write(text: string): void {
    this.text += text;
  }
  get lines(): string[] {
    return this.text.trimEnd().split('\n');
  }
}

let seconds = 0;
const clock: Clock = {
  now: () => new Date(Date.UTC(2030, 0, 1)),
  monotonic: () => seconds,
  sleep: () => Promise.resolve(),
};

function play(
  make: (options: RendererOptions) => Renderer,
  events: readonly (EventBody & { scope?: EventScope })[],
  changes: Partial<RendererOptions> = {},
): { out: Sink; err: Sink } {
  const out = new Sink();
  const err = new Sink();
  const renderer = make({
    stdout: out,
    stderr: err,
    clock,
    colours: coloursFor(false),
    verbose: false,
    cwd: '/w',
    ...changes,
  });
  const stream = new EventStream(clock);
  stream.listen(renderer.listen);
  for (const { scope, ...body } of events) stream.emit.within(scope ?? {})(body as EventBody);
  renderer.stop();
  return { out, err };
}

const image = 'ci-dummy';
const failure = {
  class: 'exit_code',
  stage: 'run',
  message: 'the script ended with 7',
  evidence: 'Traceback: boom',
};
const campaign: (EventBody & { scope?: EventScope })[] = [
  { type: 'models.selected', models: ['dummy', 'bad', 'old'] },
  { type: 'build.started', image, model: 'dummy', dockerfile: 'docker/dummy.Dockerfile' },
  { type: 'build.step', image, step: 'Step 1/2 : FROM scratch' },
  { type: 'build.ended', image, model: 'dummy', status: 'SUCCESS', duration_s: 12, log: 'dummy.build.log' },
  { type: 'push.started', image, registry_image: 'r:5000/ci-dummy' },
  { type: 'push.ended', image, registry_image: 'r:5000/ci-dummy', status: 'SUCCESS', duration_s: 1 },
  { type: 'run.started', model: 'dummy', image, position: 1, total: 3, scope: { run: 'a' } },
  { type: 'stage.started', stage: 'run', scope: { run: 'a' } },
  { type: 'metric.found', name: 'samples/sec', value: 12.5, text: '12.50', scope: { run: 'a' } },
  {
    type: 'run.ended',
    model: 'dummy',
    image,
    status: 'SUCCESS',
    performance: '12.50',
    metric: 'samples/sec',
    duration_s: 65,
    record: '/w/r',
    scope: { run: 'a' },
  },
  {
    type: 'run.ended',
    model: 'bad',
    image,
    status: 'FAILURE',
    performance: null,
    metric: null,
    duration_s: 3,
    record: '/w/r',
    failure,
    scope: { run: 'b' },
  },
  {
    type: 'run.ended',
    model: 'old',
    image,
    status: 'SKIPPED',
    performance: null,
    metric: null,
    duration_s: 0,
    record: '/w/r',
    reason: 'deprecated',
    scope: { run: 'c' },
  },
  { type: 'file.written', kind: 'results', path: '/w/perf.csv' },
  { type: 'file.written', kind: 'run log', path: '/w/logs/a.log' },
  { type: 'file.written', kind: 'run log', path: '/w/logs/b.log' },
  { type: 'notice', level: 'warning', code: 'X', message: 'mind this', hint: 'do that' },
  { type: 'campaign.ended', exit_code: 3, succeeded: 1, failed: 1, skipped: 1, duration_s: 83 },
];

describe('off a terminal', () => {
  test('each event that matters is a line, and the end is a table and where the files are', () => {
    const { out, err } = play(plainRenderer, campaign);
    expect(out.lines).toEqual([
      '3 models: dummy, bad, old',
      'Building ci-dummy from docker/dummy.Dockerfile',
      'Built ci-dummy in 12 s',
      'Pushing r:5000/ci-dummy',
      'Pushed r:5000/ci-dummy in 1.0 s',
      'Running dummy (1 of 3)',
      'dummy: 12.50 samples/sec in 1 min 05 s',
      'bad failed after 3.0 s: the script ended with 7',
      '  Traceback: boom',
      'old skipped: deprecated',
      '',
      'MODEL  STATUS   PERFORMANCE  METRIC         DURATION  REASON',
      'dummy  SUCCESS        12.50  samples/sec  1 min 05 s',
      'bad    FAILURE                                 3.0 s  the script ended with 7',
      'old    SKIPPED                                 0.0 s  deprecated',
      '',
      'results  perf.csv',
      'run log  2 files in logs',
      '',
      '1 succeeded, 1 failed, 1 skipped in 1 min 23 s.',
    ]);
    expect(err.text).toBe('Warning: mind this\n  do that\n');
  });

  test('verbose adds steps, stages, metrics and files', () => {
    const { out } = play(plainRenderer, campaign, { verbose: true });
    for (const line of [
      'ci-dummy: Step 1/2 : FROM scratch',
      'Stage run',
      'Metric: 12.50 samples/sec',
      'Wrote results /w/perf.csv',
    ])
      expect(out.lines).toContain(line);
  });

  test('a build without runs ends with a table of its images', () => {
    const events = campaign.filter(({ type }) => /^(build|push|campaign)/.test(type));
    const bad: EventBody = {
      type: 'build.ended',
      image: 'ci-bad',
      model: 'bad',
      status: 'FAILURE',
      duration_s: 2,
      log: 'bad.log',
      failure,
    };
    const { out } = play(plainRenderer, [bad, ...events]);
    const rows = out.lines.slice(out.lines.findIndex((line) => line.startsWith('MODEL')));
    expect(rows.slice(0, 3)).toEqual([
      'MODEL  IMAGE     STATUS   DURATION  PUSHED AS        REASON',
      'bad    ci-bad    FAILURE     2.0 s                   the script ended with 7',
      'dummy  ci-dummy  SUCCESS      12 s  r:5000/ci-dummy',
    ]);
    expect(out.text).toContain(
      'Building ci-bad failed after 2.0 s: the script ended with 7\n  Traceback: boom\n  Log: bad.log\n',
    );
  });

  test('a model whose build failed has a row in the table of runs, once', () => {
    const built: EventBody = {
      type: 'build.ended',
      image: 'ci-bad',
      model: 'unbuilt',
      status: 'FAILURE',
      duration_s: 2,
      log: 'l',
      failure,
    };
    const ran: EventBody = {
      type: 'run.ended',
      model: 'unbuilt',
      image: 'ci-bad',
      status: 'FAILURE',
      performance: null,
      metric: null,
      duration_s: 0,
      record: 'r',
      failure,
    };
    const rowsIn = (events: EventBody[]): number =>
      play(plainRenderer, events).out.lines.filter((line) => line.startsWith('unbuilt  FAILURE')).length;
    expect(rowsIn([built, ...campaign])).toBe(1);
    expect(rowsIn([built, ran, ...campaign])).toBe(1);
  });

  test('live output is shown in whole lines, named while several are going on, without its escapes', () => {
    const start = (model: string, run: string) =>
      ({ type: 'run.started', model, image, position: 1, total: 2, scope: { run } }) as const;
    const output = (text: string, run: string) => ({ type: 'run.output', text, scope: { run } }) as const;
    const { out } = play(plainRenderer, [
      start('one', 'a'),
      output('al', 'a'),
      output('one\u001b[31m red\u001b[0m\nha', 'a'),
      start('two', 'b'),
      output('other\n', 'b'),
      output('lf\n', 'a'),
      output('rest', 'b'),
    ]);
    expect(out.lines).toEqual([
      'Running one (1 of 2)',
      'alone red',
      'Running two (1 of 2)',
      '[two] other',
      '[one] half',
      'rest',
    ]);
  });

  test('the plan of a dry run is commands for a shell', () => {
    const commands = [{ title: 'build ci-dummy', argv: ['docker', 'build', '--build-arg', 'A=it is', '.'] }];
    const { out } = play(plainRenderer, [{ type: 'plan.made', plan: { jobs: [{}], commands } }]);
    expect(out.lines).toEqual([
      '# Plan: 1 job, 1 command; nothing was done.',
      '',
      '# build ci-dummy',
      "docker build --build-arg 'A=it is' .",
    ]);
  });

  test('the plan names each model with its limit and GPUs, what is skipped, and what would fail', () => {
    const stages = [{ name: 'run', title: 'run', command: 'echo a\necho b' }];
    const jobs = [
      { job: 'big', timeout_s: 60, gpus: [0, 1], stages },
      { job: 'endless', timeout_s: null, gpus: [] },
      { job: 'old', skip: 'deprecated' },
    ];
    const plan = {
      jobs,
      problems: ['huge: asks for 8 GPUs\n# model x: fine'],
      commands: [{ title: 'run big', argv: ['docker'] }],
    };
    expect(play(plainRenderer, [{ type: 'plan.made', plan }]).out.lines).toEqual([
      '# Plan: 3 jobs, 1 command; nothing was done.',
      '#',
      '# model big: at most 60 s, GPUs 0, 1',
      '# model endless: no limit of time, no GPU',
      '# model old: skipped, deprecated',
      '# would fail: huge: asks for 8 GPUs # model x: fine',
      '',
      '# run big',
      'docker',
      '#   run: echo a',
      '#     echo b',
    ]);
  });

  test('text from packages cannot forge lines or reach the terminal as escapes', () => {
    const model = 'evil\u001b[2J\nevil: 999 samples/sec in 1.0 s';
    const events = campaign.map((event) => ('model' in event ? { ...event, model, image: model } : event));
    for (const make of [plainRenderer, liveRenderer]) {
      const { out } = play(make, events);
      expect(out.text).not.toContain('\u001b[2J');
      expect(out.lines.filter((line) => line.startsWith('evil: 999'))).toEqual([]);
    }
  });
});

describe('on a terminal', () => {
  test('what goes on has a line with its step and time; what has ended stays', () => {
    vi.useFakeTimers();
    try {
      seconds = 0;
      const out = new Sink();
      const renderer = liveRenderer({
        stdout: out,
        stderr: out,
        clock,
        colours: coloursFor(false),
        verbose: false,
        cwd: '/w',
      });
      const stream = new EventStream(clock);
      stream.listen(renderer.listen);
      for (const { scope, ...body } of campaign.slice(0, 3))
        stream.emit.within(scope ?? {})(body as EventBody);
      out.text = '';
      seconds = 75;
      vi.advanceTimersByTime(1000);
      expect(out.text).toMatch(/\S Building ci-dummy {2}1 min 15 s {2}Step 1\/2 : FROM scratch\n/);
      for (const { scope, ...body } of campaign.slice(3)) stream.emit.within(scope ?? {})(body as EventBody);
      renderer.stop();
      expect(out.text).toContain('✔ Built ci-dummy in 12 s\n');
      expect(out.text).toContain('✖ bad failed after 3.0 s: the script ended with 7\n    Traceback: boom\n');
      expect(out.text).toContain('! Warning: mind this\n');
      expect(out.text.endsWith('\u001b[?25h'), 'the cursor is shown again').toBe(true);
      out.text = '';
      vi.advanceTimersByTime(1000);
      expect(out.text).toBe('');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('as JSON', () => {
  test('every event is a line of its own, scrubbed, with its scope', () => {
    const out = new Sink();
    const stream = new EventStream(clock);
    stream.scrubWith(new Scrubber([new Secret('x', 'hunter2hunter2')]));
    stream.listen(jsonRenderer(out).listen);
    for (const { scope, ...body } of campaign) stream.emit.within(scope ?? {})(body as EventBody);
    stream.emit({ type: 'run.output', text: 'a\nhunter2hunter2\u001b' });
    const events = out.lines.map((line) => JSON.parse(line));
    expect(events.map(({ type }) => type)).toEqual([...campaign.map(({ type }) => type), 'run.output']);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events[6]).toMatchObject({ v: 1, at: '2030-01-01T00:00:00.000Z', run: 'a' });
    expect(events.at(-1).text).toBe('a\n******\u001b');
    expect(out.text).not.toContain('\u001b');
  });
});

describe('known failures and results that nothing checked', () => {
  const run = {
    type: 'run.ended',
    image,
    duration_s: 1,
    record: '/w/r',
    performance: null,
    metric: null,
  } as const;
  const events: EventBody[] = [
    { ...run, model: 'bad', status: 'FAILURE', failure, known: true, known_reason: 'issue 12' },
    { ...run, model: 'cured', status: 'SUCCESS', known: false, known_reason: 'issue 13', checked: false },
    { ...run, model: 'sound', status: 'SUCCESS', checked: true },
    {
      type: 'campaign.ended',
      exit_code: 0,
      succeeded: 2,
      failed: 0,
      skipped: 0,
      known_failures: 1,
      duration_s: 3,
    },
  ];

  test('stand apart in lines, table and counts', () => {
    const { out } = play(plainRenderer, events);
    expect(out.text).toContain('bad failed, as is known (issue 12): the script ended with 7\n');
    expect(out.text).toMatch(/bad +KNOWN FAILURE .*issue 12: the script ended with 7\n/);
    expect(out.text).toMatch(/cured +SUCCESS .*unexpected pass: issue 13\n/);
    expect(out.lines.slice(-2)).toEqual([
      '2 succeeded, 0 failed, 1 known to fail, 0 skipped in 3.0 s.',
      '1 result checked by nothing but exit code, error patterns and metric.',
    ]);
  });
});

test('lines of models that run beside each other name their model, also when one is left; twins by their position', () => {
  const started = (model: string, position: number) =>
    ({ type: 'run.started', model, image, position, total: 3, concurrent: true }) as const;
  const ended = { type: 'run.ended', model: 'a', image, status: 'SUCCESS', record: '' } as const;
  const { out } = play(
    plainRenderer,
    [
      { ...started('a', 1), scope: { run: '1' } },
      { type: 'run.output', text: 'first\n', scope: { run: '1' } },
      { ...started('b', 2), scope: { run: '2' } },
      { ...started('b', 3), scope: { run: '3' } },
      { type: 'run.output', text: 'one\nha', scope: { run: '1' } },
      { type: 'run.output', text: 'two\n', scope: { run: '2' } },
      { type: 'run.output', text: 'lf\n', scope: { run: '1' } },
      { type: 'stage.started', stage: 'run', scope: { run: '3' } },
      { ...ended, performance: null, metric: null, duration_s: 1, scope: { run: '1' } },
    ],
    { verbose: true },
  );
  expect(out.lines.filter((line) => line.startsWith('['))).toEqual([
    '[a] first',
    '[a] one',
    '[b #2] two',
    '[a] half',
    '[b #3] Stage run',
  ]);
});

test('an attempt that is followed by another is no failure of the campaign', () => {
  const common = { type: 'run.ended', model: 'a', image, performance: null, metric: null } as const;
  const { out } = play(plainRenderer, [
    { ...common, status: 'FAILURE', duration_s: 1, record: '', failure, retried: true, scope: { run: '1' } },
    { ...common, status: 'SUCCESS', duration_s: 2, record: '', scope: { run: '2' } },
    { type: 'campaign.ended', exit_code: 0, succeeded: 1, failed: 0, skipped: 0, duration_s: 3 },
  ]);
  expect(out.text.match(/^a +SUCCESS/gm)).toHaveLength(1);
  expect(out.text).not.toMatch(/^a +FAILURE/m);
});
