/** Turns a scenario plan into a scenario with values. */

import type { PlannedScenario, ScenarioPlan } from '../domain/scenario.ts';
import type { Contract } from '../domain/store.ts';
import { toJson } from '../domain/to-json.ts';
import type { Json, Step, Task, TaskStep } from '../domain/trace.ts';
import { oneSession, sessions } from './values.ts';

/** More tasks would only add schedules of the same kind. */
const MOST_TASKS = 4;

/** Returns the scenario, or a message that says what is wrong with the plan. `now` in ms since the epoch. `contract`: of the store that it is for. */
export function planScenario(plan: ScenarioPlan, now: number, contract: Contract = 'value'): PlannedScenario | string {
  const value = (letter: string, options?: { readonly pages?: number }): { readonly [key: string]: Json } =>
    sessions(letter, now, options?.pages ?? 0);
  const history = plan.history({ value, added: (letter) => oneSession(letter, now) });
  const common = {
    name: plan.name,
    catches: plan.catches ?? '',
    next: history.next ?? value('next'),
    ...(plan.plain === true && { plain: true as const }),
  };
  if (plan.files !== undefined && typeof plan.files !== 'string') return `scenario ${plan.name}: files must be the path of a directory`;
  if (plan.files !== undefined && !('steps' in history)) return `scenario ${plan.name}: files go with steps alone`;
  if ('generated' in history) return { ...common, before: [], steps: [], histories: true };
  const before = history.before ?? [];
  if ('tasks' in history) {
    const problem = wrongTasks(history.tasks) ?? wrongStep([...before, ...history.tasks.flatMap(({ steps }) => steps)], contract);
    return problem === undefined ? { ...common, before, steps: [], tasks: history.tasks } : `scenario ${plan.name}: ${problem}`;
  }
  const { files } = plan;
  if (!Array.isArray(history.steps) || history.steps.length === 0)
    return `scenario ${plan.name}: history must return { steps } with at least one step, or { tasks } with at least two tasks`;
  const problem = wrongStep([...before, ...history.steps], contract);
  if (problem !== undefined) return `scenario ${plan.name}: ${problem}`;
  const { holds } = history;
  if (toJson(holds).kind === 'not-json') return `scenario ${plan.name}: holds is not JSON`;
  return {
    ...common,
    before,
    steps: history.steps,
    ...(files !== undefined && { files: { directory: files, ...(holds !== undefined && { holds }) } }),
  };
}

function wrongTasks(tasks: readonly Task[]): string | undefined {
  if (!Array.isArray(tasks) || tasks.length < 2) return 'tasks must be a list of at least two';
  if (tasks.length > MOST_TASKS) return `there are ${tasks.length} tasks, and ${MOST_TASKS} is the limit`;
  for (const { name, steps } of tasks) {
    if (typeof name !== 'string' || name === '') return 'each task needs a name';
    if (!Array.isArray(steps) || steps.length === 0) return `task ${name} has no steps`;
    const saved = steps.findIndex(({ kind }) => kind === 'save-loaded');
    if (saved >= 0 && !steps.slice(0, saved).some(({ kind }) => kind === 'load')) return `task ${name} saves what it never loaded`;
  }
  return new Set(tasks.map(({ name }) => name)).size < tasks.length ? 'two tasks have the same name' : undefined;
}

/** The steps of each contract. */
const STEPS = {
  value: { kinds: ['save', 'update'], words: 'save(value) or update(keys)' },
  map: { kinds: ['set', 'delete'], words: 'set(key, value) or remove(key)' },
  log: { kinds: ['append'], words: 'append(record)' },
} as const satisfies { [contract in Contract]: { readonly kinds: readonly Step['kind'][]; readonly words: string } };

function wrongStep(steps: readonly TaskStep[], contract: Contract): string | undefined {
  const { kinds, words }: { readonly kinds: readonly string[]; readonly words: string } = STEPS[contract];
  for (const [index, step] of steps.entries()) {
    if (step?.kind === 'load' || step?.kind === 'save-loaded') continue;
    const isStep = step !== undefined && Object.values(STEPS).some((one) => (one.kinds as readonly string[]).includes(step.kind));
    const json = toJson(isStep ? whatItStores(step) : undefined);
    if (json.kind === 'not-json') return `step ${index + 1} saves a value that is not JSON: ${json.what}`;
    if (json.value === undefined) return `step ${index + 1} is not a step; make steps with ${words}`;
    if (!kinds.includes(step.kind)) return `step ${index + 1} is ${step.kind}, and the store keeps a ${contract}: make steps with ${words}`;
  }
  return undefined;
}

function whatItStores(step: Step): unknown {
  switch (step.kind) {
    case 'save':
    case 'set':
      return step.value;
    case 'update':
      return step.add;
    case 'delete':
      return step.key;
    case 'append':
      return step.record;
    default:
      return step satisfies never;
  }
}
