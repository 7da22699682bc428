import { describe, expect, test } from 'vitest';
import { load, type ScenarioPlan, save, saveLoaded, update } from '../../harness/domain/scenario.ts';
import type { Task } from '../../harness/domain/trace.ts';
import { planScenario } from '../../harness/scenario/plan.ts';
import { builtInScenarios } from '../../scenarios/all.ts';

const plan = (history: object): ReturnType<typeof planScenario> =>
  planScenario({ name: 'own', catches: 'x', history: () => history as ReturnType<ScenarioPlan['history']> }, 0);
const task = (name: string, ...steps: Task['steps'][number][]): Task => ({ name, steps });

test('steps, tasks and generated histories are planned', () => {
  expect(plan({ steps: [save(1)], next: 2 })).toEqual({ name: 'own', catches: 'x', before: [], steps: [save(1)], next: 2 });
  const tasks = [task('a', save(1)), task('b', load(), saveLoaded())];
  expect(plan({ before: [save(0)], tasks, next: 2 })).toEqual({ name: 'own', catches: 'x', before: [save(0)], steps: [], tasks, next: 2 });
  expect(plan({ generated: true, next: 2 })).toEqual({ name: 'own', catches: 'x', before: [], steps: [], next: 2, histories: true });
});

test('a plan may bring files, and say what is stored in them', () => {
  const withFiles = (history: object): unknown =>
    planScenario({ name: 'own', catches: 'x', files: './v1', history: () => history as ReturnType<ScenarioPlan['history']> }, 0);
  expect(withFiles({ steps: [save(1)], next: 2 })).toMatchObject({ steps: [save(1)], files: { directory: './v1' } });
  expect(withFiles({ steps: [save(1)], next: 2, holds: { a: 1 } })).toMatchObject({ files: { directory: './v1', holds: { a: 1 } } });
  expect(withFiles({ steps: [save(1)], next: 2, holds: 1n })).toBe('scenario own: holds is not JSON');
  expect(withFiles({ generated: true })).toBe('scenario own: files go with steps alone');
  expect(planScenario({ name: 'own', catches: 'x', files: 1 as never, history: () => ({ steps: [save(1)] }) }, 0)).toBe(
    'scenario own: files must be the path of a directory',
  );
});

describe('what is wrong is said', () => {
  test.each([
    ['nothing', {}, /\{ steps \}.*or \{ tasks \}/],
    ['no steps', { steps: [] }, /at least one step/],
    ['one task', { tasks: [task('a', save(1))] }, /at least two/],
    ['too many tasks', { tasks: ['a', 'b', 'c', 'd', 'e'].map((name) => task(name, save(1))) }, /5 tasks, and 4/],
    ['a task without a name', { tasks: [task('', save(1)), task('b', save(1))] }, /needs a name/],
    ['a task without steps', { tasks: [task('a'), task('b', save(1))] }, /task a has no steps/],
    ['two of one name', { tasks: [task('a', save(1)), task('a', save(2))] }, /the same name/],
    ['saving what was never loaded', { tasks: [task('a', saveLoaded()), task('b', save(1))] }, /task a saves what it never loaded/],
    ['a value that is not JSON', { tasks: [task('a', save(1)), task('b', save(1n as never))] }, /step 2 saves a value that is not JSON/],
    ['something else for a step', { steps: [undefined] }, /step 1 is not a step/],
    ['an update of nothing', { steps: [update(undefined as never)] }, /step 1 is not a step/],
  ])('%s', (_, history, problem) => {
    expect(plan(history)).toMatch(problem);
  });
});

test('the values of built-in scenarios take more bytes than characters, as what people save does', () => {
  for (const { name, before, steps } of builtInScenarios(0)) {
    const texts = [...before, ...steps].flatMap((step) => (step.kind === 'save' ? [JSON.stringify(step.value)] : []));
    const isLonger = (text: string): boolean => text === '{}' || Buffer.byteLength(text) > text.length;
    expect({ name, isLonger: texts.every(isLonger) }).toEqual({ name, isLonger: true });
  }
});
