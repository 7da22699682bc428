/** From a scenario as written to one with values. */
import { toJson } from '../child/to-json.ts';
import type { Json, Step } from '../trace.ts';
import type { Scenario, ScenarioPlan } from './define.ts';
import { oneSession, sessions } from './values.ts';

/** Returns the scenario, or in words what is wrong with it. `now` in ms since the epoch. */
export function planScenario(plan: ScenarioPlan, now: number): Scenario | string {
  const value = (letter: string, options?: { readonly pages?: number }): { readonly [key: string]: Json } =>
    sessions(letter, now, options?.pages ?? 0);
  const history = plan.history({ value, added: (letter) => oneSession(letter, now) });
  const before = history.before ?? [];
  const next = history.next ?? value('next');
  if (!Array.isArray(history.steps) || history.steps.length === 0)
    return `scenario ${plan.name}: history must return { steps } with at least one step`;
  for (const [index, step] of [...before, ...history.steps].entries()) {
    const json = toJson(savedBy(step));
    if (json.kind === 'not-json') return `scenario ${plan.name}: step ${index + 1} saves a value that is not JSON: ${json.what}`;
    if (json.value === undefined) return `scenario ${plan.name}: step ${index + 1} is no step; make steps with save(value) or update(keys)`;
  }
  return { name: plan.name, catches: plan.catches ?? '', before, steps: history.steps, next };
}

function savedBy(step: Step): unknown {
  return step?.kind === 'update' ? step.add : step?.value;
}
