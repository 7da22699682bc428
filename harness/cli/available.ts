/** Which models can run here. `doctor`, `--model` and the default selection ask these functions, so that they cannot disagree. */
import { UnavailableError } from '../domain/errors.ts';
import { modelName } from '../domain/model-names.ts';
import { profileOf } from '../models/held.ts';
import type { Cell, EquippedMachine } from '../models/model.ts';

/** Why a model cannot run on a machine, with a verb: `needs root`, `is not possible here (missing: mkfs.xfs, package xfsprogs)`. */
export function whatIsMissing(variant: Pick<Cell, 'model' | 'profile'>, machine: EquippedMachine): string | undefined {
  const missing = variant.model.missing(machine, profileOf(variant));
  if (missing === undefined || missing.startsWith('needs ')) return missing;
  return `is not possible here (${missing})`;
}

/** Nothing that was asked for is left out in silence. Throws `UnavailableError`. */
export function checkAvailable(cells: readonly Cell[], machine: EquippedMachine): void {
  const variants = new Map(cells.map((cell) => [modelName(cell), cell]));
  for (const [name, variant] of variants) {
    const missing = whatIsMissing(variant, machine);
    if (missing !== undefined) throw new UnavailableError(`--model ${name} ${missing}; run "crash-matrix doctor"`);
  }
}
