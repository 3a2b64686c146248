import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../foundation/clock.ts';
import { EventStream, type MadEvent } from '../foundation/event.ts';
import { cardFromManifest } from '../package/manifest-card.ts';
import { checkDataOptions, tellUnknownData } from './data-options.ts';

async function folderWith(data: unknown) {
  const cwd = await mkdtemp(join(tmpdir(), 'data-options-'));
  onTestFinished(() => rm(cwd, { recursive: true }));
  await writeFile(join(cwd, 'data.json'), JSON.stringify(data));
  const events = new EventStream(systemClock);
  const told: MadEvent[] = [];
  events.listen((event) => told.push(event));
  return { cwd, events, told };
}

const none = { dataConfig: undefined, forceMirrorLocal: undefined };

test('a misspelt name is told before anything is built, a right one and no data are not', async () => {
  const { told, ...around } = await folderWith({ words: { local: { path: '/words' } } });
  const cards = ['words', 'wrods', ''].map((data) => cardFromManifest({ name: `m_${data}`, data }));
  await tellUnknownData(cards, { values: {}, origins: {} }, none, around);
  expect(told).toMatchObject([
    {
      code: 'DATA_UNKNOWN',
      message: 'm_wrods will fail for want of data: data.json has no data named "wrods"',
      hint: 'Did you mean "words"?',
    },
  ]);
});

test('a file where the mirror should be is refused', async () => {
  const around = await folderWith({});
  const options = { dataConfig: undefined, forceMirrorLocal: 'data.json' };
  await expect(checkDataOptions(options, around)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
