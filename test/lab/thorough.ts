/** What `test/quick.config.ts` leaves out, so that the unit tier is done while one waits for it. */
import { inject, test } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** False in a quick run. */
    readonly thorough: boolean;
  }
}

export const thorough = inject('thorough');

/** A quick run draws one case in so many. */
const QUICK_SHARE = 8;

/** How many cases a law draws. */
export const draws = (count: number): number => (thorough ? count : Math.ceil(count / QUICK_SHARE));

/** A test that enumerates for seconds. */
export const exhaustive = test.runIf(thorough);
