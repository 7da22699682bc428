/**
 * The execution of a history, process by process. What all of them did is one trace.
 *
 *   history ─▶ processes, parted by reloads and crashes
 *           ─▶ each a run of a child in a copy of the directory that the last one left, observed to its end
 *           ─▶ cut where it crashed: a crash that is observed needs no kill
 *           ─▶ what the next process will load there, by a process that never saw the store
 *
 * Processes that did the same up to their crash are recorded once, for all histories and models. A history ends early where nothing
 * good is left to go on with: the models find that loss at its boundary.
 */

import { dirname } from 'node:path';
import type { LoadedStore } from '../domain/loaded-store.ts';
import { isNotMeasured, type NotMeasured } from '../domain/sighting.ts';
import type { Json, Trace, Tree, Variation } from '../domain/trace.ts';
import { timesAt, treeFor } from '../domain/tree-times.ts';
import { oracleOptions } from '../judge/oracle.ts';
import { isLoss, judgeRecovery, type OracleOptions, sameValue } from '../judge/outcome.ts';
import { discard } from '../machine/workspace.ts';
import type { CellStep } from '../protocol/cell-file.ts';
import { type RecordRequest, record, recordOnce } from '../record/record.ts';
import type { Recorder, RunRequest } from '../record/recorder.ts';
import type { StoreRecovery } from '../recover/recovery-of.ts';
import { type Call, promisedBy } from './call.ts';
import { type Change, callOf, updatesIn } from './calls-of.ts';
import { encodeHistory, type History, type HistoryStep } from './history.ts';
import { followedBy, upTo } from './one-trace.ts';
import { endOf, partsOf, plannedCalls } from './plan.ts';
import { KEYS, VALUES } from './values.ts';

export interface ExecutionBench extends Pick<RecordRequest, 'complaint'> {
  readonly recorder: Recorder;
  readonly recovery: StoreRecovery;
  /** Makes a run of these calls in a copy of a tree. */
  readonly prepareOn: (tree: Tree, calls: readonly CellStep[]) => Omit<RunRequest, 'plan'>;
}

/** One process of a history. */
interface Process {
  readonly start: Tree;
  readonly calls: readonly CellStep[];
  /** Ops of the history before its own. */
  readonly from: number;
  /** Up to where it died, if it did. */
  readonly trace: Trace;
}

export interface Execution {
  /** As it was carried out, with crashes counted as `history.ts` says; up to where it ended early. */
  readonly history: History;
  readonly processes: readonly Process[];
  readonly calls: readonly Call[];
  /** What all processes did. */
  readonly trace: Trace;
  /** What came in the way, though nothing failed beneath the store; in words. */
  readonly trouble?: string;
}

/** The executions of one store's histories, each made once. */
export class Executions {
  readonly #store: Pick<LoadedStore, 'kind' | 'empty' | 'abilities' | 'ignore' | 'readsTimes'>;
  readonly #bench: ExecutionBench;
  readonly #options: OracleOptions;
  readonly #recordings = new Map<string, Promise<Trace | NotMeasured>>();
  readonly #executions = new Map<string, Promise<Execution>>();
  #variation: Promise<Variation | NotMeasured> | undefined;

  /** `next` differs from all that histories save. */
  constructor(store: Pick<LoadedStore, 'kind' | 'empty' | 'abilities' | 'ignore' | 'readsTimes'>, next: Json, bench: ExecutionBench) {
    this.#store = store;
    this.#bench = bench;
    this.#options = oracleOptions({ store, scenario: { next }, recovery: bench.recovery });
  }

  /** What differs between two runs that do the same, learnt by running a history of one process twice; or why they do not do the same. */
  variation(): Promise<Variation | NotMeasured> {
    this.#variation ??= this.#learn();
    return this.#variation;
  }

  /** Forgets what was worked out with processes that remembered what they had loaded before. */
  forget(): void {
    this.#recordings.clear();
    this.#executions.clear();
  }

  of(history: History): Promise<Execution> {
    const key = encodeHistory(history);
    const known = this.#executions.get(key) ?? this.#carryOut(history);
    this.#executions.set(key, known);
    return known;
  }

  async #learn(): Promise<Variation | NotMeasured> {
    const { abilities } = this.#store;
    const saves = Array.from({ length: VALUES }, (_, n): Change => ({ kind: 'save', value: n + 1 }));
    const updates = Array.from({ length: KEYS }, (_, n): Change => ({ kind: 'update', key: n + 1 }));
    const changes = [...saves, ...saves.slice(-1), ...(updatesIn(abilities) ? updates : [])];
    const calls = changes.flatMap((change, at) => callOf(change, undefined, `learn-${at}`, abilities) ?? []);
    const { recorder, complaint, prepareOn } = this.#bench;
    const recorded = await record(recorder, { complaint, prepare: () => prepareOn(new Map(), calls) });
    return isNotMeasured(recorded) ? recorded : recorded.trace.variation;
  }

  async #carryOut(history: History): Promise<Execution> {
    const variation = await this.variation();
    const done: HistoryStep[] = [];
    const processes: Process[] = [];
    const calls: Call[] = [];
    let trace: Trace = { recorder: this.#bench.recorder.name, ops: [], marks: [], trees: [new Map()], variation: NONE, unmeasured: [] };
    let stored: Json | undefined;
    const soFar = (trouble?: string): Execution => ({
      history: done,
      processes,
      calls,
      trace,
      ...(trouble !== undefined && { trouble }),
    });
    if (isNotMeasured(variation)) return soFar(variation.reason);
    trace = { ...trace, variation };
    for (const part of partsOf(history)) {
      const from = trace.ops.length;
      const start = this.#found(trace);
      const planned = plannedCalls(part, stored, { ...this.#options, abilities: this.#store.abilities });
      stored = planned.at(-1)?.value;
      done.push(...part.steps);
      let { end } = part;
      if (planned.length > 0) {
        const doing = planned.map(({ call }) => call);
        const whole = await this.#recorded(done, start, doing, variation);
        if (isNotMeasured(whole)) return soFar(whole.reason);
        const ended = endOf(planned, whole, end, from);
        const own = upTo(whole, ended.length);
        processes.push({ start, calls: doing, from, trace: own });
        calls.push(...ended.calls);
        trace = followedBy(trace, own);
        end = ended.end;
      }
      if (end === undefined) break;
      done.push(end);
      const goesOn = await this.#loadedFrom(this.#found(trace), calls);
      if (goesOn === 'lost') break;
      stored = goesOn.value;
    }
    return soFar();
  }

  /** What the next process finds. */
  #found(trace: Trace): Tree {
    return treeFor(this.#store, trace.trees.at(-1) ?? new Map(), timesAt(trace, trace.ops.length));
  }

  /** `done`: what happened so far, up to the last call of this process. */
  #recorded(done: History, start: Tree, calls: readonly CellStep[], variation: Variation): Promise<Trace | NotMeasured> {
    const key = encodeHistory(done);
    const known = this.#recordings.get(key) ?? this.#record(start, calls, variation);
    this.#recordings.set(key, known);
    return known;
  }

  /** Leaves nothing behind: hundreds of runs would fill the memory that they work in. */
  async #record(start: Tree, calls: readonly CellStep[], variation: Variation): Promise<Trace | NotMeasured> {
    const { recorder, complaint, prepareOn } = this.#bench;
    const made: string[] = [];
    const prepare = (): Omit<RunRequest, 'plan'> => {
      const run = prepareOn(start, calls);
      made.push(dirname(run.directory));
      return run;
    };
    const trace = await recordOnce(recorder, { complaint, prepare }, { variation });
    discard(...made);
    return trace;
  }

  /** Which of the values that are right there the next process will load. */
  async #loadedFrom(tree: Tree, calls: readonly Call[]): Promise<{ readonly value: Json | undefined } | 'lost'> {
    const { next } = this.#options;
    const promised = promisedBy(calls, calls.at(-1)?.until ?? 0, true);
    const [found] = await this.#bench.recovery.recoverTrees([tree], next);
    const recovery = found?.recovery;
    const outcome = recovery === undefined ? 'unreadable' : judgeRecovery(promised, recovery, this.#options);
    if (recovery === undefined || isLoss(outcome)) return 'lost';
    if (outcome === 'original' || recovery.load.kind !== 'loaded') return { value: promised.acknowledged };
    const { value } = recovery.load;
    return { value: promised.inFlight.find((one) => sameValue(one, value, this.#options)) };
  }
}

const NONE: Variation = { names: [], contents: new Set() };
