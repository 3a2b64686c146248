import type { EventOf, MadEvent } from '../../foundation/event.ts';
import { sizeText } from '../../foundation/size-text.ts';
import { durationText } from './duration-text.ts';
import { safeLine } from './safe-text.ts';

export type Tone = 'start' | 'good' | 'bad' | 'skipped' | 'warning' | 'info';

/** What a person reads about one event: a line, and lines below it. */
export interface EventLine {
  tone: Tone;
  text: string;
  more: readonly string[];
}

/** The line for an event that matters; undefined for those that don't. `verbose` lets every step matter. */
export function eventLine(event: MadEvent, verbose: boolean): EventLine | undefined {
  const described = describe(event) ?? (verbose ? describeDetail(event) : undefined);
  if (!described) return undefined;
  const [tone, ...texts] = described;
  const [text = '', ...more] = texts.flatMap((one) => (one ? one.split('\n') : [])).map(safeLine);
  return { tone, text, more };
}

type Described = readonly [Tone, string, ...(string | undefined)[]];
type Failure = EventOf<'run.ended'>['failure'];

function describe(event: MadEvent): Described | undefined {
  switch (event.type) {
    case 'models.selected':
      return ['info', `${counted(event.models.length, 'model')}: ${listed(event.models)}`];
    case 'build.started':
      return ['start', `Building ${event.image} from ${event.dockerfile}`];
    case 'build.ended':
      return event.image === ''
        ? ['bad', `Building an image for ${event.model} failed: ${event.failure?.message}`]
        : ended(event, `Built ${event.image}`, `Building ${event.image}`, event.log);
    case 'push.started':
      return ['start', `Pushing ${event.registry_image}`];
    case 'push.ended':
      return ended(event, `Pushed ${event.registry_image}`, `Pushing ${event.registry_image}`);
    case 'pull.started':
      return ['start', `Pulling ${event.image}`];
    case 'pull.ended':
      return ended(event, `Pulled ${event.image}`, `Pulling ${event.image}`);
    case 'run.started':
      return ['start', `Running ${event.model} (${event.position} of ${event.total})`];
    case 'sample.ended':
      return [
        'info',
        `${event.warmup ? 'Warm-up' : 'Execution'} ${event.sample}: ${resultOf(event)} in ${durationText(event.duration_s)}`,
      ];
    case 'run.ended':
      return runEnded(event);
    case 'bisect.started':
      return ['info', bisectStarted(event)];
    case 'bisect.measuring':
      return ['info', `Sample ${event.sample} of ${event.candidate} (${event.position} of ${event.of})`];
    case 'bisect.judged':
      return bisectJudged(event);
    case 'bisect.ended':
      return [event.verdict === 'found' ? 'good' : 'bad', `Bisect: ${event.message}`, event.hint];
    case 'data.ready':
      return ['info', dataReady(event)];
    case 'notice':
      return event.level === 'warning'
        ? ['warning', `Warning: ${event.message}`, event.hint]
        : ['info', event.message, event.hint];
    default:
      return undefined;
  }
}

function describeDetail(event: MadEvent): Described | undefined {
  switch (event.type) {
    case 'campaign.started':
      return ['info', `Campaign ${event.campaign ?? ''} in ${event.folder}`];
    case 'build.step':
      return ['info', `${event.image}: ${event.step}`];
    case 'sample.started':
      return ['info', `${event.warmup ? 'Warm-up' : 'Execution'} ${sampleText(event)}`];
    case 'stage.started':
      return ['info', `Stage ${event.stage}`];
    case 'stage.ended':
      return [
        'info',
        `Stage ${event.stage} ended with ${event.exit_code ?? 'no exit code'} after ${durationText(event.duration_s)}`,
      ];
    case 'metric.found':
      return ['info', `Metric: ${event.text} ${event.name}`];
    case 'file.written':
      return ['info', `Wrote ${event.kind} ${event.path}`];
    default:
      return undefined;
  }
}

function ended(
  event: { status: string; duration_s: number; failure?: Failure },
  done: string,
  doing: string,
  log?: string,
): Described {
  const duration = durationText(event.duration_s);
  if (event.status === 'SUCCESS') return ['good', `${done} in ${duration}`];
  if (event.status === 'SKIPPED') return ['skipped', `${doing} was skipped`];
  return [
    'bad',
    `${doing} failed after ${duration}${event.failure ? `: ${event.failure.message}` : ''}`,
    event.failure?.evidence,
    log && `Log: ${log}`,
  ];
}

function bisectStarted({ candidates, over }: EventOf<'bisect.started'>): string {
  const what = over === 'images' ? 'images' : `commits of the ${over}`;
  return `Looking through ${candidates.length} ${what}, from ${candidates[0]} to ${candidates.at(-1)}`;
}

function bisectJudged({ candidate, verdict, clear, why }: EventOf<'bisect.judged'>): Described {
  if (verdict === 'ends') return ['info', `Both ends: ${why}`];
  if (verdict === 'skipped') return ['skipped', `${candidate} is passed over: ${why}`];
  return [clear ? 'info' : 'skipped', `${candidate} is ${verdict}: ${why}`];
}

function dataReady(event: EventOf<'data.ready'>): string {
  const all = `${counted(event.files, 'file')}, ${sizeText(event.bytes)}`;
  if (event.reused_bytes === event.bytes)
    return `Data ${event.name}: ${all}, found in its mirror (${event.provider})`;
  const reused = event.reused_bytes === 0 ? '' : ` (${sizeText(event.reused_bytes)} were here already)`;
  return `Data ${event.name}: ${all} from ${event.provider} in ${durationText(event.duration_s)}${reused}`;
}

function runEnded(event: EventOf<'run.ended'>): Described {
  const duration = durationText(event.duration_s);
  if (event.status === 'SKIPPED')
    return ['skipped', `${event.model} skipped: ${event.reason ?? 'no reason given'}`];
  if (event.status === 'SUCCESS') {
    const result = event.performance === null ? '' : `: ${event.performance} ${event.metric ?? ''}`.trimEnd();
    return ['good', `${event.model}${result} in ${duration}`];
  }
  if (event.known) {
    const message = event.failure?.message ?? 'failed';
    return ['skipped', `${event.model} failed, as is known (${event.known_reason ?? ''}): ${message}`];
  }
  return [
    event.retried ? 'skipped' : 'bad',
    `${event.model} failed after ${duration}${event.failure ? `: ${event.failure.message}` : ''}`,
    event.failure?.evidence,
  ];
}

const sampleText = ({ sample, of }: EventOf<'sample.started'>): string =>
  of === null ? String(sample) : `${sample} of ${of}`;

const resultOf = ({ status, performance, metric }: EventOf<'sample.ended'>): string =>
  status === 'SUCCESS' && performance !== null ? `${performance} ${metric ?? ''}`.trimEnd() : status;

const counted = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

const listed = (names: readonly string[]): string =>
  names.length <= 12 ? names.join(', ') : `${names.slice(0, 10).join(', ')} and ${names.length - 10} more`;
