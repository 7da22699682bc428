/** Which recoveries go alike, as far as a crash in them can show, and which of them are crashed. */
import { evenly } from '../../domain/evenly.ts';
import { canonicalPath } from '../../domain/names.ts';
import type { Outcome } from '../../domain/store.ts';
import type { NameRule, Trace, Tree } from '../../domain/trace.ts';
import { equalEntries } from '../../domain/tree.ts';
import { isLoss } from '../../judge/outcome.ts';
import { hashOfText, hashText } from '../../persistence/hash.ts';
import type { Unmeasured } from '../../recover/believe.ts';
import { type CrashCase, type CrashVerdict, lostIn, type TraceState, type TwiceState } from './crash-state.ts';

/** The share of recoveries from states in which something was lost, where more could be crashed than the limit. */
const FROM_LOSSES = 0.25;
/** So many more, for each of the limit, from saves that are half done. */
const HALF_DONE = 0.5;

/** A verdict on a tree whose recovery can be crashed. */
export type First<State extends TraceState | TwiceState = TraceState | TwiceState> = CrashVerdict & {
  readonly case: CrashCase & { readonly state: State };
};

/** A way to recover, with the state that stands for it. */
export interface Way {
  readonly way: string;
  readonly first: First;
}

/** What crashes in some recoveries left. */
export interface Again {
  readonly verdicts: readonly CrashVerdict[];
  readonly unmeasured: readonly Unmeasured<CrashCase>[];
  /** Recoveries; crashes that left the same tree share one. */
  readonly crashed: number;
  /** Of some of these recoveries not every state was judged. */
  readonly isSampled: boolean;
}

/** By the outcome and the kinds of files: a file's name and whether it is empty count, its size does not, nor how many there are of a kind. */
export function wayToRecover(tree: Tree, outcome: Outcome, names: readonly NameRule[]): string {
  const files = [...tree].map(([path, entry]) => {
    const kind = entry.kind === 'file' && entry.bytes.length === 0 ? 'empty' : entry.kind;
    return `${canonicalPath(path, names)} ${kind}`;
  });
  return JSON.stringify([outcome, [...new Set(files)].sort()]);
}

/**
 * What of a save is done, where it is half done: a file that was there before the first op has changed or is gone, and not all of them are as
 * after the last op. A store in which that happens has to undo or complete it. Undefined of other trees.
 */
export function halfDone(tree: Tree, { trees }: Pick<Trace, 'trees'>): string | undefined {
  const [before, after] = [trees[0] ?? new Map(), trees.at(-1)];
  const since = [...before].map(([path, entry]) => {
    const now = tree.get(path);
    return equalEntries(now, entry) ? 'before' : equalEntries(now, after?.get(path)) ? 'after' : now === undefined ? 'gone' : 'between';
  });
  return since.every((one) => one === 'before') || since.every((one) => one === 'after') ? undefined : since.join();
}

/** Whether a crash in a recovery lost nothing, so that the recovery from it can be crashed. */
export function isRecoverable(verdict: CrashVerdict): verdict is First<TwiceState> {
  const { state } = verdict.case;
  return state.how === 'in-recovery' && state.second.how !== 'ended' && !isLoss(verdict.outcome);
}

/**
 * `most` of the ways. They depend on the cell alone, and cells of one run still choose much the same, so that a recovery is recorded once
 * for several: where nothing was missing, ways that a kill has too, spread evenly; else those with the smallest hashes.
 */
export function chosenOf(ways: readonly Way[], most: number): First[] {
  const isWhole = ({ first }: Way): boolean => lostIn(first.case.state) === 0;
  const [whole, partial] = [ways.filter(isWhole), ways.filter((way) => !isWhole(way))];
  const fromLosses = Math.min(partial.length, Math.max(Math.floor(most * FROM_LOSSES), most - whole.length));
  const smallest = partial
    .map((way) => ({ way, hash: hashText(hashOfText(way.way)) }))
    .sort((one, other) => (one.hash < other.hash ? -1 : 1))
    .slice(0, fromLosses)
    .map(({ way }) => way);
  return [...evenly(whole, most - fromLosses), ...smallest].map(({ first }) => first);
}

/** Those from saves that are half done, which are crashed as well. */
export function halfDoneOf(ways: readonly Way[], most: number): First[] {
  return evenly(ways, Math.floor(most * HALF_DONE)).map(({ first }) => first);
}
