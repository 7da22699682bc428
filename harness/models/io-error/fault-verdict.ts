/**
 * From runs with faults to verdicts: what a process that never saw the store finds after each step that settled since the first fault and
 * at the end, and what the process that lived on finds.
 */
import type { Bench, FaultCell } from '../../check.ts';
import { UsageError } from '../../domain/errors.ts';
import type { RecoveredTree, Recovery } from '../../domain/recovery.ts';
import type { Outcome } from '../../domain/store.ts';
import type { Json, Mark, Tree } from '../../domain/trace.ts';
import { exposure } from '../../judge/exposed.ts';
import { isLoss, type OracleOptions } from '../../judge/outcome.ts';
import { valuesAfter } from '../../judge/promise.ts';
import { firstFaultyOp } from '../../record/fault.ts';
import type { FaultCase } from './fault-id.ts';
import { type FaultPromise, judgeAfterFault, promiseOf } from './fault-promise.ts';
import type { FaultyRun } from './fault-runs.ts';

/** Who found what the outcome is told from. */
export type Finder =
  | { readonly who: 'a fresh process' }
  /** A fresh process, in the directory as it was when this step had settled; counts from 1. */
  | { readonly who: 'a fresh process after a step'; readonly step: number }
  | { readonly who: 'the same process' };

export interface FaultVerdict {
  readonly case: FaultCase;
  readonly run: FaultyRun;
  readonly outcome: Outcome;
  readonly promised: FaultPromise;
  readonly recovery: Recovery;
  readonly finder: Finder;
  /** What was on disk there. */
  readonly tree: Tree;
  /** The file that other users could read, where that is the outcome. */
  readonly exposed?: string;
}

/** What verdicts of one cell have in common. */
export interface FaultJudge {
  readonly cell: FaultCell;
  readonly bench: Pick<Bench, 'recovery' | 'onProgress'>;
  readonly before: Json | undefined;
  readonly options: OracleOptions;
  /** Whether the process that lived on is asked: only of a store that finds its own there when nothing failed. */
  readonly warm: boolean;
}

export function faultJudge(cell: FaultCell, bench: FaultJudge['bench']): FaultJudge {
  const { store, scenario } = cell;
  const { empty } = store;
  const throwsWhenFresh = bench.recovery.whenFresh.kind === 'threw';
  const options = { next: scenario.next, throwsWhenFresh, ...(empty !== undefined && { empty }) };
  return { cell, bench, before: valuesAfter(scenario.before, undefined).at(-1), options, warm: true };
}

/** A tree of a run, with the steps that had settled when it was on disk. */
interface Sight {
  readonly tree: Tree;
  readonly marks: readonly Mark[];
  readonly underWay: boolean;
  readonly finder: Finder;
}

type RunOf = readonly [FaultCase, FaultyRun];

/** Each run once. Throws UsageError if the store loads what is not JSON. */
export async function judgeRuns(judge: FaultJudge, runs: readonly RunOf[]): Promise<FaultVerdict[]> {
  const { recovery } = judge.bench;
  const sights = runs.map(([, run]) => sightsOf(run));
  const judgeAll = async (): Promise<FaultVerdict[]> => {
    const found = (
      await recovery.recoverTrees(
        sights.flat().map(({ tree }) => tree),
        judge.options.next,
      )
    ).values();
    return runs.map((run, index) =>
      verdictOf(
        judge,
        run,
        (sights[index] ?? []).map((sight) => [sight, mustBe(found.next().value)] as const),
      ),
    );
  };
  const verdicts = await judgeAll();
  return (await recovery.warmIsTrue()) ? verdicts : judgeAll();
}

/** The same run, recovered by a process that has done nothing else. */
export async function confirmRun(judge: FaultJudge, run: RunOf): Promise<FaultVerdict> {
  const found = await Promise.all(
    sightsOf(run[1]).map(async (sight) => {
      const recovery = await judge.bench.recovery.confirm(sight.tree, judge.options.next);
      return [sight, { recovery, left: [] }] as const;
    }),
  );
  return verdictOf(judge, run, found);
}

/** The end first: what is lost there is lost for good. */
function sightsOf({ trace, faults, ending, settled }: FaultyRun): Sight[] {
  const { marks, trees } = trace;
  const first = firstFaultyOp(faults);
  const end: Sight = { tree: settled, marks, underWay: ending.kind !== 'settled', finder: { who: 'a fresh process' } };
  const between = marks.flatMap((mark, index): Sight[] => {
    if (mark.afterOp < first || (index === marks.length - 1 && ending.kind === 'settled')) return [];
    const finder: Finder = { who: 'a fresh process after a step', step: index + 1 };
    return [{ tree: trees[mark.afterOp] ?? new Map(), marks: marks.slice(0, index + 1), underWay: false, finder }];
  });
  return [end, ...between];
}

function verdictOf(judge: FaultJudge, [one, run]: RunOf, found: readonly (readonly [Sight, RecoveredTree])[]): FaultVerdict {
  const { cell, before, options } = judge;
  const promise = ({ marks, underWay }: Sight): FaultPromise => promiseOf(before, cell.scenario.steps, marks, underWay);
  const seen = found.map(([sight, { recovery }]): Omit<FaultVerdict, 'case' | 'run'> => {
    mustLoadJson(cell, recovery);
    const promised = promise(sight);
    return { outcome: judgeAfterFault(promised, recovery, options), promised, recovery, finder: sight.finder, tree: sight.tree };
  });
  const [atEnd] = seen;
  if (atEnd === undefined) throw new Error('a run has an end');
  const whole = { case: one, run };
  if (run.ending.kind === 'hung') return { ...whole, ...atEnd, outcome: 'hung' };
  if (judge.warm && run.after !== undefined) {
    mustLoadJson(cell, run.after);
    const outcome = judgeAfterFault(atEnd.promised, run.after, options);
    seen.push({ ...atEnd, outcome, recovery: run.after, finder: { who: 'the same process' } });
  }
  const loss = seen.find(({ outcome }) => isLoss(outcome));
  if (loss !== undefined) return { ...whole, ...loss };
  const exposed = exposure(run.trace)(run.settled);
  return { ...whole, ...atEnd, ...(exposed !== undefined && { outcome: 'exposed', exposed }) };
}

function mustLoadJson({ store }: FaultCell, { load }: Recovery): void {
  if (load.kind !== 'not-json') return;
  throw new UsageError(
    `load of store ${store.name} returned ${load.what}, which is not JSON`,
    'It must return a value like the one that save was given.',
  );
}

function mustBe<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is one answer for each tree');
  return value;
}
