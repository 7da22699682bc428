/**
 * A save that a crash or a fault ended is carried out once more, because whoever asked for it asks again.
 *
 * A store that trusts what the first attempt left (a blob of that name exists, so it need not be written) loses the value then, and the next
 * save of another value does not show it: see decision record 0043.
 */
import type { Bench } from '../bench/bench.ts';
import type { RecordedSubject } from '../bench/subject.ts';
import { canonicalPath } from '../domain/names.ts';
import { isNotMeasured, type NotMeasured, type Sighting } from '../domain/sighting.ts';
import type { Outcome } from '../domain/store.ts';
import type { Json, Promised, Step, Trace, Tree } from '../domain/trace.ts';
import { equalEntries } from '../domain/tree.ts';
import { timesAt, treeFor } from '../domain/tree-times.ts';
import { isLoss } from '../judge/outcome.ts';
import type { CarriedOut, Unmeasured } from '../recover/believe.ts';
import { givenTo } from '../store/calls.ts';

/** How a case is tried again. */
export interface SecondTry {
  /** What the first attempt left: of cases which left the same, one is tried. Absent: this one is tried whatever others left. */
  readonly leftovers?: string;
  /** What a process finds that tries again. */
  readonly sighting: () => Sighting;
}

/** `kept`: see `keptSteps`. Undefined where there is no save to be tried again. */
type TryAgain<C, R> = (one: CarriedOut<C, R>, kept: ReadonlySet<number>) => SecondTry | undefined;

/** Gives one case of each kind of leftovers a second sighting, behind the first. Not where there are several runs, as of random histories. */
export async function triedAgain<C extends { readonly subject: RecordedSubject }, R>(
  cases: readonly (CarriedOut<C, R> | Unmeasured<C>)[],
  bench: Bench,
  tryAgain: TryAgain<C, R>,
): Promise<(CarriedOut<C, R> | Unmeasured<C>)[]> {
  const [subject, ...others] = new Set(cases.map((one) => one.case.subject));
  if (subject === undefined || others.length > 0 || subject.isProgram) return [...cases];
  const kept = await keptSteps(subject, bench);
  const tried = new Set<string>();
  return cases.map((one) => {
    if (isNotMeasured(one)) return one;
    const again = tryAgain(one, kept);
    if (again === undefined || (again.leftovers !== undefined && tried.has(again.leftovers))) return one;
    if (again.leftovers !== undefined) tried.add(again.leftovers);
    return withSecondTry(one, again, (anew) => tryAgain(anew, kept));
  });
}

/** Where a case is carried out once more by itself, too. */
function withSecondTry<C, R>(
  one: CarriedOut<C, R>,
  again: SecondTry | undefined,
  tryAgain: (one: CarriedOut<C, R>) => SecondTry | undefined,
): CarriedOut<C, R> {
  const { alone, sightings } = one;
  const [first, ...others] = sightings;
  const byItself = async (): Promise<CarriedOut<C, R> | NotMeasured> => {
    const repeated = (await alone?.()) ?? one;
    return isNotMeasured(repeated) ? repeated : withSecondTry(repeated, tryAgain(repeated), tryAgain);
  };
  return {
    ...one,
    ...(first && again && { sightings: [first, again.sighting(), ...others] }),
    ...(alone && { alone: byItself }),
  };
}

/** What fresh processes find of the run at some boundaries. `saves`: in place of the next value. */
export async function outcomesAt(
  { trace, oracle }: RecordedSubject,
  { recovery, scenario }: Bench,
  boundaries: readonly number[],
  saves: Json = scenario.next,
): Promise<Outcome[]> {
  const trees = boundaries.map((op) => treeFor(recovery, trace.trees[op] ?? new Map(), timesAt(trace, op)));
  const found = await recovery.recoverTrees(trees, saves);
  return found.map((answer, at) => oracle(boundaries[at] ?? 0, trees[at] ?? new Map(), answer, saves).outcome);
}

/**
 * Steps after which a load finds what they saved, with no crash and no fault. What a store does not keep in the first place is not lost by
 * being saved again.
 */
async function keptSteps(subject: RecordedSubject, bench: Bench): Promise<ReadonlySet<number>> {
  const resolved = subject.trace.marks.filter(({ kind }) => kind === 'resolved');
  const outcomes = await outcomesAt(
    subject,
    bench,
    resolved.map(({ afterOp }) => afterOp),
  );
  return new Set(resolved.filter((_, at) => !isLoss(outcomes[at] ?? 'unreadable')).map(({ step }) => step));
}

/**
 * What a process saves to carry out a step again. Of a log nothing: nobody knows whether the record is to be there once or twice. `promised`: works
 * out what was.
 */
export function savedAgain(step: Step | undefined, promised: () => Promised): Json | undefined {
  if (step === undefined) return undefined;
  return step.kind === 'update' ? promised().inFlight.at(-1) : givenTo(step);
}

/** What each file is: as before the run, as after it, empty, or anything else. */
export function leftoversOf(tree: Tree, { trees, variation }: Pick<Trace, 'trees' | 'variation'>): string {
  const [before, after]: readonly (Tree | undefined)[] = [trees[0], trees.at(-1)];
  const files = [...tree].map(([path, entry]) => {
    const is = equalEntries(entry, before?.get(path))
      ? 'before'
      : equalEntries(entry, after?.get(path))
        ? 'after'
        : entry.kind === 'file' && entry.bytes.length === 0
          ? 'empty'
          : 'between';
    return `${canonicalPath(path, variation.names)} ${is}`;
  });
  return [...new Set(files)].join('\n');
}
