/**
 * Random histories of two concurrent tasks, and their text form: dots separate steps, a `+` separates tasks.
 *
 *     s2   save value 2        z   save the empty object        u1   update key 1
 *     l    load                x   save what the task's last load returned
 *
 * Value 3 is saved before the tasks start.
 */
import * as fc from 'fast-check';
import type { Abilities } from '../domain/store.ts';
import type { Json, Step, Task, TaskStep } from '../domain/trace.ts';
import { valueAfter } from '../judge/promise.ts';
import { type Change, callOf } from './calls-of.ts';
import { KEYS, VALUES } from './values.ts';

/** Task by task. */
export type ConcurrentHistory = readonly (readonly string[])[];

const MOST_STEPS = 2;
const TASKS = 2;
const BEFORE = 3;
/** Histories drawn for each one wanted, because some are equal. */
const DRAWN_PER_HISTORY = 4;

export function beforeHistories(abilities: Abilities): Step[] {
  return [callOf({ kind: 'save', value: BEFORE }, undefined, 'before', abilities)].filter((step) => step !== undefined);
}

/** Up to `count` distinct histories, shortest first. The same seed gives the same histories. */
export function drawConcurrentHistories(count: number, seed: number, hasUpdate: boolean): ConcurrentHistory[] {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: VALUES - 1 }).map((value) => `s${value}`) },
    { weight: hasUpdate ? 3 : 0, arbitrary: fc.integer({ min: 1, max: KEYS }).map((key) => `u${key}`) },
    { weight: 2, arbitrary: fc.constant('l') },
    { weight: 2, arbitrary: fc.constant('x') },
    { weight: 1, arbitrary: fc.constant('z') },
  );
  const task = fc.array(step, { minLength: 1, maxLength: MOST_STEPS }).filter(isTask);
  const drawn = fc.sample(fc.array(task, { minLength: TASKS, maxLength: TASKS }), { seed, numRuns: count * DRAWN_PER_HISTORY });
  const different = new Map(drawn.map((history) => [encodeConcurrent(history), history]));
  return [...different.values()].slice(0, count).sort((one, other) => one.flat().length - other.flat().length);
}

/** Whether a load comes before every step that saves what was loaded. */
function isTask(steps: readonly string[]): boolean {
  return steps.every((step, index) => step !== 'x' || steps.slice(0, index).includes('l'));
}

/** All valid histories with one step fewer. */
export function simplerHistories(history: ConcurrentHistory): ConcurrentHistory[] {
  return history.flatMap((steps, task) =>
    steps
      .map((_, at) => history.map((same, other) => (other === task ? steps.filter((__, index) => index !== at) : same)))
      .filter((tasks) => tasks.every((task) => task.length > 0 && isTask(task))),
  );
}

export function encodeConcurrent(history: ConcurrentHistory): string {
  return history.map((steps) => steps.join('.')).join('+');
}

/** Undefined if the text is not a history. */
export function parseConcurrent(text: string): ConcurrentHistory | undefined {
  const history = text.split('+').map((steps) => steps.split('.'));
  const isHistory =
    history.length === TASKS && history.every((steps) => steps.every((step) => /^(?:s[1-9]|u[1-9]|[lxz])$/.test(step)) && isTask(steps));
  return isHistory ? history : undefined;
}

/** A step that has no counterpart in a store of this contract is a load. */
export function tasksOf(history: ConcurrentHistory, abilities: Abilities): Task[] {
  return history.map((steps, task) => {
    const name = 'ab'[task];
    return { name: `task ${name}`, steps: steps.map((step, at): TaskStep => stepOf(step, `${name}${at}`, abilities)) };
  });
}

/** One line for each task. */
export function concurrentInWords(history: ConcurrentHistory): string[] {
  return [`save v${BEFORE}`, ...history.map((steps, task) => `task ${'ab'[task]}: ${steps.map(inWords).join(', ')}`)];
}

function stepOf(step: string, place: string, abilities: Abilities): TaskStep {
  const number = Number(step.slice(1));
  if (step === 'l') return { kind: 'load' };
  if (step === 'x' && abilities.contract === 'value') return { kind: 'save-loaded' };
  const change: Change =
    step === 'z' ? { kind: 'reset' } : step.startsWith('u') ? { kind: 'update', key: number } : { kind: 'save', value: number || BEFORE };
  const stored = beforeHistories(abilities).reduce<Json | undefined>((value, one) => valueAfter(one, value), undefined);
  return callOf(change, stored, place, abilities) ?? { kind: 'load' };
}

function inWords(step: string): string {
  if (step === 'l') return 'load';
  if (step === 'x') return 'save what was loaded';
  if (step === 'z') return 'reset: save {}';
  return step.startsWith('s') ? `save v${step.slice(1)}` : `update k${step.slice(1)}`;
}
