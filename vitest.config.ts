import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/{golden,docs}/**/*.test.ts'],
          // Against tests that hang; on a busy machine the longest need more than the default of 5 s.
          testTimeout: 30_000,
          // A third of the time: most files take longer to load anew than to run. Those that set global state set it back.
          isolate: false,
          maxWorkers: '100%',
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          globalSetup: ['test/system/support/install.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
