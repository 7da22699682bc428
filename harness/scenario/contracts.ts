/**
 * Scenarios of whole values in the form of a map or of a log, under the same name: what they catch can happen to a key or a record too.
 *
 * Of a map, a save sets one key, another one each time, so that the others must stay; a save of `{}` deletes one, while another one has the same
 * value; an update adds a key that looks like one that is there. Of a log, a save appends a record. What has no counterpart, such as a record that
 * is saved unchanged, leaves the scenario out.
 */
import type { Scenario } from '../domain/scenario.ts';
import type { Abilities } from '../domain/store.ts';
import type { Json, Step, TaskStep } from '../domain/trace.ts';

/** Undefined where the store has no function for a step of the scenario. */
export function scenarioFor(scenario: Scenario, abilities: Abilities): Scenario | undefined {
  const { before, steps, tasks = [] } = scenario;
  const all = [...before, ...steps, ...tasks.flatMap((task) => task.steps)];
  if (abilities.contract === 'value') return abilities.updates || all.every(({ kind }) => kind !== 'update') ? scenario : undefined;
  const form = abilities.contract === 'map' ? new MapForm(abilities.deletes, steps.some(savesNothing)) : LOG_FORM;
  const start = before.map((step) => form.atFirst(step));
  const changes = [...steps.entries()].map(([index, step]) => form.change(step, index, before.at(-1)));
  const inTasks = tasks.map((task, place) => ({ ...task, steps: task.steps.map((step, index) => form.inTask(step, place + index)) }));
  if ([...start.flat(), ...changes, ...inTasks.flatMap((task) => task.steps)].includes(undefined)) return undefined;
  return {
    ...scenario,
    before: start.flat() as Step[],
    steps: changes as Step[],
    ...(scenario.tasks && { tasks: inTasks as Scenario['tasks'] & object }),
    next: form.next(scenario.next),
  };
}

interface Form {
  atFirst(step: Step): readonly (Step | undefined)[];
  change(step: Step, index: number, before: Step | undefined): Step | undefined;
  inTask(step: TaskStep, index: number): TaskStep | undefined;
  next(next: Json): Json;
}

type Entries = readonly (readonly [key: string, value: Json])[];

const entriesOf = (value: Json): Entries => (typeof value === 'object' && value !== null ? Object.entries(value) : []);

/** Keys and records that are there before the crash can come. */
const AT_FIRST = 2;

const savesNothing = (step: Step): boolean => step.kind === 'save' && entriesOf(step.value).length === 0;

class MapForm implements Form {
  /** `sharesValues`: all keys that are there before have one value, so that a store which keeps equal values once must not remove it with one of them. */
  constructor(
    readonly deletes: boolean,
    readonly sharesValues: boolean,
  ) {}

  atFirst(step: Step): (Step | undefined)[] {
    if (step.kind !== 'save') return [this.change(step, 0)];
    const entries = entriesOf(step.value).slice(0, AT_FIRST);
    const [shared] = this.sharesValues ? entries : [];
    return entries.map(([key, value]): Step => ({ kind: 'set', key, value: shared?.[1] ?? value }));
  }

  change(step: Step, index: number, before?: Step): Step | undefined {
    if (step.kind === 'set' || step.kind === 'delete') return step;
    if (step.kind === 'append') return undefined;
    const entries = entriesOf(step.kind === 'save' ? step.value : step.add);
    const [key, value] = entries[index % Math.min(AT_FIRST, entries.length)] ?? [];
    const [first] = before?.kind === 'save' ? entriesOf(before.value) : [];
    const added = step.kind === 'update' && first !== undefined ? lookAlike(first[0]) : undefined;
    if (key !== undefined && value !== undefined) return { kind: 'set', key: added ?? key, value };
    return this.deletes && first !== undefined ? { kind: 'delete', key: first[0] } : undefined;
  }

  inTask(step: TaskStep, index: number): TaskStep | undefined {
    if (step.kind === 'load') return step;
    return step.kind === 'save-loaded' ? SETS_ANOTHER : this.change(step, index);
  }

  next(next: Json): Json {
    const [first] = entriesOf(next);
    return first === undefined ? next : { [NEXT_KEY]: first[1] };
  }
}

/** A key that differs in its punctuation alone: a store that replaces punctuation in file names confuses the two. Undefined if there is none to change. */
function lookAlike(key: string): string | undefined {
  const other = key.replaceAll(':', '_');
  return other === key ? undefined : other;
}

/** No key of the values. */
const NEXT_KEY = 'agent:main:next';
/** What a task that has loaded a map does then. */
const SETS_ANOTHER: Step = { kind: 'set', key: 'agent:main:reader', value: { sessionId: 'reader' } };
const APPENDS_ANOTHER: Step = { kind: 'append', record: { sessionId: 'reader' } };

const LOG_FORM: Form = {
  atFirst: (step) => {
    if (step.kind !== 'save') return [LOG_FORM.change(step, 0, undefined)];
    return entriesOf(step.value)
      .slice(0, AT_FIRST)
      .map(([, record]): Step => ({ kind: 'append', record }));
  },
  change: (step, _index, before) => {
    if (step.kind === 'append') return step;
    if (step.kind !== 'save') return undefined;
    const [, record] = entriesOf(step.value)[0] ?? [];
    const isUnchanged = before?.kind === 'save' && JSON.stringify(before.value) === JSON.stringify(step.value);
    return record === undefined || isUnchanged ? undefined : { kind: 'append', record };
  },
  inTask: (step, index) => {
    if (step.kind === 'load') return step;
    return step.kind === 'save-loaded' ? APPENDS_ANOTHER : LOG_FORM.change(step, index, undefined);
  },
  next: (next) => entriesOf(next)[0]?.[1] ?? next,
};
