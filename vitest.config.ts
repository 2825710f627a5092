import { defineConfig } from 'vitest/config';

/** Folders of tests that leave nothing behind in their process: their files take turns in it, and load modules once. */
const UNITS = ['data', 'eval', 'formats', 'hub', 'model', 'plan', 'report', 'runs', 'support'].map(
  (room) => `test/${room}/**/*.test.ts`,
);

/** On a loaded machine a process has died after the last test of its file, for a reason not found yet. */
const DIED = 'Worker exited unexpectedly';

export default defineConfig({
  test: {
    // no test is lost by it: a file that was not run to its end fails the run below
    onUnhandledError({ message, cause }) {
      if (message !== DIED && (cause as Error | undefined)?.message !== DIED) return undefined;
      console.error('a test process died: if no file is named below, after the last test of its file');
      return false;
    },
    reporters: [
      'default',
      {
        onTestRunEnd(modules) {
          const unfinished = modules.filter((module) => !['passed', 'failed', 'skipped'].includes(module.state()));
          for (const { moduleId } of unfinished)
            console.error(`${moduleId}: its process died before its tests had ended`);
          if (unfinished.length > 0) process.exitCode = 1;
        },
      },
    ],
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
