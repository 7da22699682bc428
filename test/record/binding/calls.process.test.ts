import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawEvent } from '../../../harness/domain/events.ts';
import { scanTree, unspoolTree } from '../../../harness/domain/tree.ts';
import { buildChildren, type Children, lineOf, opsOf, type Run, stepsOf } from './children.ts';
import { programs } from './programs.ts';

let children: Children;
let run: Run;
/** The events of each program, up to its mark. */
let events: RawEvent[][];

beforeAll(async () => {
  children = await buildChildren();
  const module = await children.module(`export { programs as steps } from './programs.ts';`);
  run = await children.run(module, { kind: 'observe' });
  events = stepsOf(run);
});
afterAll(() => children.close());

test('every program resolves and the run finishes', () => {
  expect(run.events.filter(({ kind }) => kind === 'rejected' || kind === 'unmeasured')).toEqual([]);
  expect(run.events.at(-1)).toEqual({ kind: 'end', how: 'finished' });
});

test.each(programs.map(({ name, ops, changes = false }, index) => [name, ops, changes, index] as const))('%s', (_, ops, changes, index) => {
  const lines = opsOf(events[index] ?? []).map((op) => lineOf(op, `step-${index}`).replace(/a-\w{6}/, 'a-<random>'));
  expect(changes ? lines.filter((line) => !/^(stat|access|readdir) /.test(line)) : lines).toEqual(ops);
});

test('the last observed tree is what is on disk', () => {
  const trees = run.events.flatMap((event) => ('tree' in event && event.tree !== undefined ? [event.tree] : []));
  const last = trees.at(-1);
  if (last === undefined) throw new Error('nothing was observed');
  expect(unspoolTree(last, run.spool, new Map())).toEqual(scanTree(run.directory));
});
