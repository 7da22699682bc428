/**
 * Crash in recovery: the process that loads after the first crash, and saves again, is crashed in its turn.
 *
 * Allows   whatever the model of the first crash allows, at every boundary of the recovery.
 * Forbids  a third crash. After a power cut, what the first crash left is on disk for sure.
 * Real     recovery is recorded once per way it can go: which value it finds, and which kinds of files beside it. It is
 *          observed and not killed anew: that kills leave what was observed is checked at the first depth.
 */
import { canonicalPath } from '../../domain/names.ts';
import type { Outcome } from '../../domain/store.ts';
import type { NameRule, Trace, Tree } from '../../domain/trace.ts';
import type { KillState, LossState, TwiceState } from '../../explore/crash-state.ts';

/**
 * What recoveries are told apart by: whether the old value or the new one was found, and which kinds of files there are; whether one
 * is empty, but not their sizes, nor how many of a kind.
 */
export function wayToRecover(tree: Tree, outcome: Outcome, names: readonly NameRule[]): string {
  const files = [...tree].map(([path, entry]) => {
    const kind = entry.kind === 'file' && entry.bytes.length === 0 ? 'empty' : entry.kind;
    return `${canonicalPath(path, names)} ${kind}`;
  });
  return JSON.stringify([outcome, [...new Set(files)].sort()]);
}

/** The crash states of a recovery, given those of its trace. */
export function statesInRecovery(first: KillState | LossState, trace: Trace, states: readonly (KillState | LossState)[]): TwiceState[] {
  return states.map((second) => ({
    how: 'in-recovery',
    at: first.at,
    points: [first.at],
    first,
    second,
    trace,
    tree: second.tree,
    promisedAt: second.promisedAt,
  }));
}
