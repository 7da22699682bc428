/**
 * Kinds of state that the cases of a cell were in. A pass says nothing of a kind that no case met, so a cell counts them, and says which of
 * those that matter it never met.
 */
import * as z from 'zod';

const KINDS = {
  'in-work': 'Crashes while a step had begun to change something, or before something promised was written',
  torn: 'Kills inside a write',
  'lost-name': 'Trees after power loss that no boundary leaves, because a name was lost',
  'lost-contents': 'The same, because contents, a size or a mode were',
  'failed-step': 'Faults by which a step failed',
  'went-on': 'Faults in spite of which every step resolved',
  waited: 'Orders of a race in which a task waited for another one, or for a time',
} as const;

type Kind = keyof typeof KINDS;

const counts = Object.entries(KINDS).map(([kind, words]) => [kind, z.int().nonnegative().optional().describe(words)] as const);

/** For the result. */
export const metSchema = z
  .object(Object.fromEntries(counts) as { readonly [kind in Kind]: (typeof counts)[number][1] })
  .describe('How many cases were in a kind of state: 0 where none was, absent where the model knows no such kind');

/** How many cases were in a kind of state; absent where the model knows no such kind. */
export type Met = { readonly [kind in Kind]?: number };

/** What a pass says nothing of, in words. */
export function neverMet(met: Met): string[] {
  const isNever = (kind: Kind): boolean => met[kind] === 0;
  return [
    ...(isNever('in-work') ? ['no crash came in the middle of work: the steps change nothing, or all of it at once'] : []),
    ...(isNever('failed-step') ? ['no step failed of any fault: the store goes on, and says nothing'] : []),
  ];
}

export const sumOfMet = (one: Met, other: Met): Met =>
  Object.fromEntries(Object.keys({ ...one, ...other }).map((kind) => [kind, (one[kind as Kind] ?? 0) + (other[kind as Kind] ?? 0)]));
