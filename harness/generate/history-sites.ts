/** Which line of the store asked for each op of a history: each of its processes is run once more, with stacks. */
import type { Bench } from '../check.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import { matchSites, type SiteMatch } from '../explain/sites.ts';
import { sitesOf } from '../record/binding/sites.ts';
import { eventsOf } from '../record/record.ts';
import type { Recorder } from '../record/recorder.ts';
import type { HistoryFaults } from './check-fault-histories.ts';
import type { Course } from './course.ts';
import { lastCallOf } from './last-call.ts';

export interface SiteOptions {
  /** Tells which line of the store asked for an op. */
  readonly siteRecorder: Recorder;
  /** What files are named relative to. */
  readonly cwd: string;
}

/** None where the store is no module that runs in Node. */
export async function sitesOfCourse(
  store: LoadedStore,
  bench: Bench,
  { processes, trace }: Course,
  { siteRecorder, cwd }: SiteOptions,
): Promise<SiteMatch> {
  const siteOf = sitesOf(store.bundle, cwd);
  if (bench.recorder.takesStacks) return matchSites(trace, trace, siteOf);
  if (store.kind !== 'module') return matchSites(trace, undefined, siteOf);
  const all = await Promise.all(
    processes.map(async (process) => {
      const seen = await siteRecorder.run({ ...bench.prepareOn(process.start, process.calls), plan: { kind: 'observe' } });
      const { sites } = matchSites(process.trace, eventsOf(seen.events, trace.variation), siteOf);
      return [...sites].map(([op, site]) => [op + process.from, site] as const);
    }),
  );
  return { sites: new Map(all.flat()), mismatches: [] }; // a process that died did less than the one with stacks
}

/** Of the last call alone, as its recording has it. */
export async function sitesOfLastCall(
  store: LoadedStore,
  bench: Bench,
  { course, found: { recording } }: HistoryFaults,
  { siteRecorder, cwd }: SiteOptions,
): Promise<SiteMatch> {
  const siteOf = sitesOf(store.bundle, cwd);
  const { trace } = recording;
  if (bench.recorder.takesStacks) return matchSites(trace, trace, siteOf);
  const last = lastCallOf(course, course.history);
  if (store.kind !== 'module' || last === undefined) return matchSites(trace, undefined, siteOf);
  const seen = await siteRecorder.run({ ...bench.prepareLast(last).prepare(), plan: { kind: 'observe' } });
  return matchSites(trace, eventsOf(seen.events, trace.variation), siteOf);
}
