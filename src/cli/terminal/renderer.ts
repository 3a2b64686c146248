import type { Clock } from '../../foundation/clock.ts';
import type { EventListener } from '../../foundation/event.ts';
import type { Colours } from './colours.ts';
import type { Output } from './output.ts';

/** A listener that shows the event stream to someone. */
export interface Renderer {
  listen: EventListener;
  /** Shows what is still held back and leaves the terminal as it was. Nothing is shown afterwards. */
  stop(): void;
}

export interface RendererOptions {
  stdout: Output;
  /** Where warnings go when nobody sees both streams on one screen. */
  stderr: Output;
  clock: Clock;
  colours: Colours;
  verbose: boolean;
  /** When it is shown where every value comes from; absent: never. */
  settings?: 'at once' | 'with the plan';
  /** Absolute; paths below it are shown relative to it. */
  cwd: string;
}
