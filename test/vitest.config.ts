/**
 * The tests in three tiers, by the names of their files.
 *
 * unit      `*.test.ts`: starts no process; `test/lab/no-processes.ts` holds it to that.
 * process   `*.process.test.ts`: starts child processes through the library. Needs `npm run build`.
 * command   `*.command.test.ts`: runs the built command line, packs and installs. Needs `npm run build`.
 *
 * No test depends on a quiet machine: a limit ends what hangs, and nothing else.
 */
import type { ViteUserConfig } from 'vitest/config';
import type { Depth } from './lab/depth.ts';

/** A file for the counts, as `.ci/run` asks for it. */
const results = process.env.CRASH_MATRIX_TEST_RESULTS;

const PROCESS = 'test/**/*.process.test.ts';
const COMMAND = 'test/**/*.command.test.ts';

type Tier = NonNullable<ViteUserConfig['test']>;

const tier = (test: Tier): { readonly extends: true; readonly test: Tier } => ({ extends: true, test });

export const configOf = (depth: Depth): ViteUserConfig => ({
  root: new URL('..', import.meta.url).pathname,
  test: {
    // Tests share nothing by module state, and importing everything anew for each file takes longer than the tests.
    isolate: false,
    pool: 'forks',
    // One more than there are cores on a small machine: tests that start processes mostly wait.
    maxWorkers: 3,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    provide: { depth },
    // To transform what has not changed would be half of a quick run.
    experimental: { fsModuleCache: true },
    projects: [
      tier({
        name: 'unit',
        include: ['test/**/*.test.ts'],
        exclude: [PROCESS, COMMAND],
        setupFiles: ['test/lab/no-processes.ts'],
        maxWorkers: 2,
        sequence: { groupOrder: 0 },
      }),
      tier({ name: 'process', include: [PROCESS], sequence: { groupOrder: 1 } }),
      tier({ name: 'command', include: [COMMAND], sequence: { groupOrder: 1 } }),
    ],
    reporters: results === undefined ? ['default'] : ['default', 'json'],
    ...(results !== undefined && { outputFile: { json: results } }),
  },
});

export default configOf('usual');
