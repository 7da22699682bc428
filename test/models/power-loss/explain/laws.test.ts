import { fc, test as law } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import {
  close,
  type Do,
  fdatasync,
  fsync,
  fsyncDir,
  inWords,
  link,
  open,
  rename,
  resolved,
  sync,
  traceOfRun,
  unlink,
  write,
} from '../../../../harness/calibrate/run.ts';
import type { Trace, Tree } from '../../../../harness/domain/trace.ts';
import { treeKey } from '../../../../harness/domain/tree.ts';
import { acknowledgedAt } from '../../../../harness/judge/promise.ts';
import { withBarriers, withoutOps } from '../../../../harness/models/power-loss/explain/trace-edits.ts';
import { powerLossStates, rebuild } from '../../../../harness/persistence/power-loss.ts';
import { PROFILE_NAMES, type ProfileName } from '../../../../harness/persistence/profile.ts';
import { thorough } from '../../../lab/depth.ts';
import { BEFORE, calls } from '../../../persistence/random-run.ts';
import { everyBarrier, explained, failingIn, failsWith, judgedBy, type TestCell, textAt } from './cell.ts';
import { canPutBack } from './put-back.ts';

const RUNS = Number(process.env.RUNS ?? 12);
const MOST_STATES = 1500;

/** A promise that any run makes: the file has something that it had, after what was acknowledged last. No crash alone breaks it. */
function promiseOf(trace: Trace, path: string): (tree: Tree, acknowledged: number) => boolean {
  const marks = trace.marks.filter(({ kind }) => kind === 'resolved');
  const allowed = [0, ...marks.map(({ afterOp }) => afterOp)].map(
    (from) => new Set(trace.trees.slice(from).map((tree) => textAt(tree, path))),
  );
  return (tree, acknowledged) => !allowed[acknowledged]?.has(textAt(tree, path));
}

function cellOf(ops: Parameters<typeof traceOfRun>[1], profile: ProfileName): TestCell {
  const trace = traceOfRun(BEFORE, ops);
  return judgedBy(trace, profile, { limit: MOST_STATES }, promiseOf(trace, 'a'));
}

const judgedFrom = ({ question, isBelow }: TestCell, trace: Trace): string[] =>
  failingIn(trace, question, isBelow).map(({ boundary, hash }) => `${acknowledgedAt(trace, boundary)} ${hash}`);

/** A save of `a` as someone might write it: any of its barriers missing, or one too many. */
const save: fc.Arbitrary<Do[]> = fc
  .record({
    text: fc.constantFrom('x', 'y'.repeat(20), 'z'.repeat(5000)),
    pieces: fc.integer({ min: 1, max: 2 }),
    forced: fc.subarray([fsync('t'), fdatasync('t'), sync, fsyncDir()]),
    put: fc.constantFrom<Do[][]>(
      [rename('t', 'a')],
      [unlink('a'), rename('t', 'a')],
      [rename('a', 'b'), rename('t', 'a')],
      [unlink('a'), link('t', 'a'), unlink('t')],
    ),
    after: fc.subarray([fsyncDir(), sync, resolved, unlink('b')]),
  })
  .map(({ text, pieces, forced, put, after }) => [
    open('t', 'create'),
    ...Array.from({ length: pieces }, () => write('t', text)),
    ...forced,
    close('t'),
    ...put,
    ...after,
  ]);
const saves = fc.tuple(calls({ most: 4, forced: 1 }), save, fc.option(save, { nil: [] })).map((parts) => parts.flat());
const runs = fc.oneof({ weight: 4, arbitrary: saves }, { weight: 1, arbitrary: calls({ most: 14, forced: 2 }) });

// One run may take seconds.
describe.runIf(thorough)('of any run under any profile', () => {
  law.prop({ ops: runs, profile: fc.constantFrom(...PROFILE_NAMES) }, { numRuns: RUNS })(
    'an explanation is true',
    async ({ ops, profile }) => {
      const cell = cellOf(ops, profile);
      const { question, failing } = cell;
      const { trace } = question;
      fc.pre(powerLossStates(trace, question.profile, question.options).coverage.kind === 'exhaustive');
      const { smallest, mend, redundant } = await explained(cell);
      const label = inWords(trace);

      expect(smallest === undefined, label).toBe(failing.length === 0);
      if (smallest !== undefined) {
        const { state } = smallest;
        expect(smallest.kind, label).toBe('lost');
        expect(canPutBack(cell, state), `${state.boundary} ${state.detail}\n${label}`).toBe(false);
        expect(cell.isBelow(state.toTree(), acknowledgedAt(trace, state.boundary)), label).toBe(true);
        const rebuilt = rebuild(trace, question.profile, state.boundary, state.detail, question.options);
        expect(treeKey(rebuilt), `${state.boundary} ${state.detail}\n${label}`).toBe(treeKey(state.toTree()));
      }

      if (mend.kind === 'mended') {
        for (const barrier of mend.barriers) {
          const others = mend.barriers.filter((other) => other !== barrier);
          for (const after of [barrier.first, barrier.after, barrier.last])
            expect(failsWith(cell, [...others, { ...barrier, after }]), `${after} ${barrier.file.path}\n${label}`).toBe(false);
        }
        if (mend.barriers.length > 1)
          for (const one of everyBarrier(trace)) expect(failsWith(cell, [one]), `${one.after} ${one.file.path}\n${label}`).toBe(true);
      }
      if (mend.kind === 'unmendable')
        for (const one of everyBarrier(trace)) expect(failsWith(cell, [one]), `${one.after} ${one.file.path}\n${label}`).toBe(true);

      const mended = mend.kind === 'mended' ? withBarriers(trace, mend.barriers) : withBarriers(trace, []);
      const known = new Set(judgedFrom(cell, mended.trace));
      const bad = (...indices: number[]): boolean =>
        judgedFrom(
          cell,
          withoutOps(
            mended.trace,
            indices.map((index) => mended.oldIndex.indexOf(index)),
          ).trace,
        ).some((pair) => !known.has(pair));
      for (const { op, use } of redundant.barriers)
        if (use !== 'undecided') expect(bad(op.index) ? 'needed' : 'redundant', `op ${op.index}\n${label}`).toBe(use);
      expect(bad(...redundant.together.map(({ index }) => index)), label).toBe(false);
    },
  );
});
