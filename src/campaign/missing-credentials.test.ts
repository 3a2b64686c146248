import { expect, test } from 'vitest';
import { EventStream, type MadEvent } from '../foundation/event.ts';
import type { ModelCard } from '../package/card.ts';
import type { Credentials } from '../package/credential-file.ts';
import { tellMissingCredentials } from './missing-credentials.ts';

const card = (name: string, cred: string): ModelCard => ({ name, cred }) as ModelCard;

test('each credential that cards name and nobody has is told once', () => {
  const told: MadEvent[] = [];
  const events = new EventStream({
    now: () => new Date(0),
    monotonic: () => 0,
    sleep: () => Promise.resolve(),
  });
  events.listen((event) => told.push(event));
  const credentials = {
    entries: new Map([['THERE', { username: 'bot' }]]),
    lists: new Map(),
  } as unknown as Credentials;
  const cards = [card('a', 'GONE'), card('b', 'GONE'), card('c', 'THERE'), card('d', ''), card('e', 'LOST')];
  tellMissingCredentials(cards, credentials, events.emit);
  expect(told).toMatchObject([
    { code: 'CREDENTIAL_MISSING', message: expect.stringMatching(/GONE of the model a and of 1 more/) },
    { code: 'CREDENTIAL_MISSING', message: expect.stringMatching(/LOST of the model e is nowhere/) },
  ]);
});
