/** The steps of a scenario on files that belong to others too: what came of them, for the store and for the others. */
import { dirname, join } from 'node:path';
import type { Bench } from '../../bench/bench.ts';
import type { RecordedSubject } from '../../bench/subject.ts';
import { type TimeOf, timesOnDisk } from '../../domain/file-times.ts';
import type { NotMeasured } from '../../domain/sighting.ts';
import type { Mark, Tree } from '../../domain/trace.ts';
import { timesAt, treeFor } from '../../domain/tree-times.ts';
import { endOf, eventsOf } from '../../record/record.ts';
import { started } from '../../record/recorder.ts';
import { type AccessChange, buildShared, changeOf, filesIn, ownView, scanIfThere, type Way } from './ways.ts';

export interface SharedRun {
  readonly marks: readonly Mark[];
  /** What the store has, with what its links lead to. */
  readonly own: Tree;
  readonly timeOf: TimeOf;
  /** What others have by their path; absent where it is the same. */
  readonly others?: Tree;
  readonly access?: AccessChange;
}

/** A fork may lose its mark, so that it is tried again. */
const TRIES = 2;

export async function runShared(subject: RecordedSubject, way: Way, bench: Bench): Promise<SharedRun | NotMeasured> {
  const { trace, steps } = subject;
  const start = treeFor(bench.store, trace.trees[0] ?? new Map(), timesAt(trace, 0));
  const files = filesIn(start);
  let reason = '';
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const prepared = bench.prepareOn(new Map(), steps, bench.scenario.files !== undefined);
    const run = attempt === 0 ? prepared : started(prepared);
    const { directory } = run;
    const elsewhere = join(dirname(directory), 'elsewhere');
    const refused = refusalOf(() => buildShared(start, way, directory, elsewhere));
    if (refused !== undefined) return { reason: `such files cannot be made here: ${refused.replaceAll(`${dirname(directory)}/`, '')}` };
    const { events } = await bench.recorder.run({ ...run, plan: { kind: 'observe' } });
    const { how } = endOf(events);
    reason = `the steps did not come to an end (${how})`;
    if (how !== 'finished') continue;
    const { marks } = eventsOf(events, trace.variation);
    const own = ownView(directory, elsewhere);
    const isLinked = way === 'symlink' || way === 'hard-link';
    const access = changeOf(way, files, own, directory);
    return {
      marks,
      own,
      timeOf: timesOnDisk(directory, own),
      ...(isLinked && { others: scanIfThere(elsewhere) }),
      ...(access && { access }),
    };
  }
  return { reason };
}

/** What the system says against it: a file system without hard links, a container that has no such user. */
function refusalOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) return (error as Error).message;
    throw error;
  }
}
