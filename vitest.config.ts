import { defineConfig } from 'vitest/config';

/** Folders of tests that leave nothing behind in their process: their files take turns in it, and load modules once. */
const UNITS = ['data', 'eval', 'formats', 'hub', 'model', 'plan', 'report', 'runs', 'support'].map(
  (room) => `test/${room}/**/*.test.ts`,
);

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // as long as a busy machine may take; a poll ends as soon as it is met
    expect: { poll: { timeout: 30_000 } },
    projects: [
      { extends: true, test: { name: 'units', include: UNITS, isolate: false } },
      {
        extends: true,
        test: {
          name: 'wholes',
          include: ['test/**/*.test.ts'],
          exclude: UNITS,
          globalSetup: 'test/compile-kernels.ts',
        },
      },
    ],
  },
});
