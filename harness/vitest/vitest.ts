/**
 * What is imported as `crash-matrix/vitest`: the matcher `toSurvive`, which this import registers, and `crashTest`.
 *
 *   import { crashTest } from 'crash-matrix/vitest';
 *   crashTest('./notes.ts');
 */
import { expect } from 'vitest';
import type { HowOptions } from '../api/options.ts';
import { toSurvive } from './to-survive.ts';

export { type CrashTestOptions, crashTest } from './crash-test.ts';

expect.extend({ toSurvive });

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: declarations of one interface must have the same parameters.
  interface Matchers<T = any> {
    /**
     * Runs the store whose path (from the test file) or URL this is, and fails if a claim is broken. `effort` is `quick` unless `options` say
     * more. It takes seconds: give the test a timeout. A model that is named and that this machine cannot do skips the test, and fails it in CI.
     */
    toSurvive(options?: HowOptions): Promise<void>;
  }
}
