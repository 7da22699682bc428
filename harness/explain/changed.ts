/** Which op took a saved value away, as far as a run without a crash shows it. */
import { CALLS, makesAnew } from '../domain/calls.ts';
import type { Mechanism } from '../domain/mechanisms.ts';
import { canonicalPath } from '../domain/names.ts';
import type { Entry, NameRule, Op, Trace, Tree } from '../domain/trace.ts';
import { asMeant, opText, withoutBytes } from './op-text.ts';

type Run = Pick<Trace, 'ops' | 'marks' | 'trees'>;

/** The boundary at which the last step before an op resolved: what is on disk there was promised. */
export function promisedBefore({ marks }: Pick<Run, 'marks'>, op: number): number {
  return marks.reduce((at, { kind, afterOp }) => (kind === 'resolved' && afterOp < op ? afterOp : at), 0);
}

/** An op's effect in words, the same in every run of it. */
export const effectText = (op: Op): string => withoutBytes(opText(op));

/**
 * The op of a run that does what an op of another one does, as often as that was done before; where that is less often, the last. An op of the run
 * is itself.
 */
export function sameIn(run: Pick<Run, 'ops'>, op: Op, other: Pick<Run, 'ops'>): Op | undefined {
  if (run.ops[op.index - 1] === op) return op;
  const text = effectText(asMeant(op));
  const alike = ({ ops }: Pick<Run, 'ops'>): Op[] => ops.filter((one) => effectText(asMeant(one)) === text);
  const all = alike(run);
  return all[alike(other).indexOf(op)] ?? all.at(-1);
}

/** How a value is lost by an op of a run that begins a stretch of boundaries at which load finds none. */
export function mechanismOf({ index, call, file, flags = [] }: Op, run: Run): Mechanism {
  switch (call) {
    case 'rename':
      if (isValue(run.trees[promisedBefore(run, index)]?.get(file.actual))) return 'moved-away';
      return isWrittenAfter(run, index) ? 'placed-unfinished' : 'not-what-was-saved';
    case 'unlink':
      return 'removed';
    case 'open':
      if (flags.includes('append')) return 'appended';
      return flags.includes('truncate') || flags.includes('create') ? 'written-in-place' : 'reordered';
    case 'write':
      return isAppended(run, index) ? 'appended' : 'written-in-place';
    case 'truncate':
      return isEmptied(run, index) ? 'removed' : 'written-in-place';
    case 'copy':
    case 'allocate':
    case 'mapwrite':
      return 'written-in-place';
    case 'link':
    case 'symlink':
      return 'placed-unfinished';
    default:
      return 'reordered';
  }
}

/** Whether op `index` writes behind all that a file holds: it was opened to append, or it was not cut off and is written at its end. */
export function isAppended({ ops, trees }: Run, index: number): boolean {
  const op = ops[index - 1];
  if (op === undefined) return false;
  const opened = ops.slice(0, index).findLast(({ call, file }) => call === 'open' && file.id === op.file.id)?.flags ?? [];
  if (opened.includes('append') || opened.includes('truncate')) return opened.includes('append');
  const before = trees[index - 1]?.get(op.file.actual);
  return before?.kind === 'file' && before.bytes.length > 0 && op.range?.offset === before.bytes.length;
}

/**
 * Whether a file is empty after op `index`, and stays so until its step has settled, or until another file is in place: what it held is to be
 * elsewhere.
 */
function isEmptied({ ops, marks, trees }: Run, index: number): boolean {
  const path = ops[index - 1]?.file.actual ?? '';
  const settled = marks.find(({ afterOp }) => afterOp >= index)?.afterOp ?? ops.length;
  const placed = ops.find((op) => op.index > index && (op.call === 'rename' || op.call === 'link') && op.to?.actual !== path);
  const until = Math.min(settled, placed?.index ?? settled);
  return !trees.slice(index, until + 1).some((tree) => isValue(tree.get(path)));
}

/** Whether the file that op `index` gives a name is written to later. */
function isWrittenAfter({ ops }: Run, index: number): boolean {
  const file = ops[index - 1]?.file.id;
  return ops.slice(index).some((op) => op.file.id === file && CALLS[op.call].changes === 'contents');
}

const isValue = (entry: Entry | undefined): boolean => entry?.kind === 'file' && entry.bytes.length > 0;

/**
 * The op after which, at a boundary, a file with a value is neither what it was when that was promised nor what it will be when the step has
 * resolved; of several files the op that came last. Undefined while the old value is in its place, and once the new one is.
 *
 * Files with a name of their own in each save (backups) are left out, because they come and go, and so are those that are not `isKept`.
 */
export function destroyerBefore(run: Run, boundary: number, isKept: (path: string) => boolean = () => true): Op | undefined {
  const { ops, trees } = run;
  const { from, before, after } = stepAt(run, boundary);
  const isBetween = (path: string, at: number): boolean => {
    const entry = trees[at]?.get(path);
    return !isSame(entry, before?.get(path)) && (entry === undefined || !isSame(entry, after?.get(path)));
  };
  let last = 0;
  for (const [path, entry] of before ?? []) {
    if (!isValue(entry) || !isKept(path) || !isLasting(path) || !isBetween(path, boundary)) continue;
    let at = boundary;
    while (at - 1 > from && isBetween(path, at - 1)) at -= 1;
    last = Math.max(last, at);
  }
  return ops[last - 1];
}

/**
 * The op after which a run has put its files where it leaves them, where a run that was disturbed left the same: then the disturbance is not to
 * blame. Undefined where it left something else.
 */
export function finisherOf(run: Run, boundary: number, left: Tree): Op | undefined {
  const { ops, trees } = run;
  const step = stepAt(run, boundary);
  const isLeftSo = lastingAlike(step, step.after);
  if (!isLeftSo(left)) return undefined;
  let at = step.to;
  while (at > step.from && isLeftSo(trees[at - 1])) at -= 1;
  return ops[at - 1];
}

/**
 * The first op of a disturbed run that made something which is left where the undisturbed run leaves nothing, and which could not have been there
 * already: a lock.
 */
export function madeAndLeft(
  { trees, variation }: Pick<Trace, 'trees' | 'variation'>,
  { ops }: Pick<Run, 'ops'>,
  left: Tree,
): Op | undefined {
  const end = trees.at(-1);
  return ops.find((op) => {
    const path = op.to?.actual ?? op.file.actual;
    return makesAnew(op) && op.error === undefined && isLasting(path, variation.names) && left.has(path) && end?.has(path) !== true;
  });
}

/** Whether a run left what was there when its step began, as far as files have one name in every save. */
export function leftAll(run: Run, boundary: number, left: Tree): boolean {
  const step = stepAt(run, boundary);
  return lastingAlike(step, step.before)(left);
}

interface StepOfRun {
  /** The boundaries at which it begins and resolves, and the trees there. */
  readonly from: number;
  readonly to: number;
  readonly before: Tree | undefined;
  readonly after: Tree | undefined;
}

function stepAt(run: Run, boundary: number): StepOfRun {
  const [from, to] = [promisedBefore(run, boundary + 1), resolvedAfter(run, boundary)];
  return { from, to, before: run.trees[from], after: run.trees[to] };
}

/** Compares trees with one of a step: the files that are there before or after it, and have one name in every save. */
function lastingAlike({ before, after }: StepOfRun, wanted: Tree | undefined): (tree: Tree | undefined) => boolean {
  const lasting = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].filter((path) => isLasting(path));
  return (tree) => lasting.every((path) => isSame(tree?.get(path), wanted?.get(path)));
}

/** Whether no part of a name is made up by each save. */
const isLasting = (path: string, names: readonly NameRule[] = []): boolean => canonicalPath(path, names) === path;

/** The boundary at which the step under way resolves; the last one where it does not. */
export const resolvedAfter = ({ ops, marks }: Run, boundary: number): number =>
  marks.find(({ kind, afterOp }) => kind === 'resolved' && afterOp > boundary)?.afterOp ?? ops.length;

const isSame = (one: Entry | undefined, other: Entry | undefined): boolean =>
  one?.kind === 'file' && other?.kind === 'file' ? one.hash === other.hash : one?.kind === other?.kind;

/** Whether an op only looks. */
export function looks({ call, flags = [] }: Op): boolean {
  if (call === 'open') return !flags.some((flag) => flag === 'write' || flag === 'create' || flag === 'truncate');
  const { changes, forces } = CALLS[call];
  return changes === 'nothing' && !forces && call !== 'close';
}
