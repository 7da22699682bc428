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
import type { Json, Mark, Promised, Step, Trace, Tree } from '../domain/trace.ts';
import { equalEntries } from '../domain/tree.ts';
import { timesAt, treeFor } from '../domain/tree-times.ts';
import { isLoss } from '../judge/outcome.ts';
import type { CarriedOut, Unmeasured } from '../recover/believe.ts';
import { givenTo } from '../store/calls.ts';

/** What a process finds that tries again. */
export interface SecondTry {
  readonly sighting: Sighting;
  /** What the first attempt left: of cases which left the same, one is tried. `any`: this one is tried whatever others left. */
  readonly leftovers: string | 'any';
}

/** Undefined where there is no save to be tried again. */
type TryAgain<C, R> = (one: CarriedOut<C, R>) => SecondTry | undefined;

/** Gives one case of each kind of leftovers a second sighting, behind the first. */
export function withSecondTries<C, R>(
  cases: readonly (CarriedOut<C, R> | Unmeasured<C>)[],
  tryAgain: TryAgain<C, R>,
): (CarriedOut<C, R> | Unmeasured<C>)[] {
  const tried = new Set<string>();
  return cases.map((one) => {
    if (isNotMeasured(one)) return one;
    const again = tryAgain(one);
    if (again === undefined || (again.leftovers !== 'any' && tried.has(again.leftovers))) return one;
    tried.add(again.leftovers);
    return withSecondTry(one, tryAgain);
  });
}

/** Where a case is carried out once more by itself, too. */
function withSecondTry<C, R>(one: CarriedOut<C, R>, tryAgain: TryAgain<C, R>): CarriedOut<C, R> {
  const { alone, sightings } = one;
  const again = tryAgain(one)?.sighting;
  const [first, ...others] = sightings;
  const byItself = async (): Promise<CarriedOut<C, R> | NotMeasured> => {
    const anew = (await alone?.()) ?? one;
    return isNotMeasured(anew) ? anew : withSecondTry(anew, tryAgain);
  };
  return { ...one, ...(first && again && { sightings: [first, again, ...others] }), ...(alone && { alone: byItself }) };
}

/**
 * Steps after which a load finds what they saved, with no crash and no fault. What a store does not keep in the first place is not lost by
 * being saved again.
 */
export async function keptSteps({ trace, oracle }: RecordedSubject, { recovery, scenario }: Bench): Promise<ReadonlySet<number>> {
  const resolved = trace.marks.filter(({ kind }) => kind === 'resolved');
  const trees = resolved.map(({ afterOp }) => trace.trees[afterOp] ?? new Map());
  const found = await recovery.recoverTrees(
    trees.map((tree, at) => treeFor(recovery, tree, timesAt(trace, resolved[at]?.afterOp ?? 0))),
    scenario.next,
  );
  const isKept = (mark: Mark, at: number): boolean => {
    const [tree, answer] = [trees[at], found[at]];
    return tree !== undefined && answer !== undefined && !isLoss(oracle(mark.afterOp, tree, answer).outcome);
  };
  return new Set(resolved.filter(isKept).map(({ step }) => step));
}

/** What a process saves to carry out a step again. Of a log nothing: nobody knows whether the record is to be there once or twice. */
export function savedAgain(step: Step | undefined, { inFlight }: Promised): Json | undefined {
  if (step === undefined) return undefined;
  return step.kind === 'update' ? inFlight.at(-1) : givenTo(step);
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
