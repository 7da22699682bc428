/**
 * Interleavings of a store's tasks: told and judged on the fake file system, in a process of their own. A failure is believed when the real
 * store, on the real file system, finds the same in what is left.
 */
import type { Bench, ScheduleCell } from '../../check.ts';
import type { ScheduleEnd } from '../../domain/schedule.ts';
import type { Outcome } from '../../domain/store.ts';
import type { Task } from '../../domain/trace.ts';
import { judgeConcurrent, promisedBy } from '../../judge/concurrent.ts';
import type { OracleOptions } from '../../judge/outcome.ts';
import { valuesAfter } from '../../judge/promise.ts';
import { type InterleaveRequest, type Told, type ToldEnd, treeTold } from '../../protocol/interleave.ts';
import type { NotRecorded } from '../../record/record.ts';
import type { NamedSchedule } from './coding.ts';
import { BEFORE_HISTORIES, type ConcurrentHistory, drawConcurrentHistories, simplerHistories, tasksOf } from './histories.ts';
import type { ScheduleFindings, ScheduleVerdict } from './schedule-findings.ts';

/** Runs in which all orders are told, if there are no more; and runs that are drawn at random if there are. */
const LIMITS = { runs: 5_000, samples: 500 } as const;
/** The same for each random history, and how many of them there are unless the run says otherwise. */
const HISTORY_LIMITS = { runs: 400, samples: 50 } as const;
const HISTORIES = 20;
/** Processes that interleave histories side by side. */
const PROCESSES = 2;

/** All orders of the tasks of one cell, or the one that is named. */
export async function checkInterleaving(cell: ScheduleCell, bench: Bench, named?: NamedSchedule): Promise<ScheduleFindings | NotRecorded> {
  const { store, scenario } = cell;
  if (store.kind === 'command') return { reason: 'a store that runs as commands has no calls that could be interleaved' };
  const bundle = await bench.fake.bundle();
  if (typeof bundle !== 'string') return bundle;
  const { next } = scenario;
  const throwsWhenFresh = bench.recovery.whenFresh.kind === 'threw';
  const oracle: OracleOptions = { next, throwsWhenFresh, ...(store.empty !== undefined && { empty: store.empty }) };
  const common = { bundle, now: Date.now(), instances: 'shared', seed: bench.seed, ...oracle } as const;
  if (!scenario.histories) {
    const { before, tasks = [] } = scenario;
    const interleaver = new Interleaver(bench, oracle, { ...common, ...LIMITS, before });
    return interleaver.check([{ tasks }], named);
  }
  const interleaver = new Interleaver(bench, oracle, { ...common, ...HISTORY_LIMITS, before: BEFORE_HISTORIES });
  if (named !== undefined)
    return named.history === undefined ? { reason: 'no history is named' } : interleaver.check([playOf(named.history)], named);
  const histories = drawConcurrentHistories(bench.histories ?? HISTORIES, bench.seed, store.hasUpdate);
  const found = await interleaver.check(histories.map(playOf));
  return 'reason' in found ? found : interleaver.simplify(found);
}

interface Play {
  readonly tasks: readonly Task[];
  readonly history?: ConcurrentHistory;
}

const playOf = (history: ConcurrentHistory): Play => ({ tasks: tasksOf(history), history });

class Interleaver {
  readonly #bench: Bench;
  readonly #oracle: OracleOptions;
  readonly #request: Omit<InterleaveRequest, 'plays' | 'named'>;

  constructor(bench: Bench, oracle: OracleOptions, request: Omit<InterleaveRequest, 'plays' | 'named'>) {
    this.#bench = bench;
    this.#oracle = oracle;
    this.#request = request;
  }

  async check(plays: readonly Play[], named?: NamedSchedule): Promise<ScheduleFindings | NotRecorded> {
    const told = await this.#tell(plays, named);
    if ('reason' in told) return told;
    const judged = await Promise.all(told.flatMap(({ ends }, index) => ends.map((end) => this.#confirm(end, plays[index] as Play))));
    const verdicts = smallestOfEach(judged.map(({ verdict }) => verdict)).sort(byInterest);
    const outcomes: { [outcome in Outcome]?: number } = {};
    for (const { outcomes: some } of told)
      for (const [outcome, count] of Object.entries(some) as [Outcome, number][]) outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
    const sum = (count: (one: Told) => number): number => told.reduce((total, one) => total + count(one), 0);
    const [minimal] = verdicts;
    const isAll = told.every(({ kind }) => kind === 'exhaustive');
    const bounds = told.flatMap(({ bound }) => bound ?? []);
    return {
      kind: isAll ? 'exhaustive' : (told.find(({ kind }) => kind !== 'exhaustive')?.kind ?? 'sampled'),
      ...(!isAll && bounds.length > 0 && { bound: Math.min(...bounds) }),
      tried: sum(({ runs }) => runs),
      distinct: sum(({ states }) => states),
      crashes: sum(({ crashes }) => crashes),
      trees: sum(({ trees }) => trees),
      outcomes,
      verdicts,
      doubts: judged.flatMap(({ doubt }) => doubt ?? []),
      ...(minimal && { minimal }),
      ...(plays[0]?.history !== undefined && { histories: plays.length }),
      notes: told.some(({ memory }) => memory)
        ? ['the tasks share memory that shows in no file: no two orders were taken for the same']
        : [],
    };
  }

  /** In several processes, each with its share: no play knows of another, so what is told does not depend on how they are shared. */
  async #tell(plays: readonly Play[], named?: NamedSchedule): Promise<readonly Told[] | NotRecorded> {
    const shares = Array.from({ length: Math.min(PROCESSES, plays.length) }, (_, share) =>
      plays.filter((__, at) => at % PROCESSES === share),
    );
    const answers = await Promise.all(
      shares.map((share) => this.#bench.fake.run({ ...this.#request, plays: share.map(({ tasks }) => tasks), ...(named && { named }) })),
    );
    const told: Told[] = [];
    for (const [share, answer] of answers.entries()) {
      if (answer.kind === 'refused') return answer;
      for (const [at, one] of answer.told.entries()) told[at * PROCESSES + share] = one;
    }
    return told;
  }

  /** Takes one step after the other out of a failing history, as long as the failure stays. */
  async simplify(found: ScheduleFindings): Promise<ScheduleFindings> {
    const verdicts: ScheduleVerdict[] = [];
    for (const verdict of found.verdicts) {
      let smallest = verdict;
      for (let history = verdict.history; history !== undefined; ) {
        const simpler = simplerHistories(history);
        history = undefined;
        if (simpler.length === 0) break;
        const again = await this.check(simpler.map(playOf));
        if ('reason' in again) break;
        const same = again.verdicts.find((one) => kindOf(one) === kindOf(smallest));
        if (same === undefined) break;
        smallest = same;
        history = same.history;
      }
      verdicts.push(smallest);
    }
    const [minimal] = verdicts.sort(byInterest);
    return { ...found, verdicts, ...(minimal && { minimal }) };
  }

  /** What a fresh process finds on the real file system counts. */
  async #confirm({ end: told, tree, outcome: faked }: ToldEnd, { tasks, history }: Play): Promise<Confirmed> {
    const { recovery: real } = this.#bench;
    const stored = valuesAfter(this.#request.before, undefined).at(-1);
    const promise = promisedBy(stored, tasks, told.events, this.#oracle);
    const end: ScheduleEnd = { ...told, tree: treeTold(tree) };
    const recovery = await real.confirm(end.tree, this.#oracle.next);
    const outcome = judgeConcurrent(promise, end, recovery, this.#oracle);
    const verdict: ScheduleVerdict = { end, promise, recovery, outcome, ...(history && { history }) };
    if (outcome === faked) return { verdict };
    return { verdict, doubt: `fake and real disagree: what the fake calls ${faked} is ${outcome} in a real recovery` };
  }
}

interface Confirmed {
  readonly verdict: ScheduleVerdict;
  readonly doubt?: string;
}

/** Failures that went alike: by a load or by what was left, with a crash or without. */
function kindOf({ end, outcome, promise }: ScheduleVerdict): string {
  return `${outcome} ${end.how} ${promise.badLoad === undefined}`;
}

/** Of each kind the one with the shortest history, and of these the shortest schedule. */
function smallestOfEach(verdicts: readonly ScheduleVerdict[]): ScheduleVerdict[] {
  const size = ({ history, end }: ScheduleVerdict): number[] => [history?.flat().length ?? 0, end.schedule.length, end.ops.length];
  const kinds = new Map<string, ScheduleVerdict>();
  for (const verdict of verdicts) {
    const known = kinds.get(kindOf(verdict));
    if (known === undefined || compare(size(verdict), size(known)) < 0) kinds.set(kindOf(verdict), verdict);
  }
  return [...kinds.values()];
}

/** What no crash is needed for comes first, and before that what a reader met; then the shortest. */
function byInterest(one: ScheduleVerdict, other: ScheduleVerdict): number {
  const rank = ({ end, promise }: ScheduleVerdict): number[] => [
    Number(end.how === 'crashed'),
    Number(promise.badLoad === undefined),
    end.schedule.length,
    end.ops.length,
  ];
  return compare(rank(one), rank(other));
}

/** Number by number. */
function compare(one: readonly number[], other: readonly number[]): number {
  return one.map((value, at) => value - (other[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
