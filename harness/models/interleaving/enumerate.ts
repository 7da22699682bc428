/**
 * Interleavings of one store on the fake file system, enumerated and judged in one process: each distinct tree is recovered once, by the store
 * evaluated anew, and each distinct tree under each distinct promise is judged once.
 */

import type { Recovery } from '../../domain/recovery.ts';
import type { Outcome, StoreCalls } from '../../domain/store.ts';
import type { Json, Task } from '../../domain/trace.ts';
import { RunTimes } from '../../domain/tree-times.ts';
import { type Snapshot, treeOf } from '../../fake/directory.ts';
import type { Evaluate } from '../../fake/evaluate.ts';
import type { InChild } from '../../fake/in-child.ts';
import { recoveryOnFake } from '../../fake/recover.ts';
import { type ConcurrentPromise, judgeConcurrent, promisedBy } from '../../judge/concurrent.ts';
import { isLoss, type OracleOptions } from '../../judge/outcome.ts';
import { valuesAfter } from '../../judge/promise.ts';
import type {
  InterleaveAnswer,
  Interleaved,
  InterleavedEnd,
  InterleaveRequest,
  NamedSchedule,
  Refusal,
} from '../../protocol/interleave.ts';
import { encodeTree } from '../../protocol/interleave.ts';
import { scheduleOfChoices } from './coding.ts';
import { compareNumbers } from './compare.ts';
import { playBack } from './play-back.ts';
import { sampleSchedules } from './sample.ts';
import { type Choice, Scene, type SceneOptions } from './scene.ts';
import { type Judgeable, search } from './search.ts';

/** What the fake calls the store's directory. */
const DIRECTORY = '/crash-matrix/store';

/** A failure that stands for all of its kind: the one with the fewest preemptions, then turns, then ops, then the earliest switch. */
interface Smallest {
  readonly cost: readonly number[];
  readonly named: NamedSchedule;
}

export async function enumerateInterleavings(
  request: InterleaveRequest,
  evaluate: Evaluate,
  storeOf: (exported: unknown) => StoreCalls,
  inChild?: InChild,
): Promise<InterleaveAnswer> {
  const { before, instances, now, named, plays } = request;
  const recover = recoveryOnFake(evaluate, storeOf, { directory: DIRECTORY, now, ...(inChild && { inChild }) });
  const results: Interleaved[] = [];
  try {
    for (const tasks of named === undefined ? plays : plays.slice(0, 1)) {
      const options: SceneOptions = { evaluate, storeOf, directory: DIRECTORY, now, before, tasks, instances };
      const judge = new Judge(request, tasks, recover);
      results.push(named === undefined ? await enumerateAll(request, options, judge) : await enumerateNamed(named, options, judge));
    }
    return { kind: 'interleaved', results };
  } catch (error) {
    if (error instanceof Refused) return { kind: error.kind, reason: error.message };
    throw error;
  }
}

async function enumerateNamed(named: NamedSchedule, options: SceneOptions, judge: Judge): Promise<Interleaved> {
  const end = await judge.playBack(options, named);
  const outcomes = { [end.outcome]: 1 };
  return {
    kind: 'bounded',
    runs: 1,
    states: 1,
    crashes: named.crashAfter === undefined ? 0 : 1,
    trees: 1,
    outcomes,
    memory: false,
    ends: [end],
  };
}

async function enumerateAll({ runs, samples, seed }: InterleaveRequest, options: SceneOptions, judge: Judge): Promise<Interleaved> {
  const scene = new Scene(options);
  const onRun = (found: readonly Judgeable[], choices: readonly Choice[]): Promise<void> => judge.judge(scene, found, choices);
  const searched = await search(scene, { runs }, onRun);
  if (searched.refused !== undefined) throw new Refused(searched.refused);
  const isAll = searched.kind === 'exhaustive';
  const sampled = isAll ? 0 : await sampleSchedules(scene, { samples, seed }, onRun, judge);
  if (scene.world.refused !== undefined) throw new Refused(scene.world.refused);
  const ends: InterleavedEnd[] = [];
  for (const { named } of judge.smallest.values()) ends.push(await judge.playBack(options, named));
  return {
    kind: isAll ? 'exhaustive' : 'sampled',
    ...(!isAll && searched.complete >= 0 && { bound: searched.complete }),
    runs: searched.runs + sampled,
    states: searched.states,
    crashes: judge.crashes,
    trees: scene.trees.size,
    outcomes: judge.outcomes,
    memory: searched.memory,
    ends,
  };
}

class Refused extends Error {
  readonly kind: Refusal['kind'];

  constructor(reason: string, kind: Refusal['kind'] = 'refused') {
    super(reason);
    this.kind = kind;
  }
}

class Judge {
  readonly outcomes: { [outcome in Outcome]?: number } = {};
  readonly smallest = new Map<string, Smallest>();
  crashes = 0;
  readonly #recover: ReturnType<typeof recoveryOnFake>;
  readonly #recovered = new Map<number, Recovery>();
  readonly #promises = new Map<number, ConcurrentPromise>();
  readonly #judged = new Map<string, string>();
  readonly #options: OracleOptions;
  readonly #before: Json | undefined;

  constructor(
    { next, throwsWhenFresh, empty, contract = 'value', likeness = {}, before }: InterleaveRequest,
    readonly tasks: readonly Task[],
    recover: ReturnType<typeof recoveryOnFake>,
  ) {
    this.#recover = recover;
    this.#options = { next, contract, likeness, throwsWhenFresh, ...(empty !== undefined && { empty }) };
    this.#before = valuesAfter(before, undefined).at(-1);
  }

  async judge(scene: Scene, found: readonly Judgeable[], choices: readonly Choice[]): Promise<void> {
    for (const [tree, snapshot] of scene.trees.takeUnseen()) this.#recovered.set(tree, await this.#recovery(snapshot));
    for (const { how, moment, preemptions, stuck } of found) {
      if (how === 'crashed') this.crashes += 1;
      const key = `${moment.tree} ${moment.events} ${how} ${stuck === undefined}`;
      const kind = this.#judged.get(key) ?? this.#kindOf(scene, { how, moment, ...(stuck !== undefined && { stuck }) });
      this.#judged.set(key, kind);
      const [outcome] = kind.split(' ') as [Outcome];
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
      if (!isLoss(outcome)) continue;
      const known = this.smallest.get(kind);
      if (known !== undefined && (known.cost[0] ?? 0) < preemptions) continue;
      const schedule = scheduleOfChoices(choices.slice(0, moment.choices), moment.at);
      const cost = [preemptions, schedule.length, moment.at, schedule[0]?.steps ?? 0];
      const named: NamedSchedule = { schedule, ...(how === 'crashed' && { crashAfter: moment.at }) };
      if (known === undefined || compareNumbers(cost, known.cost) < 0) this.smallest.set(kind, { cost, named });
    }
  }

  /** Plays one schedule again in a world of its own, for everything that a report says of its end. */
  async playBack(options: SceneOptions, { schedule, crashAfter }: NamedSchedule): Promise<InterleavedEnd> {
    const scene = new Scene(options);
    const played = await playBack(scene, schedule, crashAfter);
    if ('reason' in played) throw new Refused(played.reason, played.kind);
    const { snapshot, ...end } = played;
    const promise = promisedBy(this.#before, this.tasks, end.events, this.#options);
    const recovery = end.stuck === undefined ? await this.#recovery(snapshot) : NOT_RECOVERED;
    // Each task has a clock of its own, so the times of the fake do not say which of two tasks was first.
    const run = new RunTimes(end.ops, new Map(snapshot.map(({ path, mtimeMs }) => [path, mtimeMs])));
    const times = snapshot.map(({ path }) => [path, run.at(path, end.ops.length) ?? 0] as const);
    return { end, tree: encodeTree(treeOf(snapshot)), times, outcome: judgeConcurrent(promise, end, recovery, this.#options) };
  }

  /** The kinds of failure that have been met so far. */
  kinds(): readonly string[] {
    return [...this.smallest.keys()];
  }

  #kindOf(scene: Scene, { how, moment, stuck }: Omit<Judgeable, 'preemptions'>): string {
    const { events } = moment;
    const promise = this.#promises.get(events) ?? promisedBy(this.#before, this.tasks, scene.allEvents.list(events), this.#options);
    this.#promises.set(events, promise);
    const recovery = this.#recovered.get(moment.tree) ?? NOT_RECOVERED;
    const outcome = judgeConcurrent(promise, { how, ...(stuck !== undefined && { stuck }) }, recovery, this.#options);
    return `${outcome} ${how}${promise.badLoad === undefined ? '' : ' by a load'}`;
  }

  async #recovery(snapshot: Snapshot): Promise<Recovery> {
    const recovery = await this.#recover(snapshot, this.#options.next);
    if ('refused' in recovery) throw new Refused(recovery.refused);
    return recovery;
  }
}

/** Of a run that never ends: what is on disk says nothing. */
const NOT_RECOVERED: Recovery = { load: { kind: 'hung', afterMs: 0 } };
