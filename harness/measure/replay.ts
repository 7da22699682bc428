/** One case again, with everything that replay shows of it: its lines in the report, the directory that it left, and how it came to that. */
import { type Benches, openBenches } from '../bench/open-benches.ts';
import { type Bench, type Cell, type CrashCell, isCrashCell } from '../check.ts';
import type { ScheduleEnd } from '../domain/schedule.ts';
import type { Op, Step, Task, Trace, Tree } from '../domain/trace.ts';
import { type CellOptions, type CheckedCell, cellResult, type Located } from '../explain/cell-result.ts';
import { faultHistoryResult } from '../explain/fault-history-result.ts';
import { historyResult } from '../explain/history-result.ts';
import { scheduleResult } from '../explain/schedule-result.ts';
import type { SiteMatch } from '../explain/sites.ts';
import type { CrashState } from '../explore/crash-state.ts';
import type { NamedState } from '../explore/explore.ts';
import { faultsIn } from '../generate/check-fault-histories.ts';
import { checkNamedHistory } from '../generate/check-histories.ts';
import { parseHistoryDetail } from '../generate/history.ts';
import { sitesOfCourse, sitesOfLastCall } from '../generate/history-sites.ts';
import { parseScheduleDetail } from '../models/interleaving/coding.ts';
import { tasksOf } from '../models/interleaving/histories.ts';
import { checkInterleaving } from '../models/interleaving/interleavings.ts';
import { parseFault } from '../models/io-error/fault-id.ts';
import { faultResult } from '../models/io-error/fault-result.ts';
import type { FaultVerdict } from '../models/io-error/fault-verdict.ts';
import { checkFaults } from '../models/io-error/faults.ts';
import { parseRaceDetail } from '../models/race/race-id.ts';
import { checkRace } from '../models/race/races.ts';
import { firstFaultyOp } from '../record/fault.ts';
import type { NotRecorded } from '../record/record.ts';
import type { MeasureOptions } from './measure.ts';
import { locate, withRecording } from './recorded.ts';

/** What led to a case. */
export type Course =
  | {
      readonly kind: 'crash';
      readonly trace: Trace;
      readonly ops: readonly Op[];
      readonly state: CrashState;
      readonly steps: readonly Step[];
    }
  | { readonly kind: 'fault'; readonly trace: Trace; readonly ops: readonly Op[]; readonly steps: readonly Step[] }
  | { readonly kind: 'schedule'; readonly end: ScheduleEnd; readonly tasks: readonly Task[] };

export interface Replayed {
  readonly checked: CheckedCell;
  /** What was on disk in the end. */
  readonly tree: Tree;
  readonly course: Course;
}

/** A reason: it cannot be brought about. Undefined: the run has no such place. Throws NoSuchState (power loss). */
export async function replayed(cell: Cell, options: MeasureOptions, named: NamedState): Promise<Replayed | NotRecorded | undefined> {
  const benches: Benches = openBenches(options);
  try {
    const bench = await benches.forScenario(cell.store, cell.scenario);
    const told: CellOptions = { observed: false, durationMs: 0, allCases: true, replay: (id) => options.replay(cell, id) };
    const replay = new Replay(bench, options, told, named);
    return await replay.of(cell).finally(bench.dispose);
  } finally {
    await benches.close();
  }
}

class Replay {
  readonly #bench: Bench;
  readonly #options: MeasureOptions;
  readonly #told: CellOptions;
  readonly #named: NamedState;

  constructor(bench: Bench, options: MeasureOptions, told: CellOptions, named: NamedState) {
    this.#bench = bench;
    this.#options = options;
    this.#told = told;
    this.#named = named;
  }

  async of(cell: Cell): Promise<Replayed | NotRecorded | undefined> {
    const { histories, tasks } = cell.scenario;
    if (cell.model === 'interleaving' || cell.model === 'race') return this.#ofTasks(cell);
    if (tasks !== undefined) return undefined;
    if (!isCrashCell(cell)) return histories ? this.#ofFaultInHistory(cell) : this.#ofFault(cell);
    return histories ? this.#ofHistory(cell) : this.#ofCrash(cell);
  }

  #ofCrash(cell: CrashCell): Promise<Replayed | NotRecorded | undefined> {
    return withRecording(cell, this.#bench, this.#options, async (recorded) => {
      if ('reason' in recorded) return recorded;
      const located = await locate(cell, this.#bench, recorded, this.#named);
      return 'reason' in located ? located : crash(located, cell.scenario.steps, cellResult(cell, located, this.#told));
    });
  }

  async #ofHistory(cell: CrashCell): Promise<Replayed | NotRecorded | undefined> {
    if (cell.model === 'power-cut') return undefined;
    const checked = await checkNamedHistory(cell, this.#bench, this.#named);
    if ('reason' in checked) return checked;
    const { course, found } = checked;
    const [verdict] = found.verdicts;
    if (verdict === undefined) return undefined;
    const sites = await sitesOfCourse(cell.store, this.#bench, course, this.#options);
    const { outcome } = verdict;
    const none = { tried: 1, processes: course.processes.length, points: 1, states: 1, distinct: 1, violations: 0, notes: [], doubts: [] };
    const findings = { ...none, outcomes: { [outcome]: 1 }, failures: [{ course, verdict }] };
    const checkedCell = historyResult(cell, findings, () => sites, this.#told);
    return crash({ found, sites }, [], checkedCell);
  }

  #ofFault(cell: Extract<Cell, { model: 'io-error' }>): Promise<Replayed | NotRecorded | undefined> {
    const fault = parseFault(this.#named.at.op, this.#named.detail, cell.profile);
    return withRecording(cell, this.#bench, this.#options, async (recorded) => {
      if ('reason' in recorded || fault === undefined) return 'reason' in recorded ? recorded : undefined;
      const found = await checkFaults(cell, this.#bench, recorded.recording, fault);
      if ('reason' in found) return found;
      const [verdict] = found.verdicts;
      const [doubt] = found.doubts;
      if (verdict === undefined) return doubt && { reason: doubt.doubt };
      const sites = await recorded.sites();
      return faulty(verdict, sites, cell.scenario.steps, faultResult(cell, found, sites, this.#told));
    });
  }

  async #ofFaultInHistory(cell: Extract<Cell, { model: 'io-error' }>): Promise<Replayed | NotRecorded | undefined> {
    const detail = parseHistoryDetail(this.#named.detail);
    const fault = detail && parseFault(this.#named.at.op, detail.rest, cell.profile);
    if (detail === undefined || fault === undefined) return undefined;
    const failing = await faultsIn(cell, this.#bench, detail.history, fault);
    if (failing === undefined || 'reason' in failing) return failing;
    const [verdict] = failing.found.verdicts;
    if (verdict === undefined) return undefined;
    const sites = await sitesOfLastCall(cell.store, this.#bench, failing, this.#options);
    const findings = { checked: [failing], failures: [{ ...failing, verdict }], doubts: [], notes: [] };
    return faulty(
      verdict,
      sites,
      failing.cell.scenario.steps,
      faultHistoryResult(cell, findings, () => sites, this.#told),
    );
  }

  async #ofTasks(cell: Extract<Cell, { model: 'interleaving' | 'race' }>): Promise<Replayed | NotRecorded | undefined> {
    const { at, detail } = this.#named;
    const [raced, interleaved] = [parseRaceDetail(detail), parseScheduleDetail(at.op, detail)];
    const found =
      cell.model === 'race'
        ? raced && (await checkRace(cell, this.#bench, raced))
        : interleaved && (await checkInterleaving(cell, this.#bench, interleaved));
    if (found === undefined || 'reason' in found) return found;
    const [verdict] = found.verdicts;
    if (verdict === undefined) return undefined;
    const { end } = verdict;
    const tasks = verdict.history === undefined ? (cell.scenario.tasks ?? []) : tasksOf(verdict.history);
    return { checked: scheduleResult(cell, found, this.#told), tree: end.tree, course: { kind: 'schedule', end, tasks } };
  }
}

function crash({ found, sites }: Located, steps: readonly Step[], checked: CheckedCell): Replayed | NotRecorded | undefined {
  const [doubt] = found.doubts;
  if (doubt !== undefined) return { reason: doubt.doubt };
  const [verdict] = found.verdicts;
  if (verdict === undefined) return undefined;
  const { trace } = found.recording;
  const { state } = verdict;
  return { checked, tree: state.tree, course: { kind: 'crash', trace, ops: withSites(trace, sites), state, steps } };
}

function faulty({ run, tree }: FaultVerdict, sites: SiteMatch, steps: readonly Step[], checked: CheckedCell): Replayed {
  const { trace } = run;
  // Behind the fault the run is another than the one whose lines are known.
  const known = firstFaultyOp(run.faults) ?? trace.ops.length;
  const ops = withSites(trace, sites).map((op, index) => (index < known ? op : (trace.ops[index] ?? op)));
  return { checked, tree, course: { kind: 'fault', trace, ops, steps } };
}

function withSites({ ops }: Trace, { sites }: SiteMatch): Op[] {
  return ops.map((op) => {
    const site = sites.get(op.index);
    return site === undefined ? op : { ...op, site };
  });
}
