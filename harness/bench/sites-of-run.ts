/** The source lines of a recorded run. */
import type { SiteMatch, Trace } from '../domain/trace.ts';
import { matchSites } from '../explain/sites.ts';
import { sitesOf } from '../record/binding/sites.ts';
import { eventsOf } from '../record/record.ts';
import type { Bench } from './bench.ts';
import type { Run } from './workload-runs.ts';

/** It runs once more with stacks, if the recorder takes none and the store runs in Node. */
export async function sitesOfRun(bench: Bench, trace: Trace, prepare: () => Run): Promise<SiteMatch> {
  const { store, recorder, siteRecorder, cwd } = bench;
  const siteOf = sitesOf(store, cwd);
  if (recorder.takesStacks) return matchSites(trace, trace, siteOf);
  if (store.kind !== 'module') return matchSites(trace, undefined, siteOf);
  const seen = await siteRecorder.run({ ...prepare(), plan: { kind: 'observe' } });
  return matchSites(trace, eventsOf(seen.events, trace.variation), siteOf);
}
