/** The options that programs and configuration files have in common, each name once: the compiler compares them with the type. */
import type { HowOptions } from '../../harness/api/options.ts';

export const HOW_OPTIONS = {
  scenario: 0,
  model: 0,
  recorder: 0,
  timeout: 0,
  fault: 0,
  observe: 0,
  strict: 0,
  cache: 0,
  cacheDir: 0,
  effort: 0,
  states: 0,
  depth: 0,
  preemptions: 0,
  histories: 0,
  seed: 0,
} satisfies { readonly [name in keyof HowOptions]-?: 0 };
