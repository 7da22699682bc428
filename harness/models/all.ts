/**
 * The models, in the order of reports. A new model is a folder and a line here.
 */

import { variantName } from '../domain/model-names.ts';
import type { Scenario } from '../domain/scenario.ts';
import { atRest } from './at-rest/at-rest.ts';
import { inRecovery } from './crash/in-recovery.ts';
import { litterBounded } from './crash/litter.ts';
import { interleaving } from './interleaving/interleaving.ts';
import { ioErrorThen } from './io-error/io-error.ts';
import type { Cell, Profile } from './model.ts';
import { powerCut } from './power-cut/power-cut-model.ts';
import { powerLoss } from './power-loss/power-loss.ts';
import { processKill } from './process-kill/process-kill.ts';
import { quit } from './quit/quit.ts';
import { race } from './race/race.ts';
import { throughLink } from './through-link/through-link.ts';

export const MODELS = [
  litterBounded(inRecovery(processKill)),
  quit,
  litterBounded(inRecovery(powerLoss)),
  powerCut,
  ioErrorThen({ kill: processKill, cut: powerLoss }),
  interleaving,
  race,
  atRest,
  throughLink,
] as const satisfies readonly Cell['model'][];

/** A model with one of its profiles. */
export interface Variant {
  readonly name: string;
  readonly model: Cell['model'];
  readonly profile: Profile;
}

export const VARIANTS: readonly Variant[] = MODELS.flatMap((model: Cell['model']) =>
  model.profiles.map((profile) => ({ name: variantName(model.name, profile.name), model, profile })),
);

/** What claims, known bugs and `--model` may name: a model, or one of its variants. */
export const MODEL_NAMES: readonly string[] = [...new Set([...MODELS.map(({ name }) => name), ...VARIANTS.map(({ name }) => name)])];

/**
 * The variants that a name stands for, as in `power-loss` or `power-loss:xfs`; undefined if it names none. A model stands for its profiles that run by
 * default, or for all of them where none does.
 */
export function variantsNamed(name: string): readonly Variant[] | undefined {
  const exact = VARIANTS.filter((variant) => variant.name === name);
  if (exact.length > 0) return exact;
  const all = VARIANTS.filter(({ model }) => model.name === name);
  const byDefault = all.filter(({ profile }) => profile.byDefault);
  if (all.length === 0) return undefined;
  return byDefault.length === 0 ? all : byDefault;
}

export function modelNamed(name: string): Cell['model'] {
  const found = MODELS.find((model) => model.name === name);
  if (found === undefined) throw new Error(`there is no model ${name}`);
  return found;
}

/** @internal */
export function appliesTo({ model, profile }: Variant, scenario: Scenario): boolean {
  return model.appliesTo(scenario, profile);
}
