/** What else might have landed where the power went: the choices of a boundary, by the profile's rules, and what was found of each tree. */
import type { Outcome } from '../../domain/store.ts';
import type { Trace } from '../../domain/trace.ts';
import { treeKey } from '../../domain/tree.ts';
import { describeFound } from '../../explain/found.ts';
import type { Unit } from '../../persistence/micro-op.ts';
import { type Pending, pendingAt } from '../../persistence/pending.ts';
import type { Profile } from '../../persistence/profile.ts';
import type { CrashVerdict } from '../crash/crash-state.ts';
import { microOpTexts } from '../crash/lost-text.ts';
import type { PendingLoss } from '../model.ts';
import { promisesOf } from './loss-space.ts';

/** Undefined of a crash in recovery, whose trees two crashes made. */
export function pendingLoss(verdict: CrashVerdict, verdicts: readonly CrashVerdict[], rules: Profile): PendingLoss | undefined {
  const { state, subject } = verdict.case;
  if (state.how !== 'power-lost') return undefined;
  const { trace } = subject;
  const { at, unit, loss } = state;
  const { pieces, certain, combinations, isWhole } = sharedPending(trace, rules, at.op, unit);
  const judgedIn = judgedTrees(verdicts, trace);
  const lost = new Set(loss.lost.map(({ op, part }) => `${op.index}.${part}`));
  return {
    rules: rules.name,
    boundary: at.op,
    certain,
    isWhole,
    pieces: pieces.map(({ microOps, takes }) => ({ text: microOpTexts(microOps, trace, unit).join('; '), takes })),
    states: combinations.map(({ lost: places, tree }) => {
      const judged = judgedIn(at.op, treeKey(tree));
      return { lost: places, tree, ...(judged && { judged }) };
    }),
    lost: pieces.flatMap(({ microOps }, place) => (microOps.some(({ op, part }) => lost.has(`${op.index}.${part}`)) ? [place] : [])),
  };
}

const known = new WeakMap<Trace, Map<string, Pending>>();

/** The cases at one boundary share it. */
function sharedPending(trace: Trace, rules: Profile, boundary: number, unit: Unit): Pending {
  const ofTrace = known.get(trace) ?? new Map<string, Pending>();
  known.set(trace, ofTrace);
  const key = `${rules.name} ${boundary} ${unit}`;
  const pending = ofTrace.get(key) ?? pendingAt(trace, rules, boundary, unit);
  ofTrace.set(key, pending);
  return pending;
}

interface Found {
  readonly outcome: Outcome;
  readonly found: string;
}

type Judged = (boundary: number, key: string) => Found | undefined;

const judgedIn = new WeakMap<readonly CrashVerdict[], Map<Trace, Judged>>();

/** A tree is judged once while the same steps are acknowledged, at the first boundary that may leave it. */
function judgedTrees(verdicts: readonly CrashVerdict[], trace: Trace): Judged {
  const ofVerdicts = judgedIn.get(verdicts) ?? new Map<Trace, Judged>();
  judgedIn.set(verdicts, ofVerdicts);
  const ready = ofVerdicts.get(trace);
  if (ready !== undefined) return ready;
  const promises = promisesOf(trace);
  const byTree = new Map<string, Found>();
  for (const { case: one, outcome, recovery, promised } of verdicts)
    if (one.subject.trace === trace && one.state.how === 'power-lost')
      byTree.set(`${promises(one.state.at.op)} ${treeKey(one.state.tree)}`, { outcome, found: describeFound(outcome, recovery, promised) });
  const judged: Judged = (boundary, key) => byTree.get(`${promises(boundary)} ${key}`);
  ofVerdicts.set(trace, judged);
  return judged;
}
