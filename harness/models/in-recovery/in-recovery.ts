/**
 * Crash in recovery: what the process that recovers from the first crash does is recorded, explored and judged in its turn.
 *
 * It asks what the first crash adds. A save that loses when it is crashed loses so after any crash too: what a recovery of the
 * undisturbed directory (before the first op, and after the last) loses at the same op is no loss of the recovery, and is noted
 * instead of counted. The scenarios in which that save is the one under test count it.
 */
import type { Bench, CrashCell, Doubt, Findings } from '../../check.ts';
import type { Trace } from '../../domain/trace.ts';
import type { KillState, LossState, TwiceState } from '../../explore/crash-state.ts';
import { exploreTrace, type NamedState } from '../../explore/explore.ts';
import { type Oracle, oracleInRecovery, type Verdict } from '../../judge/oracle.ts';
import { isLoss } from '../../judge/outcome.ts';
import { judgeTrees } from '../../judge/states.ts';
import { NotReplayable } from '../../persistence/actions.ts';
import type { Recording } from '../../record/record.ts';
import { statesInRecovery, wayToRecover } from './ways.ts';

type Again = Pick<Findings, 'verdicts' | 'doubts' | 'recoveries' | 'notes'>;
type First = Verdict & { readonly state: KillState | LossState };
type TraceCell = Exclude<CrashCell, { model: 'power-cut' }>;

export const NO_RECOVERIES: Again = { verdicts: [], doubts: [], recoveries: { crashed: 0, of: 0 }, notes: [] };

/** Ways to recover that are crashed in one cell: those that another model had as well, and some that it alone has. */
const RECORDED_WAYS_PER_CELL = 10;
const NEW_WAYS_PER_CELL = { 'process-kill': 16, 'power-loss': 3 } as const;
/** Distinct states of all recoveries of a cell up to which all are judged; each recovery has its share, and no less than the least. */
const STATES_PER_CELL = 120;
const LEAST_PER_RECOVERY = 12;

const LOSES_IN_RECOVERY = 'crash in recovery: some losses need a second crash, in recovery; the picture shows one crash';
const LOSES_ANYWAY = 'crash in recovery: the save after it, crashed, loses as it does without a crash before it; not counted here';

/** One recovery for every way it goes after a first crash that lost nothing. `named` picks one state of it. */
export async function judgeRecoveries(
  cell: TraceCell,
  bench: Bench,
  recording: Recording,
  oracle: Oracle,
  verdicts: readonly Verdict[],
  named: NamedState | undefined,
): Promise<Again> {
  const all = waysIn(verdicts, bench, recording);
  const [known, unknown] = [true, false].map((is) => all.filter(({ state }) => bench.recoveries.isRecorded(state.tree) === is));
  const firsts = [...evenly(known ?? [], RECORDED_WAYS_PER_CELL), ...evenly(unknown ?? [], NEW_WAYS_PER_CELL[cell.model])];
  if (named !== undefined) return { ...NO_RECOVERIES, ...(await crashAgain(cell, bench, recording, firsts, named)) };

  const controls = await undisturbedOf(cell, bench, recording, oracle);
  const undisturbed = await crashAgain(cell, bench, recording, controls, undefined);
  const lostAnyway = new Set(undisturbed.verdicts.flatMap(lossIn));
  const { crashed, ...again } = await crashAgain(cell, bench, recording, firsts, undefined);
  const isOwn = (verdict: Verdict): boolean => lossIn(verdict).every((loss) => !lostAnyway.has(loss));
  return {
    verdicts: again.verdicts.filter(isOwn),
    doubts: again.doubts,
    recoveries: { crashed, of: all.length },
    notes: [
      ...(again.verdicts.some((verdict) => isLoss(verdict.outcome) && isOwn(verdict)) ? [LOSES_IN_RECOVERY] : []),
      ...(again.verdicts.every(isOwn) ? [] : [LOSES_ANYWAY]),
    ],
  };
}

/** The first state of each way; rather one in whose tree recovery was recorded already. */
function waysIn(verdicts: readonly Verdict[], { recoveries }: Bench, { trace }: Recording): First[] {
  const ways = new Map<string, First>();
  for (const verdict of verdicts) {
    const { state, outcome } = verdict;
    if (isLoss(outcome) || (state.how !== 'killed' && state.how !== 'power-lost')) continue;
    const way = wayToRecover(state.tree, outcome, trace.variation.names);
    const known = ways.get(way);
    if (known === undefined || (!recoveries.isRecorded(known.state.tree) && recoveries.isRecorded(state.tree)))
      ways.set(way, { ...verdict, state });
  }
  return [...ways.values()];
}

function evenly<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, at) => items[Math.floor((at * items.length) / most)] as Item); // within the list
}

/** The directory before the first op and after the last, with nothing lost, where that is fine. */
async function undisturbedOf(cell: TraceCell, bench: Bench, { trace }: Recording, oracle: Oracle): Promise<First[]> {
  const states = [0, trace.ops.length].map((op): KillState => {
    const at = { op };
    return { how: 'killed', at, points: [at], promisedAt: op, tree: trace.trees[op] ?? new Map() };
  });
  const verdicts = await judgeTrees(cell, bench, oracle, states);
  return verdicts.flatMap((verdict, index) => (isLoss(verdict.outcome) ? [] : [{ ...verdict, state: states[index] as KillState }])); // one verdict for each
}

/** A loss in recovery, by its outcome and the op that it follows; none for what is no loss. */
function lossIn({ state, outcome }: Verdict): string[] {
  if (state.how !== 'in-recovery' || !isLoss(outcome)) return [];
  const op = state.trace.ops[state.second.at.op - 1];
  return [`${outcome} after ${op === undefined ? 'the start' : `${op.call} ${op.file.path} ${op.to?.path ?? ''}`}`];
}

/** Records the recovery from each first state, and judges what a second crash leaves of it. */
async function crashAgain(
  cell: TraceCell,
  bench: Bench,
  recording: Recording,
  firsts: readonly First[],
  named: NamedState | undefined,
): Promise<Pick<Again, 'verdicts' | 'doubts'> & { readonly crashed: number }> {
  const limit = Math.max(LEAST_PER_RECOVERY, Math.floor(STATES_PER_CELL / Math.max(1, firsts.length)));
  const traces = await Promise.all(firsts.map((first) => bench.recoveries.record(first.state.tree, recording)));
  const oracles = new Map<Trace, Oracle>();
  const states: TwiceState[] = [];
  const doubts: Doubt[] = [];
  for (const [index, trace] of traces.entries()) {
    const first = firsts[index];
    if (first === undefined) continue;
    try {
      if ('reason' in trace) throw new NotReplayable(trace.reason);
      states.push(...statesInRecovery(first.state, trace, exploreTrace(cell, trace, { ...bench, limit, wholePages: true }, named).states));
      oracles.set(trace, oracleInRecovery(cell, bench.recovery, trace, first));
    } catch (error) {
      if (!(error instanceof NotReplayable)) throw error;
      doubts.push({ state: first.state, doubt: `its recovery could not be crashed: ${error.message}` });
    }
  }
  const judge: Oracle['judge'] = (state, found) => {
    const oracle = state.how === 'in-recovery' ? oracles.get(state.trace) : undefined;
    if (oracle === undefined) throw new Error('a crash in recovery has the oracle of that recovery');
    return oracle.judge(state, found);
  };
  const verdicts = await judgeTrees(cell, bench, { next: cell.scenario.next, judge }, states);
  return { verdicts, doubts, crashed: oracles.size };
}
