/** Random histories as subjects: all processes of each as one trace, or its last call alone. */
import { once } from '../domain/once.ts';
import { isNotMeasured, type NotMeasured } from '../domain/sighting.ts';
import type { SiteMatch, Trace } from '../domain/trace.ts';
import { matchSites } from '../explain/sites.ts';
import { oracleOfExecution } from '../generate/execution-oracle.ts';
import type { Execution } from '../generate/executions.ts';
import type { History } from '../generate/history.ts';
import { lastCallOf } from '../generate/last-call.ts';
import { oracleOfSteps, oracleOptions } from '../judge/oracle.ts';
import { sitesOf } from '../record/binding/sites.ts';
import { record } from '../record/record.ts';
import type { Bench } from './bench.ts';
import { sitesOfRun } from './sites-of-run.ts';
import type { DrawnHistory, RecordedSubject } from './subject.ts';

/** Histories that are executed at the same time: one traced child keeps a core busy half of its time. */
const AT_ONCE = 4;

type ExecutedHistory = RecordedSubject & { readonly history: DrawnHistory };

/**
 * Executes histories. Executions that a warm process worked out which remembers another directory are made again, with fresh ones.
 * `loadSettles`: see `promisedBy`.
 */
export async function executedHistories(bench: Bench, histories: readonly History[], loadSettles: boolean): Promise<ExecutedHistory[]> {
  const executions = await bench.recovery.controlled((which) => {
    if (which === 'again') bench.executions.forget();
    return inLanes(histories, AT_ONCE, (history) => bench.executions.of(history));
  });
  return executions.map((execution) => subjectOf(bench, execution, loadSettles));
}

function subjectOf(bench: Bench, execution: Execution, loadSettles: boolean): ExecutedHistory {
  const trace = withoutLoads(execution);
  return {
    kind: 'recorded',
    trace,
    before: undefined,
    steps: [],
    oracle: oracleOfExecution(execution, loadSettles, oracleOptions(bench)),
    history: drawn(execution),
    sites: once(() => sitesOfExecution(bench, execution)),
  };
}

/** Loads promise nothing, so the marks of a history's trace are those of its saves. */
function withoutLoads({ trace, calls }: Execution): Trace {
  const settled = calls.filter(({ resolved }) => resolved); // in the order of the marks
  return { ...trace, marks: trace.marks.filter((_, at) => settled[at]?.kind === 'save') };
}

function drawn({ history, processes, calls, trouble, trace }: Execution): DrawnHistory {
  const because = trouble ?? trace.unmeasured[0];
  return {
    steps: history,
    begins: processes.map(({ from }) => from),
    upTo: (op) => {
      const last = calls.findLast(({ from, until }) => from < op || until <= op);
      return history.slice(0, (last?.step ?? 0) + 1);
    },
    ends: calls.filter(({ kind, resolved }) => kind === 'save' && resolved).map(({ until }) => until),
    ...(because !== undefined && { trouble: because }),
  };
}

/**
 * The last call of a history, recorded by itself in the directory that the processes before it left. Undefined if the history lost its
 * value before that call, or the call did nothing.
 */
export async function lastCallSubject(bench: Bench, history: History): Promise<RecordedSubject | NotMeasured | undefined> {
  const execution = await bench.executions.of(history);
  if (execution.trouble !== undefined) return { reason: execution.trouble };
  const last = lastCallOf(execution, history);
  if (last === undefined) return undefined;
  const runs = bench.prepareLast(last);
  const recording = await record(bench.recorder, { ...runs, complaint: bench.complaint });
  if (isNotMeasured(recording)) return recording;
  const { trace } = recording;
  const steps = [last.step];
  return {
    kind: 'recorded',
    trace,
    before: last.stored,
    steps,
    oracle: oracleOfSteps(trace, last.stored, steps, oracleOptions(bench)),
    again: { ...runs, recording },
    history: { ...drawn(execution), upTo: () => execution.history },
    sites: once(() => sitesOfRun(bench, trace, runs.prepare)),
  };
}

/** Each process of a history runs once more, with stacks. */
async function sitesOfExecution(bench: Bench, { processes, trace }: Execution): Promise<SiteMatch> {
  const siteOf = sitesOf(bench.store, bench.cwd);
  if (bench.recorder.takesStacks) return matchSites(trace, trace, siteOf);
  const all = await Promise.all(
    processes.map(async ({ start, calls, trace: own, from }) => {
      const { sites } = await sitesOfRun(bench, own, () => bench.prepareOn(start, calls));
      return [...sites].map(([op, site]) => [op + from, site] as const);
    }),
  );
  return { sites: new Map(all.flat()), mismatches: [] }; // a process that died did less than the one with stacks
}

/** The results in the order of the items. */
async function inLanes<Item, Result>(items: readonly Item[], lanes: number, work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  const lane = async (): Promise<void> => {
    for (const [at, item] of waiting) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
