import { defineConfig } from 'vitest/config';

/** A file for the counts, as `.ci/run` asks for it. */
const results = process.env.CRASH_MATRIX_TEST_RESULTS;

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    // Tests share nothing by module state, and importing everything anew for each file takes longer than the tests.
    isolate: false,
    pool: 'forks',
    maxWorkers: 3,
    // Tests that start processes wait for them, not for a time; the limit only ends a test that hangs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: results === undefined ? ['default'] : ['default', 'json'],
    ...(results !== undefined && { outputFile: { json: results } }),
  },
});
