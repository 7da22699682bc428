/** Shrinks random histories that lose something under a crash, and those that could not be executed to their end. */
import { executedHistories } from '../../bench/histories.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
import { OUTCOME_NAMES, type Outcome } from '../../domain/outcomes.ts';
import { isNotMeasured } from '../../domain/sighting.ts';
import { counted } from '../../domain/words.ts';
import { encodeHistory, type History } from '../../generate/history.ts';
import { shrink } from '../../generate/shrink.ts';
import { violates } from '../held.ts';
import { type CrashVerdict, crashCase, lostIn } from './crash-state.ts';
import { type CrashExploration, type CrashExplored, replayable, type StatesOfTrace, stepsOf } from './explore.ts';

/** Histories that are tried at the same time. */
const AT_ONCE = 4;

type StatesOf = (subject: RecordedSubject) => StatesOfTrace | Promise<StatesOfTrace>;

/** `loadSettles` and `statesOf` are those of the exploration. */
export async function shrinkHistories<Found extends StatesOfTrace>(
  explored: CrashExplored<Found>,
  exploration: CrashExploration,
  loadSettles: boolean,
  statesOf: StatesOf,
): Promise<CrashExplored<Found>> {
  const search = new Search(exploration, loadSettles, statesOf);
  const verdicts = await search.smallestOf(explored.verdicts);
  const doubts = await search.doubtsOf(explored.troubled ?? []);
  return { ...explored, verdicts, doubts, notes: [...explored.notes, ...search.notes] };
}

const byLength = (one: CrashVerdict, other: CrashVerdict): number => stepsOf(one).length - stepsOf(other).length;

/** What is wrong with a history: each outcome with the case that shows it best, and why it ended early. */
interface Wrong {
  readonly verdicts: ReadonlyMap<Outcome, CrashVerdict>;
  readonly trouble: string | undefined;
  readonly history: History;
}

/** Remembers each history that it has tried, for all outcomes. */
class Search {
  readonly notes: string[] = [];
  readonly #exploration: CrashExploration;
  readonly #loadSettles: boolean;
  readonly #statesOf: StatesOf;
  readonly #known = new Map<string, Promise<Wrong>>();

  constructor(exploration: CrashExploration, loadSettles: boolean, statesOf: StatesOf) {
    this.#exploration = exploration;
    this.#loadSettles = loadSettles;
    this.#statesOf = statesOf;
  }

  /**
   * For each outcome the history with the fewest steps, the shortest first. If an even shorter history breaks the claim with another outcome,
   * it comes before them.
   */
  async smallestOf(verdicts: readonly CrashVerdict[]): Promise<CrashVerdict[]> {
    const smallest = await Promise.all(verdicts.map((verdict) => this.#smallest(verdict, [verdict.outcome])));
    const [first] = smallest.sort(byLength);
    if (first === undefined) return [];
    const violating = OUTCOME_NAMES.filter(violates(this.#exploration.cell));
    const any = await this.#smallest(first, violating);
    return smallest.some(({ outcome }) => outcome === any.outcome) ? smallest : [any, ...smallest];
  }

  /** Fails with one of these outcomes. */
  async #smallest(verdict: CrashVerdict, outcomes: readonly Outcome[]): Promise<CrashVerdict> {
    const failureIn = async (history: History): Promise<CrashVerdict | undefined> => {
      const { verdicts } = await this.#wrongIn(history);
      return outcomes.flatMap((outcome) => verdicts.get(outcome) ?? []).sort(byLength)[0];
    };
    const history = await this.#shrunk(stepsOf(verdict), async (candidate) => {
      const found = await failureIn(candidate);
      return found && stepsOf(found);
    });
    const found = await failureIn(history);
    if (found === undefined) return verdict; // it takes more steps than those up to the crash
    const { verdicts } = await this.#exploration.judge([found.case]);
    return verdicts[0]?.outcome === found.outcome ? found : verdict;
  }

  /** The smallest history that could not be executed, and why, in words. */
  async doubtsOf(troubled: readonly History[]): Promise<string[]> {
    const [first] = [...troubled].sort((one, other) => one.length - other.length);
    if (first === undefined) return [];
    const history = await this.#shrunk(first, async (candidate) => {
      const wrong = await this.#wrongIn(candidate);
      return wrong.trouble === undefined ? undefined : wrong.history;
    });
    const { trouble } = await this.#wrongIn(history);
    return [`in history ${encodeHistory(history)}: ${trouble}; of ${counted(troubled.length, 'history', 'histories')}`];
  }

  async #shrunk(history: History, failing: (history: History) => Promise<History | undefined>): Promise<History> {
    const { smallerHistories: limit } = this.#exploration.bench.effort;
    const shrunk = await shrink(history, failing, { atOnce: AT_ONCE, limit });
    if (!shrunk.isSmallest)
      this.notes.push(`histories: ${encodeHistory(shrunk.history)} may not be the smallest; ${shrunk.tried} were tried`);
    return shrunk.history;
  }

  #wrongIn(history: History): Promise<Wrong> {
    const key = encodeHistory(history);
    const known = this.#known.get(key) ?? this.#look(history);
    this.#known.set(key, known);
    return known;
  }

  /** Losses are confirmed when the search has found its smallest history. */
  async #look(history: History): Promise<Wrong> {
    const { bench, judge } = this.#exploration;
    const [subject] = await executedHistories(bench, [history], this.#loadSettles);
    if (subject === undefined) throw new Error('one execution for each history');
    const found = await replayable(subject, () => this.#statesOf(subject));
    const states = isNotMeasured(found) ? [] : found.states;
    const trouble = subject.history?.trouble ?? (isNotMeasured(found) ? found.reason : undefined);
    const judged = await judge(
      states.map((state) => crashCase(subject, state)),
      { confirm: false },
    );
    const verdicts = new Map<Outcome, CrashVerdict>();
    for (const verdict of judged.verdicts) {
      const known = verdicts.get(verdict.outcome);
      if (known === undefined || isPlainer(verdict, known)) verdicts.set(verdict.outcome, verdict);
    }
    return { verdicts, trouble, history: subject.history?.steps ?? history };
  }
}

/** Of two cases of a history with the same outcome and boundary: the one that lost less. */
function isPlainer({ case: { state: one } }: CrashVerdict, { case: { state: other } }: CrashVerdict): boolean {
  return one.at.op === other.at.op && lostIn(one) < lostIn(other);
}
