/**
 * Quit: a process ends without being killed, at every boundary, and what the store does then is done.
 *
 * Allows   SIGTERM, SIGINT, a call of exit, an uncaught error, an unhandled rejection; and, after a step, the end of the event loop. Handlers
 *          run when the event loop lets them, so a step that never waits is over by then.
 * Forbids  losing what had been acknowledged when the process was gone; a process that stays.
 * Real     a process is started and asked to quit wherever the store handles that quit. What nothing handles ends the process as a kill does: it
 *          is judged by the tree that was observed there, which `process-kill` holds against real kills. A call that is under way in another
 *          thread may still end; then it left what a kill after it does. A program gets SIGTERM or SIGINT before each op of its first process.
 *          Before ops of other processes it is not asked: which of the two goes on first would be luck.
 */
import { evenly } from '../../domain/evenly.ts';
import { QUIT_NAMES, type Quit, rowOf } from '../../domain/quits.ts';
import type { Op, Trace, Tree } from '../../domain/trace.ts';
import { equalTrees } from '../../domain/tree.ts';
import type { Asked, QuitNotes } from '../../protocol/quit-file.ts';
import type { Verdict } from '../../recover/believe.ts';
import type { CrashCase, CrashPoint, KillState } from '../crash/crash-state.ts';
import type { QuitSubject } from './quit-subject.ts';

export interface QuitCase extends CrashCase {
  readonly subject: QuitSubject;
  /** `tree` is what was there at the quit, before the store did anything. */
  readonly state: KillState;
  readonly quit: Quit;
  /** Others that cannot differ from it. */
  readonly alike: readonly Quit[];
  /** Set where a process has to be asked to quit; else the tree says all. */
  readonly asked?: Asked;
}

/** What a process did that was asked to quit. */
export interface QuitRun {
  readonly trace: Trace;
  /** Why it counts as not ended, in words. */
  readonly stays?: string;
  /** A step was under way when the process learned of it. */
  readonly underWay: boolean;
}

export type QuitVerdict = Verdict<QuitCase, QuitRun | undefined>;

export interface QuitCases {
  readonly cases: readonly QuitCase[];
  /** Boundaries. */
  readonly points: number;
  /** Set where not every boundary was chosen of those at which a process would have to be asked to quit. */
  readonly sampled?: { readonly tried: number; readonly of: number };
}

/** The quit whose handlers run where this one comes; undefined where none do. */
function leaderOf(quit: Quit, handled: QuitNotes['handled']): Quit | undefined {
  if (handled[quit] !== undefined) return quit;
  const { otherwise } = rowOf(quit);
  return otherwise && leaderOf(otherwise, handled);
}

/** All cases of a run, in its order. `most`: processes that are asked to quit. */
export function quitCases(subject: QuitSubject, most: number): QuitCases {
  const { trace, noted, quits, isProgram } = subject;
  const leaders = new Map(quits.map((quit) => [quit, leaderOf(quit, noted.handled)]));
  const following = (leader: Quit | undefined): Quit[] => quits.filter((quit) => leaders.get(quit) === leader);
  const asKills = following(undefined);
  const ends = endsOf(subject);
  const foldable = ends.flatMap((end) => (end.asked === undefined && isThere(trace, end) ? [end.at.op] : []));
  const killed = killedAt(trace, foldable).flatMap((state) => {
    const [quit, ...alike] = [...asKills, ...(foldable.includes(state.at.op) ? (['end'] as const) : [])];
    return quit === undefined ? [] : [{ ...caseOf(subject, quit, state), alike }];
  });
  const places = [...trace.trees.entries()].filter(([op]) => !isProgram || trace.ops[op]?.process === 0);
  const toAsk = quits
    .filter((quit) => leaders.get(quit) === quit)
    .flatMap((quit) =>
      places.map(([op, tree]) => ({
        ...caseOf(subject, quit, stateAt({ op }, tree, op)),
        alike: following(quit).filter((other) => other !== quit),
        asked: isProgram ? BY_RECORDER : askedAt(trace, op),
      })),
    );
  const others = ends
    .filter(({ at }) => !foldable.includes(at.op))
    .map(({ asked, tree, promisedAt, at }) => ({ ...caseOf(subject, 'end', stateAt(at, tree, promisedAt)), ...(asked && { asked }) }));
  const chosen = chosenOf(toAsk, trace, most);
  const place = ({ quit }: QuitCase): number => QUIT_NAMES.indexOf(quit);
  const cases = [...killed, ...chosen, ...others].sort((one, other) => one.state.at.op - other.state.at.op || place(one) - place(other));
  const isSampled = chosen.length < toAsk.length;
  return { cases, points: trace.trees.length, ...(isSampled && { sampled: { tried: chosen.length, of: toAsk.length } }) };
}

const caseOf = (subject: QuitSubject, quit: Quit, state: KillState): QuitCase => ({
  subject,
  state,
  oracle: subject.oracle,
  quit,
  alike: [],
});

const stateAt = (at: CrashPoint, tree: Tree, promisedAt: number): KillState => ({
  how: 'killed',
  at,
  points: [at],
  tree,
  promisedAt,
});

/** The states of all boundaries; those between which nothing changed are one. Those after which a run may end stand alone. */
function killedAt(trace: Trace, alone: readonly number[]): KillState[] {
  const states: (KillState & { points: CrashPoint[] })[] = [];
  const marks = (op: number): number => trace.marks.filter(({ afterOp }) => afterOp <= op).length;
  for (const [op, tree] of trace.trees.entries()) {
    const last = states.at(-1);
    const isSame = last !== undefined && marks(last.promisedAt) === marks(op) && equalTrees(last.tree, tree) && !alone.includes(op);
    if (isSame) last.points.push({ op });
    else states.push({ ...stateAt({ op }, tree, op), points: [{ op }] });
  }
  return states;
}

interface LoopEnd {
  readonly at: CrashPoint;
  readonly tree: Tree;
  readonly promisedAt: number;
  readonly asked?: Asked;
}

/** Where the event loop can end: after each step. After the last one the run itself shows what is left. */
function endsOf({ trace, noted, steps }: QuitSubject): LoopEnd[] {
  if (!noted.ranDry) return [];
  const last = trace.ops.length;
  return trace.marks.flatMap(({ step, afterOp }, index): LoopEnd[] => {
    if (trace.marks[index + 1]?.afterOp === afterOp) return []; // the boundary belongs to the next step
    const at = { op: afterOp };
    if (step === steps.length - 1) return [{ at, tree: trace.trees[last] ?? new Map(), promisedAt: last }];
    const isIdle = noted.pending[step] === false && noted.handled.exit === undefined && noted.handled.end === undefined;
    const tree = trace.trees[afterOp] ?? new Map();
    return [{ at, tree, promisedAt: afterOp, ...(!isIdle && { asked: { by: 'itself', after: step } as const }) }];
  });
}

/** Whether the end leaves what is there already. */
const isThere = ({ trees }: Trace, { at, tree }: LoopEnd): boolean => equalTrees(trees[at.op] ?? new Map(), tree);

const BY_RECORDER: Asked = { by: 'recorder' };

/** Right after a step the process asks itself, as it does at the end; between two ops of a step only the recorder can. */
function askedAt(trace: Trace, op: number): Asked {
  const mark = trace.marks.findLast(({ afterOp }) => afterOp === op);
  if (mark !== undefined) return { by: 'itself', after: mark.step };
  return op === trace.ops.length ? { by: 'itself', after: 'all' } : BY_RECORDER;
}

/** Those right after a step, and as many others as there may be, spread evenly. */
function chosenOf(all: readonly QuitCase[], { marks }: Trace, most: number): readonly QuitCase[] {
  if (all.length <= most) return all;
  const isAfterStep = ({ state }: QuitCase): boolean => marks.some(({ afterOp }) => afterOp === state.at.op);
  const others = all.filter((one) => !isAfterStep(one));
  const room = Math.max(0, most - (all.length - others.length));
  const chosen = new Set(evenly(others, room));
  return all.filter((one) => isAfterStep(one) || chosen.has(one));
}

/** The last op after a boundary that changed what is on disk. */
export function lastChange({ ops, trees }: Trace, after: number): Op | undefined {
  return ops.findLast(({ index }) => index > after && trees[index] !== trees[index - 1]);
}
