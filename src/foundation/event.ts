import type { Clock } from './clock.ts';
import type { EventBody, EventScope, MadEvent } from './event-schema.ts';
import type { Scrubber } from './secret.ts';

export type { EventBody, EventOf, EventScope, MadEvent } from './event-schema.ts';

export type EventListener = (event: MadEvent) => void;

/** Where the core says what happens; a narrower scope is made with `within`. */
export interface Emit {
  (body: EventBody): void;
  within(scope: EventScope): Emit;
}

/** One stream with several listeners; every event is scrubbed before any of them sees it. */
export class EventStream {
  readonly #clock: Clock;
  readonly #listeners = new Set<EventListener>();
  #scrubber: Scrubber | undefined;
  #seq = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What follows is numbered on from there: events of another stream went out where these go. */
  goOnBehind(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
  }

  /** Listeners are called in the order in which they were added; returns the way to take this one off again. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Secrets become known only after the files that hold them are read. */
  scrubWith(scrubber: Scrubber): void {
    this.#scrubber = scrubber;
  }

  /** Text that leaves by another way than the stream, without its secrets. */
  scrub(text: string): string {
    return this.#scrubber ? this.#scrubber.scrub(text) : text;
  }

  /** The same for plain data. */
  scrubData<T>(data: T): T {
    return this.#scrubber ? this.#scrubber.scrubData(data) : data;
  }

  get emit(): Emit {
    return this.#emitter({});
  }

  #emitter(scope: EventScope): Emit {
    const send = (body: EventBody): void => this.#send(scope, body);
    return Object.assign(send, { within: (inner: EventScope) => this.#emitter({ ...scope, ...inner }) });
  }

  #send(scope: EventScope, body: EventBody): void {
    const clean = this.#scrubber ? this.#scrubber.scrubData(body) : body;
    const event: MadEvent = {
      v: 1,
      seq: ++this.#seq,
      at: this.#clock.now().toISOString(),
      ...scope,
      ...clean,
    };
    for (const listener of this.#listeners) listener(event);
  }
}

/** For callers that nobody listens to. */
export const silent: Emit = Object.assign(() => {}, { within: () => silent });
