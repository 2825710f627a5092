import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // as long as a busy machine may take; a poll ends as soon as it is met
    expect: { poll: { timeout: 30_000 } },
  },
});
