import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const scrubbed = { setupFiles: ['test/setup/scrub.ts'], env: { TZ: 'UTC' } };

export default defineConfig({
  test: {
    allowOnly: false,
    // Tests wait for the processes that they start most of the time: no core is to be left free for the runner.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        test: {
          ...scrubbed,
          name: 'unit',
          include: [
            '{src,stages,model-creation,model-serving,bench}/**/*.test.{ts,tsx}',
            'test/{rig,scripts,setup}/**/*.test.ts',
          ],
          // Far more than any takes: what hangs is to be found, not a machine that has other work.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...scrubbed,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/setup/build.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // Each test starts many processes: after the unit tests, not beside them.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
