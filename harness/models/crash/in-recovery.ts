/**
 * Crash in recovery: wraps a model, so that the process which recovers from the first crash is crashed in its turn.
 *
 * Allows   whatever the wrapped model allows, at every boundary of the recovery; one recovery for each way in which it can differ: which
 *          value it finds, which kinds of files beside it, and what is done of a save that is half done. With `--depth 3` and more, the recovery
 *          from that crash is crashed, and so on, until no tree comes whose recovery was not crashed: see `in-a-row.ts`.
 * Forbids  a third crash where nobody asks for it. After a power cut, what the crash before left is on disk for sure.
 * Real     each recovery is recorded, and its states observed: that kills leave what was observed is checked at the first crash.
 *
 * It asks what the first crash adds. A save that loses when it is crashed loses so after any crash too. So what a recovery of the
 * undisturbed directory (before the first op, and after the last) loses at the same op is noted and not counted. The scenarios in which
 * that save is the one under test count it.
 */
import type { RecordedRecovery, RecordedSubject, Subject } from '../../bench/subject.ts';
import { NoSuchCase } from '../../domain/errors.ts';
import { isNotMeasured } from '../../domain/sighting.ts';
import type { Trace, Tree } from '../../domain/trace.ts';
import { treeFor } from '../../domain/tree-times.ts';
import { oracleOfRecovery, oracleOptions } from '../../judge/oracle.ts';
import { isLoss } from '../../judge/outcome.ts';
import { NotReplayable } from '../../persistence/actions.ts';
import type { Unmeasured } from '../../recover/believe.ts';
import { type Model, onlyRecorded } from '../model.ts';
import type { NamedState } from './crash-id.ts';
import { type CrashCase, type CrashVerdict, lostIn, type TraceState, type TwiceState, timeIn, undisturbed } from './crash-state.ts';
import type { CrashExploration, CrashExplored, StateOptions, StatesOfTrace } from './explore.ts';
import type { Enumerated } from './history-states.ts';
import { crashedInARow, notesOfRow } from './in-a-row.ts';
import { type Again, chosenOf, type First, halfDone, halfDoneOf, isRecoverable, type Way, wayToRecover } from './ways.ts';

/** A model whose states come from a trace alone. */
export interface TraceModel<Found extends StatesOfTrace<TraceState> = StatesOfTrace<TraceState>>
  extends Model<CrashCase, undefined, NamedState, CrashExplored<Found>> {
  /** All states, or the one that is named. Throws NotReplayable and NoSuchCase. */
  statesOf(trace: Trace, profile: string | undefined, options: StateOptions, only?: NamedState): Enumerated;
}

/** States of a recovery that are judged at least, however many recoveries share the limit of the cell. */
const LEAST_PER_RECOVERY = 12;
const LOSES_IN_RECOVERY = 'crash in recovery: some losses need a second crash, in recovery; the picture shows one crash';
const LOSES_ANYWAY =
  'crash in recovery: the save after a recovery loses when it is crashed, and loses the same with no crash before it; not counted here';

export function inRecovery<Found extends StatesOfTrace<TraceState>>(
  model: TraceModel<Found>,
): Model<CrashCase, undefined, NamedState, CrashExplored<Found>> {
  return {
    ...model,
    explore: async (subjects, exploration) => {
      const { bench, cell, only } = exploration;
      const explored = await model.explore(subjects, exploration);
      const isWanted = only === undefined ? bench.effort.recoveries > 0 && !cell.scenario.histories : only.second !== undefined;
      if (isNotMeasured(explored) || !isWanted) return explored;
      return new InRecovery(model, subjects, exploration).extend(explored);
    },
  };
}

class InRecovery<Found extends StatesOfTrace<TraceState>> {
  readonly #model: TraceModel<Found>;
  readonly #subject: RecordedSubject;
  readonly #exploration: CrashExploration;

  constructor(model: TraceModel<Found>, subjects: readonly Subject[], exploration: CrashExploration) {
    this.#model = model;
    this.#subject = onlyRecorded(subjects);
    this.#exploration = exploration;
  }

  async extend(explored: CrashExplored<Found>): Promise<CrashExplored<Found>> {
    const { bench, only } = this.#exploration;
    const { ways, halves } = this.#waysIn(explored.verdicts);
    const of = ways.length + halves.length;
    const chosen = chosenOf(ways, bench.effort.recoveries);
    const firsts = [...chosen, ...halfDoneOf(halves, bench.effort.recoveries)];
    if (only !== undefined) return { ...explored, ...(await this.#named(firsts, only.second, explored.unmeasured)) };
    const undisturbed = await this.#crash(await this.#undisturbed());
    const lostAnyway = new Set(undisturbed.verdicts.flatMap(lossIn));
    const isOwn = (verdict: CrashVerdict): boolean => lossIn(verdict).every((loss) => !lostAnyway.has(loss));
    let all = 0;
    const crash = async (some: readonly First[], sharing = some.length): Promise<Again> => {
      const again = await this.#crash(some, { sharing });
      all += again.verdicts.length;
      return { ...again, verdicts: again.verdicts.filter(isOwn) };
    };
    const again = await crash(firsts, chosen.length);
    const { crashes, recoveries: most } = bench.effort;
    const row =
      crashes > 2
        ? await crashedInARow(
            { firsts, again, of },
            { crashes, most, subject: this.#subject, litter: this.#exploration.cell.store.litter, crash },
          )
        : undefined;
    const own = [...again.verdicts, ...(row?.verdicts ?? [])];
    const recoveries = { crashed: again.crashed, of, states: again.verdicts.length, ...(row && { deeper: row.deeper }) };
    const { tried } = explored;
    return {
      ...explored,
      verdicts: [...explored.verdicts, ...own],
      unmeasured: [...explored.unmeasured, ...again.unmeasured, ...(row?.unmeasured ?? [])],
      ...(of > 0 && (tried?.kind === 'kills' || tried?.kind === 'states') && { tried: { ...tried, recoveries } }),
      notes: [
        ...explored.notes,
        ...(again.verdicts.some(({ outcome }) => isLoss(outcome)) ? [LOSES_IN_RECOVERY] : []),
        ...(own.length === all ? [] : [LOSES_ANYWAY]),
        ...(row === undefined ? [] : notesOfRow(row)),
      ],
    };
  }

  /** Brings about one crash after the other, each in the recovery from the one before. */
  async #named(
    firsts: readonly First[],
    named: NamedState | undefined,
    unmeasured: readonly Unmeasured<CrashCase>[],
  ): Promise<Pick<Again, 'verdicts' | 'unmeasured'>> {
    const again = await this.#crash(firsts, { only: named });
    const doubts = [...unmeasured, ...again.unmeasured];
    if (named?.second === undefined) return { verdicts: again.verdicts, unmeasured: doubts };
    return this.#named(again.verdicts.filter(isRecoverable), named.second, doubts);
  }

  /**
   * Of each way after a crash that lost nothing: the state of which least is missing, which more models have than any other. `halves`: ways that
   * show the same files as one of them, but began with a save that was half done.
   */
  #waysIn(verdicts: readonly CrashVerdict[]): { readonly ways: readonly Way[]; readonly halves: readonly Way[] } {
    const { trace } = this.#subject;
    const ways = new Map<string, First<TraceState>>();
    const halves = new Map<string, First<TraceState>>();
    for (const verdict of verdicts) {
      if (!isFirst(verdict) || isLoss(verdict.outcome) || verdict.case.state.how === 'ended') continue;
      const { tree } = verdict.case.state;
      const way = wayToRecover(tree, verdict.outcome, trace.variation.names);
      const half = halfDone(tree, trace);
      keepLeastLost(ways, way, verdict);
      if (half !== undefined) keepLeastLost(halves, `${way} ${half}`, verdict);
    }
    const standing = new Set<First>(ways.values());
    const listed = (some: Iterable<readonly [string, First]>): Way[] => [...some].map(([way, first]) => ({ way, first }));
    return { ways: listed(ways), halves: listed(halves).filter(({ first }) => !standing.has(first)) };
  }

  /** The directory before the first op and after the last, with nothing lost, where no outcome is a loss. */
  async #undisturbed(): Promise<First<TraceState>[]> {
    const { verdicts } = await this.#exploration.judge(undisturbed(this.#subject));
    return verdicts.filter(isFirst).filter(({ outcome }) => !isLoss(outcome));
  }

  /** What the recovery from a state finds. */
  #found({ case: { state } }: First): Tree {
    return treeFor(this.#exploration.bench.store, state.tree, timeIn(state, this.#subject.trace));
  }

  /** Records the recovery from each first state, and judges what a second crash leaves of it. `sharing`: how many of them the limit is for. */
  async #crash(
    firsts: readonly First[],
    { sharing = firsts.length, only }: { readonly sharing?: number; readonly only?: NamedState | undefined } = {},
  ): Promise<Again> {
    const { bench, cell, judge } = this.#exploration;
    const { seed, statesInRecovery } = bench.effort;
    const limit = Math.max(LEAST_PER_RECOVERY, Math.floor(statesInRecovery / Math.max(1, sharing)));
    const traces = await Promise.all(firsts.map((first) => bench.recordRecovery(this.#found(first), this.#subject.trace)));
    const options = oracleOptions(bench);
    const cases: CrashCase[] = [];
    const unmeasured: Unmeasured<CrashCase>[] = [];
    const crashed = new Set<Trace>();
    let isSampled = false;
    for (const [index, trace] of traces.entries()) {
      const first = firsts[index];
      if (first === undefined) continue;
      try {
        if (isNotMeasured(trace)) throw new NotReplayable(trace.reason);
        const found = this.#model.statesOf(trace, cell.profile, { limit, seed, wholePages: true }, only);
        isSampled ||= found.isSampled === true;
        const oracle = oracleOfRecovery(trace, first, options);
        cases.push(
          ...found.states.map((second) => ({
            subject: this.#subject,
            state: twice(first.case.state, second, trace),
            oracle,
            second: true as const,
          })),
        );
        crashed.add(trace);
      } catch (error) {
        if (error instanceof NoSuchCase) throw new NoSuchCase(`in recovery, ${error.message}`);
        if (!(error instanceof NotReplayable)) throw error;
        unmeasured.push({ case: first.case, reason: `its recovery could not be crashed: ${error.message}` });
      }
    }
    const judged = await judge(cases);
    return { verdicts: judged.verdicts, unmeasured: [...unmeasured, ...judged.unmeasured], crashed: crashed.size, isSampled };
  }
}

function keepLeastLost(ways: Map<string, First<TraceState>>, way: string, first: First<TraceState>): void {
  const known = ways.get(way);
  if (known === undefined || lostIn(first.case.state) < lostIn(known.case.state)) ways.set(way, first);
}

function isFirst(verdict: CrashVerdict): verdict is First<TraceState> {
  const { how } = verdict.case.state;
  return how === 'killed' || how === 'power-lost' || how === 'ended';
}

function twice(first: TraceState | TwiceState, second: TraceState, trace: RecordedRecovery): TwiceState {
  const { tree, promisedAt } = second;
  return { how: 'in-recovery', at: first.at, points: [first.at], first, second, trace, tree, promisedAt };
}

/** A loss in recovery, by its outcome and the op that it follows. */
function lossIn({ case: { state }, outcome }: CrashVerdict): string[] {
  if (state.how !== 'in-recovery' || !isLoss(outcome)) return [];
  const op = state.trace.ops[state.second.at.op - 1];
  return [`${outcome} after ${op === undefined ? 'the start' : `${op.call} ${op.file.path} ${op.to?.path ?? ''}`}`];
}
