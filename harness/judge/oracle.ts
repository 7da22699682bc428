/**
 * The oracle of one cell: it knows what the scenario promises at every boundary, and puts a word to what was found there.
 */

import type { LoadedStore } from '../domain/loaded-store.ts';
import type { Loaded, Recovery } from '../domain/recovery.ts';
import type { Scenario } from '../domain/scenario.ts';
import type { Outcome } from '../domain/store.ts';
import type { Json, Promised, Trace, Tree } from '../domain/trace.ts';
import type { CrashState } from '../explore/crash-state.ts';
import { exposure } from './exposed.ts';
import { isLoss, judgeRecovery, type OracleOptions } from './outcome.ts';
import { promisedAfter, valuesAfter } from './promise.ts';

/** What recovery found in one crash state. */
export interface Found {
  readonly recovery: Recovery;
  /** Files in the directory after recovery's save. */
  readonly left: readonly string[];
}

/** One crash state, with what had been promised, what was found, and the word for it. */
export interface Verdict extends Found {
  readonly state: CrashState;
  readonly promised: Promised;
  readonly outcome: Outcome;
  /** The file that other users could read, where that is the outcome. */
  readonly exposed?: string;
}

export interface Oracle {
  /** What recovery saves next. */
  readonly next: Json;
  readonly judge: (state: CrashState, found: Found) => Verdict;
}

interface Case {
  readonly store: Pick<LoadedStore, 'empty'>;
  readonly scenario: Scenario;
}

/** What load does on a directory that no save has touched. */
interface Fresh {
  readonly whenFresh: Loaded;
}

export function oracleFor(its: Case, fresh: Fresh, trace: Trace): Oracle {
  const { scenario } = its;
  const before = valuesAfter(scenario.before, undefined).at(-1);
  const steps = valuesAfter(scenario.steps, before);
  return oracle(its, fresh, trace, (op) => promisedAfter(trace, op, before, steps));
}

/** For crashes in a recovery, which loads and then saves `next`: what it has loaded stays promised. `trace` is that of the recovery. */
export function oracleInRecovery(its: Case, fresh: Fresh, trace: Trace, first: Verdict): Oracle {
  const { load } = first.recovery;
  const loaded = load.kind === 'loaded' ? load.value : undefined;
  return oracle(its, fresh, trace, (op) => {
    const promised = promisedAfter(trace, op, loaded, [its.scenario.next]);
    // What the first crash may have taken back is no value of nobody's.
    const { earlier, acknowledged, inFlight } = first.promised;
    return { ...promised, earlier: [...earlier, acknowledged, ...inFlight, ...promised.earlier] };
  });
}

function oracle({ store, scenario }: Case, { whenFresh }: Fresh, trace: Trace, promisedAt: (op: number) => Promised): Oracle {
  const { next } = scenario;
  const { empty } = store;
  const options: OracleOptions = { next, throwsWhenFresh: whenFresh.kind === 'threw', ...(empty !== undefined && { empty }) };
  const exposedIn: (tree: Tree) => string | undefined = exposure(trace);
  return {
    next,
    judge: (state, found) => {
      const promised = promisedAt(state.promisedAt);
      const outcome = judgeRecovery(promised, found.recovery, options);
      const exposed = isLoss(outcome) ? undefined : exposedIn(state.tree);
      if (exposed !== undefined) return { state, promised, ...found, outcome: 'exposed', exposed };
      return { state, promised, ...found, outcome };
    },
  };
}
