/**
 * Crashes in a row, each in the recovery from the one before, from the third on:
 *
 *   trees that the last crash left ─▶ those in which something is new ─▶ their recoveries, crashed ─▶ what that leaves ─▶ …
 *
 * It ends where nothing new comes: it converged. It also ends after as many crashes as were asked for, and says that it came to no end.
 *
 * New is a tree whose files together no crashed recovery began with. Files with made-up names that a run without a crash does not leave, such as
 * temporary ones, pile up with each crash, in ever new combinations. Of these only the kind counts, and whether it was there beside the same other
 * files: not their contents unless they are empty, not which of them come together, and not their number, unless the store claims one (`litter`).
 * What runs make up anew, in names and contents, is no difference.
 */
import type { RecordedSubject } from '../../bench/subject.ts';
import { groupedBy } from '../../domain/grouped.ts';
import { canonicalPath } from '../../domain/names.ts';
import type { Recoveries } from '../../domain/result.ts';
import { maskedEntries } from '../../domain/tree.ts';
import { counted } from '../../domain/words.ts';
import { isLoss } from '../../judge/outcome.ts';
import { crashesInRecovery } from './crash-state.ts';
import { type Again, chosenOf, type First, isRecoverable, type Way } from './ways.ts';

interface RowOptions {
  /** Crashes in a row after which no more are tried. */
  readonly crashes: number;
  /** Recoveries that are crashed after each crash. */
  readonly most: number;
  readonly subject: RecordedSubject;
  /** Files of one kind of litter that the store says may stay behind: up to one more, their number counts. */
  readonly litter?: number | undefined;
  /** Crashes the recovery from each of them. */
  readonly crash: (firsts: readonly First[]) => Promise<Again>;
}

/** Two crashes: the first ones whose recovery was crashed, of how many, and what the second left. */
interface SecondCrash {
  readonly firsts: readonly First[];
  readonly of: number;
  readonly again: Again;
}

type Deeper = NonNullable<Recoveries['deeper']>;

export interface Row extends Pick<Again, 'verdicts' | 'unmeasured'> {
  readonly deeper: Deeper;
  /** New trees after the last crash. */
  readonly left: number;
  /** The number of crashes that the first of its losses needs. */
  readonly lossAfter: number | undefined;
}

export async function crashedInARow(
  { firsts, of, again }: SecondCrash,
  { crashes, most, subject, litter = 0, crash }: RowOptions,
): Promise<Row> {
  const seen = new Seen(subject, litter + 1);
  for (const first of firsts) seen.add(first);
  const levels: Deeper['levels'] = [];
  const rounds: Again[] = [];
  let isWhole = firsts.length === of && !again.isSampled;
  let after = 2;
  let fresh = seen.newIn(again);
  while (fresh.length > 0 && after < crashes) {
    const chosen = chosenOf(fresh, most);
    for (const first of chosen) seen.add(first);
    const last = await crash(chosen);
    after += 1;
    rounds.push(last);
    levels.push({ crashes: after, crashed: last.crashed, of: fresh.length, states: last.verdicts.length });
    isWhole &&= last.crashed === fresh.length && !last.isSampled;
    fresh = seen.newIn(last);
  }
  const lossy = rounds.findIndex(({ verdicts }) => verdicts.some(({ outcome }) => isLoss(outcome)));
  return {
    verdicts: rounds.flatMap(({ verdicts }) => verdicts),
    unmeasured: rounds.flatMap(({ unmeasured }) => unmeasured),
    deeper: { levels, end: fresh.length > 0 ? 'crashes' : isWhole ? 'nothing-new' : 'limits', after },
    left: fresh.length,
    lossAfter: lossy < 0 ? undefined : lossy + 3,
  };
}

/** Where it ended, and what needs more than two crashes, in words. */
export function notesOfRow({ deeper: { end, after }, left, lossAfter }: Row): string[] {
  const inARow = `crash in recovery: ${after} crashes in a row`;
  const ends = {
    'nothing-new': `${inARow} leave nothing new: it converged`,
    crashes: `${inARow} came to no end: the last left ${counted(left, 'new tree')}`,
    limits: `${inARow} left nothing new where they were tried; there were more than the limits allow`,
  } as const satisfies Record<Deeper['end'], string>;
  const lossy =
    lossAfter === undefined ? [] : [`crash in recovery: some losses need ${lossAfter} crashes in a row; the picture shows one crash`];
  return [ends[end], ...lossy];
}

/** What the recoveries that were crashed begin with. */
class Seen {
  readonly #subject: RecordedSubject;
  /** Canonical paths that a run without a crash leaves. */
  readonly #kept: ReadonlySet<string>;
  readonly #known = new Set<string>();
  readonly #counted: number;

  /** `counted`: up to how many files of one kind of litter are told apart. */
  constructor(subject: RecordedSubject, counted: number) {
    this.#counted = counted;
    const { trees, variation } = subject.trace;
    this.#subject = subject;
    this.#kept = new Set(
      [trees[0], trees.at(-1)].flatMap((tree) => [...(tree?.keys() ?? [])]).map((path) => canonicalPath(path, variation.names)),
    );
  }

  add(first: First): void {
    for (const part of this.#partsOf(first)) this.#known.add(part);
  }

  /** States with something new in them, which the others do not have, of those in which nothing was lost: the fewest files first. */
  newIn({ verdicts }: Again): Way[] {
    const fewestFirst = verdicts
      .filter(isRecoverable)
      .map((first) => ({ first, parts: this.#partsOf(first) }))
      .sort((one, other) => one.parts.length - other.parts.length);
    const known = new Set(this.#known);
    return fewestFirst.flatMap(({ first, parts }) => {
      if (parts.every((part) => known.has(part))) return [];
      for (const part of parts) known.add(part);
      return [{ way: parts.join('\n\n'), first }];
    });
  }

  /** The files that count together, alone and with each other one beside them. */
  #partsOf({ case: { state } }: First): string[] {
    const { trace, again } = this.#subject;
    const pids = [...(again === undefined ? [] : [again.recording.pid]), ...crashesInRecovery(state).map((crash) => crash.trace.pid)];
    const entries = maskedEntries(state.tree, pids, trace.variation);
    const isLitter = ({ path, isMadeUp }: (typeof entries)[number]): boolean => isMadeUp && !this.#kept.has(path);
    const together = entries
      .filter((entry) => !isLitter(entry))
      .map(({ text }) => text)
      .sort()
      .join('\n');
    const beside = groupedBy(entries.filter(isLitter), ({ path, isEmpty }) => `${path}${isEmpty ? ', empty' : ''}`);
    const kinds = [...beside].map(([kind, { length }]) => `${together}\n+ ${Math.min(length, this.#counted)} ${kind}`);
    return [together, ...kinds.sort()];
  }
}
