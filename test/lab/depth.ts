/**
 * How much the tests enumerate.
 *
 *   quick  the unit tier, while one waits for it
 *   usual  `npm test`: every claim, each law on some of its cases
 *   deep   for the night: every law on all of its cases
 */
import { inject, test } from 'vitest';

export type Depth = 'quick' | 'usual' | 'deep';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly depth: Depth;
  }
}

const depth = inject('depth');

export const thorough = depth !== 'quick';

/** Of so many cases a law draws one. */
const SHARE: { readonly [name in Depth]: number } = { quick: 8, usual: 2, deep: 1 };

/** How many cases a law draws. */
export const draws = (count: number): number => Math.ceil(count / SHARE[depth]);

/** A test that enumerates for seconds. */
export const exhaustive = test.runIf(thorough);

/** A test of what another test shows on a smaller case. */
export const deep = test.runIf(depth === 'deep');

/** All cases for the night, and else the few that stand for them. */
export const casesOf = <Case>(all: readonly Case[], few: readonly Case[]): readonly Case[] => (depth === 'deep' ? all : few);
