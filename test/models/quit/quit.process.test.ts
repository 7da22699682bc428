/** Processes that are asked to quit: stores that must be caught, their mends that must not, and what no handler takes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OUTCOMES } from '../../../harness/domain/outcomes.ts';
import { isNotMeasured } from '../../../harness/domain/sighting.ts';
import { equalTrees } from '../../../harness/domain/tree.ts';
import { carryOutQuit } from '../../../harness/models/quit/carry-out.ts';
import type { QuitExplored } from '../../../harness/models/quit/describe.ts';
import { quitCases } from '../../../harness/models/quit/quit-cases.ts';
import { quitSubject } from '../../../harness/models/quit/quit-subject.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import * as stores from './stores.ts';

const OK = /^[on]+$/;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const cellOf = (source: string, scenario: string, on = lab) =>
  on.on(on.store(source), { scenario }, async (cells) => cells.result(await cells.check<QuitExplored>({ model: 'quit' })));

async function expectCaught(source: string, mechanism: string, outcome: string, on = lab): Promise<void> {
  const { cell, cases } = await cellOf(source, 'replace', on);
  expect(cell.grade).toBe('lossy');
  const found = cases.filter(({ violation }) => violation);
  expect(new Set(found.map(({ blame }) => blame?.mechanism))).toEqual(new Set([mechanism]));
  expect(found.map((one) => one.outcome)).toContain(outcome);
  expect(cases.filter(({ quitBy }) => quitBy === undefined)).toEqual([]);
}

async function expectFine(source: string, scenario: string, on = lab): Promise<void> {
  const { cell } = await cellOf(source, scenario, on);
  expect({ grade: cell.grade, violations: cell.violations, reason: cell.reason }).toEqual({ grade: 'durable', violations: 0 });
  expect(cell.picture).toMatch(OK);
}

test.each([
  ['a debounced save', stores.DEBOUNCED, 'promised-unwritten', 'empty'],
  ['a flush that waits for the end of the event loop', stores.BEFORE_EXIT_ONLY, 'promised-unwritten', 'empty'],
  ['a signal that is taken', stores.STAYS, 'stays-alive', 'hung'],
  ['a handler that writes over what was saved', stores.SPOILS, 'written-in-place', 'empty'],
  ['what no handler takes, in the middle of a write', stores.IN_PLACE, 'written-in-place', 'unreadable'],
])('catches %s', (_, source, mechanism, outcome) => expectCaught(source, mechanism, outcome));

test.each([
  ['a debounced save that is flushed', stores.FLUSHED],
  ['one that resolves when it is written', stores.WRITTEN_FIRST],
  ['one that is flushed by another process.emit', stores.PATCHED],
  ['a signal that waits for the save under way', stores.WAITS],
  ['errors that are survived', stores.SURVIVES],
])('raises no alarm at %s', (_, source) => expectFine(source, 'save-twice'));

describe('with the recorder binding', () => {
  let binding: Lab;
  beforeAll(async () => {
    binding = await openLab({ recorder: 'binding' });
  });
  afterAll(() => binding.close());

  test('catches a debounced save', () => expectCaught(stores.DEBOUNCED, 'promised-unwritten', 'empty', binding));
  test('catches a signal that is taken', () => expectCaught(stores.STAYS, 'stays-alive', 'hung', binding));
  test('raises no alarm at a debounced save that is flushed', () => expectFine(stores.FLUSHED, 'replace', binding));
  test('raises no alarm at a signal that waits for the save under way', () => expectFine(stores.WAITS, 'replace', binding));
});

test('says that a loop does not end, and still tells the process to quit', async () => {
  await lab.on(lab.store(stores.AUTOSAVED), { scenario: 'replace' }, async (cells) => {
    const { explored } = await cells.check<QuitExplored>({ model: 'quit' });
    expect(explored.notes).toContain('the event loop does not end within 2 s of the last step: how it ends was not tried');
    const caught = explored.verdicts.filter(({ outcome }) => OUTCOMES[outcome].loss).map((verdict) => verdict.case.quit);
    expect(new Set(caught)).toEqual(new Set(['SIGINT'])); // which it does not flush for
    expect(explored.unmeasured).toEqual([]);
  });
});

test('a process that does not end within the limit has hung', async () => {
  const { verdicts } = await lab.on(lab.store(stores.TICKS_ON), { scenario: 'replace', timeoutMs: 1_000 }, async (cells) => {
    const { explored } = await cells.check<QuitExplored>({ model: 'quit', only: '@4~SIGTERM' });
    return explored;
  });
  expect(verdicts).toMatchObject([{ outcome: 'hung', run: { stays: 'the process, within the limit' } }]);
});

test('what nothing handles leaves what is judged in its place', async () => {
  await lab.on(lab.store(stores.IN_PLACE), { scenario: 'save-twice' }, async ({ bench }) => {
    const subject = await quitSubject(bench);
    if (isNotMeasured(subject)) throw new Error(subject.reason);
    const { cases } = quitCases(subject, 100);
    expect(cases.length).toBeGreaterThan(5);
    const marks = new Set(subject.trace.marks.map(({ afterOp }) => afterOp));
    for (const one of cases.filter(({ quit }) => quit === 'SIGTERM')) {
      const { op } = one.state.at;
      const after = subject.trace.marks.findLast(({ afterOp }) => afterOp === op)?.step;
      if (op === subject.trace.ops.length && !marks.has(op)) continue;
      const asked = after === undefined ? ({ by: 'recorder' } as const) : ({ by: 'itself', after } as const);
      const real = await carryOutQuit({ ...one, asked }, bench);
      if (isNotMeasured(real)) throw new Error(real.reason);
      expect(real.run?.trace.ops.length, `quit after op ${op}`).toBe(op);
      expect(equalTrees(real.sightings[0]?.tree ?? new Map(), one.state.tree)).toBe(true);
    }
  });
});

test('says of synchronous saves that no handler ran in the middle of one', async () => {
  const { notes, tried } = await lab.on(lab.store(stores.STAYS), { scenario: 'replace' }, async (cells) => {
    const { explored } = await cells.check<QuitExplored>({ model: 'quit' });
    return explored;
  });
  expect(notes).toEqual([expect.stringMatching(/^no SIGTERM was handled in the middle of work/)]);
  expect(tried).toMatchObject({ kind: 'quits', asked: 5, asKills: 4 });
});

test('tells no more processes to quit than the effort has, and says so', async () => {
  const tried = await lab.on(lab.store(stores.WAITS), { scenario: 'save-twice', effort: { quits: 4 } }, async (cells) => {
    const { explored } = await cells.check<QuitExplored>({ model: 'quit' });
    return explored.tried;
  });
  expect(tried).toMatchObject({ kind: 'quits', asked: 4, sampled: { tried: 4, of: 9 } });
});

test('is the same twice', async () => {
  const run = () =>
    lab.on(lab.store(stores.FLUSHED, { name: 'same' }), { scenario: 'replace' }, async (cells) => {
      const { cell, cases } = await cells.result(await cells.check<QuitExplored>({ model: 'quit' }));
      return { picture: cell.picture, cases: cases.map(({ id, outcome }) => [id, outcome]) };
    });
  expect(await run()).toEqual(await run());
});
