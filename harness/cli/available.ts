/** Which models can be run here. `doctor`, `--model` and the default selection ask the same function, so that they cannot disagree. */
import type { Cell } from '../check.ts';
import { UnavailableError } from '../domain/errors.ts';
import { type ModelChoice, modelName } from '../domain/models.ts';
import type { Machine } from '../machine/machine.ts';
import { missingFor as missingForImage } from '../models/power-cut/missing.ts';
import { missingForRace } from '../models/race/missing.ts';
import { needsRecorder } from '../record/all.ts';
import { FILE_SYSTEMS } from '../record/image/file-systems.ts';
import type { Recorder } from '../record/recorder.ts';

/** A machine with the recorder that a run uses on it. */
export interface EquippedMachine extends Machine {
  readonly recorder: Recorder;
}

/** Why a model cannot be run on a machine, in words that say what to do about it; undefined if nothing is missing. */
export function missingFor(choice: ModelChoice, { recorder, path }: EquippedMachine): string | undefined {
  switch (choice.model) {
    case 'race':
      return missingForRace(recorder);
    case 'power-cut':
      return recorder.cuts ? missingForImage(FILE_SYSTEMS[choice.profile], path) : needsRecorder('cuts');
    default:
      return undefined;
  }
}

/** The same with a verb: `needs root`, `is not possible here (missing: mkfs.xfs, package xfsprogs)`. */
export function whatIsMissing(choice: ModelChoice, machine: EquippedMachine): string | undefined {
  const missing = missingFor(choice, machine);
  if (missing === undefined || missing.startsWith('needs ')) return missing;
  return `is not possible here (${missing})`;
}

/** What was asked for and cannot be done here is never left out in silence. Throws `UnavailableError`. */
export function checkAvailable(cells: readonly Cell[], machine: EquippedMachine): void {
  const choices = new Map(cells.map((cell) => [modelName(cell), cell]));
  for (const [name, choice] of choices) {
    const missing = whatIsMissing(choice, machine);
    if (missing !== undefined) throw new UnavailableError(`--model ${name} ${missing}; run "crash-matrix doctor"`);
  }
}
