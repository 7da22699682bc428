/** The built-in scenarios, in the order in which reports show them. */

import type { Scenario, ScenarioPlan } from '../harness/domain/scenario.ts';
import { planScenario } from '../harness/scenario/plan.ts';
import firstSave from './first-save.ts';
import histories from './histories.ts';
import large from './large.ts';
import readerWhileSaving from './reader-while-saving.ts';
import replace from './replace.ts';
import reset from './reset.ts';
import rotateOften from './rotate-often.ts';
import saveTwice from './save-twice.ts';
import saveUnchanged from './save-unchanged.ts';
import twoSavers from './two-savers.ts';
import twoUpdaters from './two-updaters.ts';
import update from './update.ts';

const PLANS: readonly ScenarioPlan[] = [
  firstSave,
  replace,
  saveUnchanged,
  reset,
  saveTwice,
  rotateOften,
  update,
  large,
  twoSavers,
  twoUpdaters,
  readerWhileSaving,
  histories,
];

/** `now` in ms since the epoch. */
export function builtInScenarios(now: number): Scenario[] {
  return PLANS.map((plan) => {
    const scenario = planScenario(plan, now);
    if (typeof scenario === 'string') throw new Error(scenario);
    const { files, ...rest } = scenario;
    if (files !== undefined) throw new Error(`${scenario.name}: a built-in scenario brings no files`);
    return rest;
  });
}
