import { expect, test } from 'vitest';
import type { Engine } from '../machine/engine/engine.ts';
import { fakeCapabilities, fakeEngine } from './fake-engine.ts';
import { listening } from './fixture.ts';
import { requireFreeSpace } from './free-space.ts';

const gibibyte = 1024 ** 3;
const engineAt = (storage: string | undefined, sharesFiles = true): Engine => ({
  ...fakeEngine(),
  capabilities: async () => ({ ...fakeCapabilities, storage, sharesFiles }),
});

test('little space is warned of once for an engine', async () => {
  const { emit, events } = listening();
  const engine = engineAt('/var/lib/docker');
  const freeBytes = async (): Promise<number> => 2.5 * gibibyte;
  await requireFreeSpace({ engine, emit, freeBytes });
  await requireFreeSpace({ engine, emit, freeBytes });
  expect(events).toEqual([
    expect.objectContaining({
      code: 'LITTLE_SPACE',
      message: 'only 2.5 GiB left in /var/lib/docker, where docker keeps images',
    }),
  ]);
});

test('too little space is an error that says where and what to do', async () => {
  const { emit } = listening();
  const freeBytes = async (): Promise<number> => 100 * 1024 ** 2;
  await expect(requireFreeSpace({ engine: engineAt('/data'), emit, freeBytes })).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringContaining('100 MiB left in /data'),
    hint: expect.stringContaining('docker system df'),
  });
});

test('nothing is said where there is enough, or where nobody knows', async () => {
  const { emit, events } = listening();
  await requireFreeSpace({ engine: engineAt('/data'), emit, freeBytes: async () => 6 * gibibyte });
  await requireFreeSpace({ engine: engineAt('/data'), emit, freeBytes: async () => undefined });
  await requireFreeSpace({ engine: engineAt('/data', false), emit, freeBytes: async () => 0 });
  await requireFreeSpace({ engine: engineAt(undefined), emit, freeBytes: async () => 0 });
  await requireFreeSpace({ engine: engineAt('/no/such/folder'), emit });
  expect(events).toEqual([]);
});
