/**
 * Carries out a kill, and checks it: the wait status is SIGKILL, the ops are the recorded prefix, and the directory equals the tree that was
 * observed there. A run that did something else is tried again; a kill that left something else is a contradiction of the harness, never a
 * pass.
 */
import type { Again } from '../../bench/subject.ts';
import { HarnessError } from '../../domain/errors.ts';
import type { NotMeasured } from '../../domain/sighting.ts';
import { differenceBetweenRuns, scanTree } from '../../domain/tree.ts';
import { isMarkKey, opKey } from '../../record/order.ts';
import { endOf, opsOf } from '../../record/record.ts';
import { type Recorder, started } from '../../record/recorder.ts';
import type { KillState } from '../crash/crash-state.ts';

/** How often a run that went another way is tried; the first time it may be forked. */
const TRIES = 3;

/** The directory that the killed child left. `id` names the case in errors. */
export async function kill(
  recorder: Recorder,
  { recording, prepare }: Pick<Again, 'recording' | 'prepare'>,
  state: KillState,
  id: string,
): Promise<string | NotMeasured> {
  const { trace, order } = recording;
  const opKeys = order.filter((key) => !isMarkKey(key));
  let reason = '';
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const run = attempt === 0 ? prepare() : started(prepare());
    const report = await recorder.run({ ...run, plan: { kind: 'kill', order, names: trace.variation.names, at: state.at } });
    const end = endOf(report.events);
    if (end.how === 'diverged') {
      reason = `event ${end.at + 1} was "${end.expected}" when recorded, "${end.got}" in a later run`;
      continue;
    }
    if (end.how !== 'killed') {
      const how = end.how === 'exited' ? `exit code ${end.code}` : end.how === 'crashed' ? end.signal : end.how;
      reason = `the run ended by itself before op ${state.at.op + 1} (${how})`;
      continue;
    }
    if (end.signal !== 'SIGKILL') throw new HarnessError(`${id}: the killed child's wait status is ${end.signal}, not SIGKILL`);
    const ops = opsOf(report.events);
    const differing = ops.findIndex((op, index) => op.error !== trace.ops[index]?.error);
    if (differing >= 0) {
      reason = `op ${differing + 1} ended differently in a later run`;
      continue;
    }
    const other = ops.findIndex((op, index) => opKey(op, trace.variation.names) !== opKeys[index]);
    if (other >= 0) throw new HarnessError(`${id}: op ${other + 1} of the killed child was another than "${opKeys[other] ?? 'the last'}"`);
    if (ops.length !== state.at.op) throw new HarnessError(`${id}: killed after ${ops.length} ops`);
    const found = { tree: scanTree(run.directory), pid: report.pid };
    const difference = differenceBetweenRuns({ tree: state.tree, pid: recording.pid }, found, trace.variation);
    if (difference !== undefined)
      throw new HarnessError(`${id}: the killed child left another directory than was observed there: ${difference}`);
    return run.directory;
  }
  return { reason: `nondeterministic: ${reason}` };
}
