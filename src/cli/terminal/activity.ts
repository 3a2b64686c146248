import type { MadEvent } from '../../foundation/event.ts';
import { progressText } from './progress-text.ts';

/** Something that is going on at this moment. */
export interface Activity {
  verb: 'Building' | 'Pushing' | 'Pulling' | 'Running';
  /** The image or the model. */
  subject: string;
  /** The step, stage or progress it is at. */
  detail: string;
  /** Monotonic seconds. */
  since: number;
  /** Of a run, among all of the campaign. */
  position?: number;
}

/** What is going on, kept from the event stream. */
export class ActivityBoard {
  readonly #active = new Map<string, Activity>();
  #concurrent = false;

  get active(): readonly Activity[] {
    return [...this.#active.values()];
  }

  /** Whether models run beside each other: every line of theirs then needs its name, also while one is left alone. */
  get isConcurrent(): boolean {
    return this.#concurrent;
  }

  /** The model or image that an event's output belongs to; runs of one model are told apart by their position. */
  subjectOf(event: MadEvent): string | undefined {
    const own = this.#active.get(keyOf(event) ?? '');
    if (own?.position === undefined) return own?.subject;
    const twins = this.active.filter(({ verb, subject }) => verb === own.verb && subject === own.subject);
    return twins.length > 1 ? `${own.subject} #${own.position}` : own.subject;
  }

  apply(event: MadEvent, now: number): void {
    const key = keyOf(event);
    if (key === undefined) return;
    const started = startOf(event);
    if (event.type === 'run.started' && event.concurrent) this.#concurrent = true;
    const position = event.type === 'run.started' ? { position: event.position } : {};
    if (started)
      this.#active.set(key, { verb: started[0], subject: started[1], detail: '', since: now, ...position });
    else if (event.type.endsWith('.ended') && !/^(?:stage|sample)\./.test(event.type))
      this.#active.delete(key);
    else this.#tell(key, detailOf(event));
  }

  #tell(key: string, detail: string | undefined): void {
    const activity = this.#active.get(key);
    if (activity && detail !== undefined) activity.detail = detail;
  }
}

function startOf(event: MadEvent): [Activity['verb'], string] | undefined {
  switch (event.type) {
    case 'build.started':
      return ['Building', event.image];
    case 'push.started':
      return ['Pushing', event.registry_image];
    case 'pull.started':
      return ['Pulling', event.image];
    case 'run.started':
      return ['Running', event.model];
    default:
      return undefined;
  }
}

function detailOf(event: MadEvent): string | undefined {
  switch (event.type) {
    case 'build.step':
      return event.step;
    case 'push.progress':
    case 'pull.progress':
      return `${event.done} of ${event.total} layers`;
    case 'sample.started':
      return `${event.warmup ? 'warm-up' : 'sample'} ${event.sample}${event.of === null ? '' : ` of ${event.of}`}`;
    case 'stage.started':
      return event.stage;
    case 'data.progress':
      return progressText(event);
    case 'metric.found':
      return `${event.text} ${event.name}`;
    default:
      return undefined;
  }
}

/** Which activity an event belongs to; runs are told apart by id, the rest by image. */
function keyOf(event: MadEvent): string | undefined {
  switch (event.type) {
    case 'build.started':
    case 'build.step':
    case 'build.output':
    case 'build.ended':
      return `build ${event.image}`;
    case 'push.started':
    case 'push.progress':
    case 'push.ended':
      return `push ${event.image}`;
    case 'pull.started':
    case 'pull.progress':
    case 'pull.ended':
      return `pull ${event.image} ${event.node ?? ''}`;
    case 'run.started':
    case 'run.ended':
    case 'run.output':
    case 'sample.started':
    case 'sample.ended':
    case 'stage.started':
    case 'stage.ended':
    case 'data.progress':
    case 'metric.found':
      return `run ${event.run ?? ''} ${event.node ?? ''}`;
    default:
      return undefined;
  }
}
