/** A recording that the cells of one store and scenario share, and what is found in it under a model in which something dies. */
import { type Bench, type Cell, type CrashCell, check } from '../check.ts';
import type { Located } from '../explain/cell-result.ts';
import { matchSites, type SiteMatch } from '../explain/sites.ts';
import type { NamedState } from '../explore/explore.ts';
import { explain } from '../models/power-loss/explanation.ts';
import { sitesOf } from '../record/binding/sites.ts';
import { eventsOf, type NotRecorded, type Recording, record } from '../record/record.ts';
import type { Recorder, RunReport } from '../record/recorder.ts';

/** A recording, and where in the source its ops come from. */
export interface Recorded {
  readonly recording: Recording;
  readonly sites: () => Promise<SiteMatch>;
}

export interface RecordingOptions {
  readonly recorder: Recorder;
  /** Tells which line of the store asked for an op. */
  readonly siteRecorder: Recorder;
  /** Sites are told relative to it. */
  readonly cwd: string;
}

/**
 * Records a scenario once for all its cells and, beside that, once more with stacks, where the store runs in Node and the recorder does
 * not take them itself.
 */
export async function withRecording<T>(
  { store }: Cell,
  bench: Bench,
  { recorder, siteRecorder, cwd }: RecordingOptions,
  work: (recorded: Recorded | NotRecorded) => Promise<T>,
): Promise<T> {
  let withStacks: Promise<RunReport> | undefined;
  try {
    withStacks =
      store.kind === 'module' && !recorder.takesStacks ? siteRecorder.run({ ...bench.prepare(), plan: { kind: 'observe' } }) : undefined;
    withStacks?.catch(() => {}); // told where it is awaited
    const recording = await record(bench.recorder, bench);
    if ('reason' in recording) return await work(recording);
    const { trace } = recording;
    const sites = async (): Promise<SiteMatch> => {
      const seen = await withStacks;
      const other = recorder.takesStacks ? trace : seen && eventsOf(seen.events, trace.variation);
      return matchSites(trace, other, sitesOf(store.bundle, cwd));
    };
    return await work({ recording, sites });
  } finally {
    await withStacks?.catch(() => {}); // it still uses its directory
  }
}

/** What is found in a cell, or in the one state of it that is named. */
export async function locate(
  cell: CrashCell,
  bench: Bench,
  { recording, sites: sitesOnce }: Recorded,
  named?: NamedState,
): Promise<Located | NotRecorded> {
  const found = await check(cell, bench, recording, named);
  if ('reason' in found) return found;
  const sites = await sitesOnce();
  const explained = cell.model === 'power-loss' && named === undefined;
  const explanation = explained ? await explain(cell, bench, found, (op) => sites.sites.get(op)) : undefined;
  return { found, sites, ...(explanation && { explanation }) };
}
