/** Explores the faults that last, by rounds: a call that is tried again fails more often in each, up to the attempt at which the store gives up. */
import type { Judged, Unmeasured } from '../../recover/believe.ts';
import type { Judge } from '../model.ts';
import { followed, type Way } from './crash-after.ts';
import { faultId, type OpFault } from './fault-id.ts';
import type { FaultyRun } from './fault-runs.ts';
import { isStillTrying, lastingFaults, oneMoreOften } from './lasting-faults.ts';
import { caseOf, type FaultVerdict, type FaultyCase, type Trial } from './trial.ts';

interface LastingFindings extends Judged<FaultyCase, FaultyRun> {
  /** Faults that were tried, and those that could have been. */
  readonly tried: number;
  readonly of: number;
  readonly notes: readonly string[];
}

/** `ways`: the runs with a single fault. */
export async function exploreLasting(
  trial: Trial,
  ways: readonly Way[],
  most: number,
  judge: Judge<FaultyCase, FaultyRun>,
): Promise<LastingFindings> {
  const chosen = lastingFaults(ways, trial.subject.trace, most);
  const verdicts: FaultVerdict[] = [];
  const unmeasured: Unmeasured<FaultyCase>[] = [];
  const notes: string[] = [];
  for (let faults = chosen.faults; faults.length > 0; ) {
    const judged = await judge(faults.map((fault) => caseOf(trial, [fault])));
    unmeasured.push(...judged.unmeasured);
    for (const verdict of judged.verdicts) {
      const { first, run } = followed(verdict);
      const still = stillTrying(first, run);
      if (still === undefined) verdicts.push(verdict);
      else notes.push(still);
    }
    faults = judged.verdicts.map(followed).flatMap(({ first, run }) => oneMoreOften(first, run) ?? []);
  }
  return { verdicts, unmeasured, tried: chosen.faults.length, of: chosen.of, notes };
}

/** What is not judged: a store that would have gone on waiting between its attempts is not one that hangs. */
export function stillTrying(fault: OpFault, run: FaultyRun): string | undefined {
  if (!isStillTrying(fault, run)) return undefined;
  return `${faultId({ kind: 'faults', faults: [fault] })} was not judged: when its limit was over, the store still tried the call again`;
}
