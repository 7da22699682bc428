/** The source lines of a recorded run. */
import type { Op, SiteMatch, Trace } from '../domain/trace.ts';
import { matchSites } from '../explain/sites.ts';
import { sitesOf } from '../record/binding/sites.ts';
import { eventsOf } from '../record/record.ts';
import type { Bench } from './bench.ts';
import type { Run } from './workload-runs.ts';

/** It runs once more with stacks, if the recorder takes none and the store runs in Node. */
export async function sitesOfRun(
  { store, recorder, siteRecorder, cwd }: Pick<Bench, 'store' | 'recorder' | 'siteRecorder' | 'cwd'>,
  trace: Trace,
  prepare: () => Run,
): Promise<SiteMatch> {
  const siteOf = sitesOf(store, cwd);
  if (recorder.takesStacks) return matchSites(trace, trace, siteOf);
  if (store.kind !== 'module') return matchSites(trace, undefined, siteOf);
  const seen = await siteRecorder.run({ ...prepare(), plan: { kind: 'observe' } });
  return matchSites(trace, eventsOf(seen.events, trace.variation), siteOf);
}

/** The ops of a run, with their source lines; none if the store does not run in Node, or the run does not come to its end. */
export async function opsWithSites({ store, siteRecorder, cwd }: Bench, prepare: () => Run): Promise<readonly Op[]> {
  if (store.kind !== 'module') return [];
  const siteOf = sitesOf(store, cwd);
  const { events } = await siteRecorder.run({ ...prepare(), plan: { kind: 'observe' } });
  return eventsOf(events, { names: [], contents: new Set() }).ops.flatMap((op) => {
    const site = op.stack === undefined ? undefined : siteOf(op.stack);
    return site === undefined ? [] : [{ ...op, site }];
  });
}
