import { afterAll, beforeAll, describe } from 'vitest';
import { makeDeviceFiles, noAmdMachine } from './gpu-machine.ts';

/** Tests on a machine with so many AMD GPUs; they are skipped, and it is said why, where there can be none. */
export function describeWithGpus(count: number, title: string, tests: () => void): void {
  if (noAmdMachine !== undefined) console.warn(`GPUs are not simulated: ${noAmdMachine}`);
  describe.skipIf(noAmdMachine !== undefined)(title, () => {
    let takeAway = async (): Promise<void> => {};
    beforeAll(async () => {
      takeAway = await makeDeviceFiles(count);
    });
    afterAll(() => takeAway());
    tests();
  });
}
