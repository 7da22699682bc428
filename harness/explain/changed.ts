/** Which op took a saved value away, as far as a run without a crash shows it. */
import { CALLS } from '../domain/calls.ts';
import type { Mechanism } from '../domain/mechanisms.ts';
import { canonicalPath } from '../domain/names.ts';
import type { Entry, Op, Trace, Tree } from '../domain/trace.ts';
import { opText, withoutBytes } from './op-text.ts';

type Run = Pick<Trace, 'ops' | 'marks' | 'trees'>;

/** The boundary at which the last step before an op resolved: what is on disk there was promised. */
export function promisedBefore({ marks }: Pick<Run, 'marks'>, op: number): number {
  return marks.reduce((at, { kind, afterOp }) => (kind === 'resolved' && afterOp < op ? afterOp : at), 0);
}

/** An op's effect in words, the same in every run of it. */
export const effectText = (op: Op): string => withoutBytes(opText(op));

/** How a value is lost by an op of a run that begins a stretch of boundaries at which load finds none. */
export function mechanismOf({ index, call, file, flags = [] }: Op, run: Run): Mechanism {
  switch (call) {
    case 'rename':
      if (isValue(run.trees[promisedBefore(run, index)]?.get(file.actual))) return 'moved-away';
      return isWrittenAfter(run, index) ? 'placed-unfinished' : 'not-what-was-saved';
    case 'unlink':
      return 'removed';
    case 'open':
      return flags.includes('truncate') || flags.includes('create') ? 'written-in-place' : 'reordered';
    case 'write':
    case 'copy':
    case 'truncate':
    case 'allocate':
    case 'mmap':
      return 'written-in-place';
    case 'link':
    case 'symlink':
      return 'placed-unfinished';
    default:
      return 'reordered';
  }
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
 * Files with a name of their own in each save (backups) are left out: they come and go.
 */
export function destroyerBefore(run: Run, boundary: number): Op | undefined {
  const { ops, trees } = run;
  const from = promisedBefore(run, boundary + 1);
  const [before, after] = [trees[from], trees[resolvedAfter(run, boundary)]];
  const isBetween = (path: string, at: number): boolean => {
    const entry = trees[at]?.get(path);
    return !isSame(entry, before?.get(path)) && (entry === undefined || !isSame(entry, after?.get(path)));
  };
  let last = 0;
  for (const [path, entry] of before ?? []) {
    if (!isValue(entry) || canonicalPath(path, []) !== path || !isBetween(path, boundary)) continue;
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
  const [from, to] = [promisedBefore(run, boundary + 1), resolvedAfter(run, boundary)];
  const [before, after] = [trees[from], trees[to]];
  const names = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].filter((path) => canonicalPath(path, []) === path);
  const isAlike = (one: Tree | undefined, other: Tree | undefined): boolean =>
    names.every((path) => isSame(one?.get(path), other?.get(path)));
  if (!isAlike(left, after)) return undefined;
  let at = to;
  while (at > from && isAlike(trees[at - 1], after)) at -= 1;
  return ops[at - 1];
}

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
