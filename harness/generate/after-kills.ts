/**
 * Histories in which a process dies in a save, and the next one saves the same again, or another value. What the dead process had not forced to
 * disk is there for the next one to read, and a power cut may still take it.
 */
import { evenly } from '../domain/evenly.ts';
import type { Execution } from './executions.ts';
import type { History } from './history.ts';

/** A save over an earlier value. */
export const SAVE_TO_KILL: History = [
  { kind: 'save', value: 1 },
  { kind: 'save', value: 2 },
];
const SAVED_NEXT = [2, 3] as const;

/** Of an execution of SAVE_TO_KILL: kills where the directory is another one than an op earlier, `most` of them, spread evenly. */
export function historiesAfterKills({ trace: { trees }, calls }: Pick<Execution, 'trace' | 'calls'>, most: number): History[] {
  const { from, until } = calls.at(-1) ?? { from: 0, until: 0 };
  const places = trees.flatMap((tree, op) => (op > from && op < until && tree !== trees[op - 1] ? [op - from] : []));
  return evenly(places, most).flatMap((after) =>
    SAVED_NEXT.map((value): History => [...SAVE_TO_KILL, { kind: 'crash', after }, { kind: 'save', value }]),
  );
}
