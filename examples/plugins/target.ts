// This machine, but only while it has nothing else to do: each job waits until the load is low, and says what it was.
//
//   madengine-cli run --tags … --target quiet --plugin target.ts
//
// QUIET_LOAD is the load per CPU that counts as low (0.5), QUIET_WAIT the seconds that a job waits at most (600).
import { availableParallelism, loadavg } from 'node:os';
import { MadError, type TargetPlugin } from 'madengine/plugin';

const target: TargetPlugin = {
  api: 1,
  kind: 'target',
  name: 'quiet',
  variables: ['QUIET_LOAD', 'QUIET_WAIT'],
  async place(job, around) {
    const highest = Number(around.env.QUIET_LOAD ?? 0.5);
    const patience = Number(around.env.QUIET_WAIT ?? 600);
    const since = Date.now();
    for (let load = loadPerCpu(); load > highest; load = loadPerCpu()) {
      if (Date.now() - since >= patience * 1000) {
        throw new MadError(
          'DEVICE_UNAVAILABLE',
          `the load stayed above ${highest} per CPU for ${patience} s`,
          {
            hint: 'End what else runs here, or set QUIET_LOAD higher.',
          },
        );
      }
      await around.sleep(1000);
    }
    around.tell(`${job.model} starts at a load of ${loadPerCpu().toFixed(2)} per CPU`);
    return around.here();
  },
};

const loadPerCpu = (): number => (loadavg()[0] ?? 0) / availableParallelism();

export default target;
