/** The built-in scenarios, in the order in which reports show them. */
import firstSave from '../../scenarios/first-save.ts';
import histories from '../../scenarios/histories.ts';
import large from '../../scenarios/large.ts';
import readerWhileSaving from '../../scenarios/reader-while-saving.ts';
import replace from '../../scenarios/replace.ts';
import reset from '../../scenarios/reset.ts';
import rotateOften from '../../scenarios/rotate-often.ts';
import saveTwice from '../../scenarios/save-twice.ts';
import saveUnchanged from '../../scenarios/save-unchanged.ts';
import twoSavers from '../../scenarios/two-savers.ts';
import twoUpdaters from '../../scenarios/two-updaters.ts';
import update from '../../scenarios/update.ts';
import type { Scenario, ScenarioPlan } from './define.ts';
import { planScenario } from './plan.ts';

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
    return scenario;
  });
}
