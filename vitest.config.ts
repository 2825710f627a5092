import { defineConfig } from 'vitest/config';
import { testProcesses } from './test/test-process.ts';

/** Folders of tests that leave nothing behind in their process: their files take turns in it, and load modules and open devices once. */
const UNITS = [
  ...['app/server', 'app/web', 'data', 'engine', 'eval', 'formats', 'generate', 'hub'],
  ...['model', 'plan', 'report', 'runs', 'support'],
].map((room) => `test/${room}/**/*.test.ts`);

/** Tests that load modules anew, which only vitest's own loader can. */
const ANEW = ['test/backends/devices.test.ts'];

/** What `npm run build` makes. */
const BUILT = /^(?!.*\/node_modules\/).*\/dist\//;

export default defineConfig({
  test: {
    globalSetup: 'test/compile-kernels.ts',
    pool: testProcesses,
    maxWorkers: 3,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // as long as a busy machine may take; a poll ends as soon as it is met
    expect: { poll: { timeout: 110_000 } },
    // Node loads what is built, which is quicker than vitest
    server: { deps: { external: [BUILT] } },
    projects: [
      { extends: true, test: { name: 'units', include: UNITS, isolate: false } },
      { extends: true, test: { name: 'wholes', include: ['test/**/*.test.ts'], exclude: [...UNITS, ...ANEW] } },
      { extends: true, test: { name: 'anew', include: ANEW, server: { deps: { inline: [BUILT] } } } },
    ],
  },
});
