/** What providers get, for tests: a real clock, nobody who listens. */
import { systemClock } from '../../foundation/clock.ts';
import type { EventBody } from '../../foundation/event.ts';
import { Scrubber } from '../../foundation/secret.ts';
import { thisMachine } from '../../machine/command/this-machine.ts';
import type { DataAround } from './provider.ts';

export function fakeAround(
  packageDir: string,
  signal = new AbortController().signal,
): DataAround & {
  events: EventBody[];
} {
  const events: EventBody[] = [];
  const emit = Object.assign((body: EventBody) => void events.push(body), { within: () => emit });
  return {
    runner: thisMachine({ env: {} }),
    clock: systemClock,
    env: {},
    credentials: {
      entries: new Map(),
      lists: new Map(),
      environment: new Map(),
      secrets: [],
      origins: new Map(),
      warnings: [],
    },
    packageDir,
    secretsDir: packageDir,
    emit,
    signal,
    scrubber: new Scrubber([]),
    events,
  };
}
