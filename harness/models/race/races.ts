/**
 * Races of real processes: every order within the bound is run, what each leaves is recovered by a process that saw none of it, and judged
 * by what any order of the calls allows. A failing race is run a second time before it is believed.
 */
import type { Bench, ScheduleCell } from '../../check.ts';
import type { Recovery } from '../../domain/recovery.ts';
import { scheduleId } from '../../domain/schedule.ts';
import type { Outcome } from '../../domain/store.ts';
import type { Task, Tree } from '../../domain/trace.ts';
import { scanTree } from '../../domain/tree.ts';
import { type ConcurrentPromise, judgeConcurrent, promisedBy } from '../../judge/concurrent.ts';
import { doubtedLosses, kindsOfLosses } from '../../judge/confirm.ts';
import { isLoss, type OracleOptions } from '../../judge/outcome.ts';
import { valuesAfter } from '../../judge/promise.ts';
import { endOf, type NotRecorded } from '../../record/record.ts';
import type { ScheduleFindings, ScheduleVerdict } from '../interleaving/schedule-findings.ts';
import { exploreRaces, type Races } from './explore-races.ts';
import { missingForRace } from './missing.ts';
import { heldAgainstFake } from './race-agreement.ts';
import { CONTROL, namesIn, type Planned, type Raced, type RunRace, raceOn } from './raced.ts';

/** Preemptions in a race, if nothing else is asked for. */
const BOUND = 1;

/** Races of one store and scenario, all of them or the one that is named. */
export async function checkRace(cell: ScheduleCell, bench: Bench, named?: Planned): Promise<ScheduleFindings | NotRecorded> {
  const missing = missingForRace(bench.recorder);
  if (missing !== undefined) return { reason: missing };
  const { tasks = [] } = cell.scenario;
  const tree = await treeBefore(cell, bench);
  if ('reason' in tree) return tree;
  const start = { tasks, tree };
  const learnt = await namesIn(bench, start);
  if ('reason' in learnt) return learnt;
  const { names, key } = learnt;
  const bound = bench.preemptions ?? BOUND;
  const anew = raceOn(bench, start, { names, fresh: true });
  const explore = async (run: RunRace): Promise<Races | NotRecorded> =>
    named === undefined ? exploreRaces(run, tasks.length, bound) : onlyThis(anew, named);
  const again = raceOn(bench, start, { names, fresh: false });
  const quick = await explore(again);
  // Processes that were used before must do what one does that was not.
  const control = named === undefined && !('reason' in quick) ? await again(CONTROL) : undefined;
  const found = control === undefined || ('key' in control && control.key === key) ? quick : await explore(anew);
  if ('reason' in found) return found;
  const judge = new RaceJudge(cell, bench, tasks);
  const { verdicts, notes } = await judge.judgeAll(found.races, anew);
  const held = named === undefined ? await heldAgainstFake(cell, bench, { verdicts, options: judge.options }, judge.asRun(anew)) : [];
  const failing = verdicts.filter(({ outcome }) => isLoss(outcome));
  const outcomes: { [outcome in Outcome]?: number } = {};
  for (const { outcome } of verdicts) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const minimal = [...failing].sort((one, other) => Number(isKill(one)) - Number(isKill(other)))[0];
  return {
    kind: 'bounded',
    bound,
    tried: found.tried,
    distinct: found.races.length,
    crashes: verdicts.filter(isKill).length,
    outcomes,
    verdicts,
    ...(minimal !== undefined && { minimal }),
    doubts: found.doubts.map(({ planned, reason }) => `${scheduleId(planned.schedule)} could not be run: ${reason}`),
    notes: [...notesOn(found, tasks), ...notes, ...held],
  };
}

const isKill = ({ end }: ScheduleVerdict): boolean => end.killed !== undefined;

async function onlyThis(run: RunRace, planned: Planned): Promise<Races | NotRecorded> {
  const raced = await run(planned);
  return 'reason' in raced ? raced : { races: [raced], tried: 1, leftOut: 0, doubts: [] };
}

/** What one process leaves that carries out the steps before: made once, and copied for each race. */
async function treeBefore({ scenario }: ScheduleCell, bench: Bench): Promise<Tree | NotRecorded> {
  if (scenario.before.length === 0) return new Map();
  const request = bench.prepareOn(new Map(), scenario.before);
  const { events } = await bench.recorder.run({ ...request, plan: { kind: 'observe' } });
  const rejected = events.find(({ kind }) => kind === 'rejected');
  if (endOf(events).how === 'finished' && rejected === undefined) return scanTree(request.directory);
  const why = bench.complaint(request.directory)?.split('\n')[0] ?? endOf(events).how;
  return { reason: `the steps before the race did not get through: ${why}` };
}

function notesOn({ leftOut, races }: Races, tasks: readonly Task[]): string[] {
  const unmeasured = new Set(races.flatMap((race) => race.unmeasured));
  const died = races.flatMap(({ events, end }) =>
    events.flatMap((event) =>
      event.kind === 'died'
        ? [`the process of ${tasks[event.task]?.name} ended by itself (${event.how}) in ${scheduleId(end.schedule)}`]
        : [],
    ),
  );
  return [
    ...(leftOut > 0 ? [`${leftOut} switches and kills left out: what they lead to is what the one before them leads to`] : []),
    ...[...unmeasured].map((what) => `not measured: ${what}`),
    ...died.slice(0, 1),
  ];
}

interface Judged extends ScheduleVerdict {
  readonly race: Raced;
}

class RaceJudge {
  readonly #bench: Bench;
  readonly #tasks: readonly Task[];
  readonly #cell: ScheduleCell;
  readonly options: OracleOptions;

  constructor(cell: ScheduleCell, bench: Bench, tasks: readonly Task[]) {
    const { empty } = cell.store;
    const throwsWhenFresh = bench.recovery.whenFresh.kind === 'threw';
    this.#cell = cell;
    this.#bench = bench;
    this.#tasks = tasks;
    this.options = { next: cell.scenario.next, throwsWhenFresh, ...(empty !== undefined && { empty }) };
  }

  async judgeAll(
    races: readonly Raced[],
    run: RunRace,
  ): Promise<{ readonly verdicts: readonly ScheduleVerdict[]; readonly notes: readonly string[] }> {
    const { recovery } = this.#bench;
    let verdicts = await this.#recoverAll(races);
    if (!(await recovery.warmIsTrue())) verdicts = await this.#recoverAll(races);
    const notes = await Promise.all(kindsOfLosses(verdicts, kindOf).map((alike) => this.#runAgain(alike, run)));
    return { verdicts, notes: notes.filter((note) => note !== undefined) };
  }

  async #recoverAll(races: readonly Raced[]): Promise<Judged[]> {
    const { recovery, onProgress } = this.#bench;
    const { next } = this.options;
    const onDone = (done: number): void => onProgress({ kind: 'state-judged', of: races.length, done });
    const found = await recovery.recoverTrees(
      races.map(({ end }) => end.tree),
      next,
      onDone,
    );
    const judged = races.flatMap((race, index) => {
      const answer = found[index];
      return answer === undefined ? [] : [this.#judge(race, answer.recovery)];
    });
    const confirm = async ({ race, end }: Judged): Promise<Judged> => this.#judge(race, await recovery.confirm(end.tree, next));
    const doubted = await doubtedLosses(judged, kindOf, async (verdict) => (await confirm(verdict)).outcome);
    return Promise.all(judged.map((verdict) => (doubted.has(verdict) ? confirm(verdict) : verdict)));
  }

  #judge(race: Raced, recovery: Recovery): Judged {
    const before = valuesAfter(this.#cell.scenario.before, undefined).at(-1);
    const promise: ConcurrentPromise = promisedBy(before, this.#tasks, race.end.events, this.options);
    return { race, end: race.end, promise, recovery, outcome: judgeConcurrent(promise, race.end, recovery, this.options) };
  }

  /** Runs a race and judges it; undefined if it could not be run. */
  asRun(run: RunRace): (planned: Planned) => Promise<ScheduleVerdict | undefined> {
    return async (planned) => {
      const race = await run(planned);
      return 'reason' in race ? undefined : this.#judge(race, await this.#bench.recovery.confirm(race.end.tree, this.options.next));
    };
  }

  /** Of races that failed alike the shortest is run once more. Returns what is to be said of it. */
  async #runAgain([shortest]: readonly Judged[], run: RunRace): Promise<string | undefined> {
    if (shortest === undefined) return undefined;
    const { schedule, killed } = shortest.end;
    const name = scheduleId(schedule);
    const again = await run({ schedule, ...(killed !== undefined && { kill: killed }) });
    if ('reason' in again) return `${name} could not be run a second time: ${again.reason}`;
    const verdict = this.#judge(again, await this.#bench.recovery.confirm(again.end.tree, this.options.next));
    return verdict.outcome === shortest.outcome
      ? undefined
      : `${name} ended ${shortest.outcome}, and ${verdict.outcome} when it was run again`;
  }
}

/** Those with a kill, and those without. */
const kindOf = ({ end }: Judged): string => String(end.killed === undefined);
