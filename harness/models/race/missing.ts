/** Whether races can be run here, and if not, why: in words that say what to do about it. */
import { needsRecorder } from '../../record/all.ts';
import type { Recorder } from '../../record/recorder.ts';

/** Undefined if nothing is missing. */
export function missingForRace({ race, noRace }: Recorder): string | undefined {
  return race === undefined ? (noRace ?? needsRecorder('races')) : undefined;
}
