/**
 * When the files of a crash state were last changed.
 *
 * A store may take the newest of its files for the valid one. So the files of a state that is built get times in the order in which the run
 * changed them. Only the order counts: on a real disk two changes within one tick of the kernel's clock (up to 10 ms) have the same time.
 *
 *     op 3  write a.json     ┐
 *     op 5  write b.tmp      ├▶ after op 6: a.json 3, b.json 5  ▶  b.json is the newest
 *     op 6  rename to b.json ┘
 *
 * Of a state after a power cut, a file has the time at which it got the contents that it has there. Hard links: the other names of a file that
 * is written keep their time. Directories have no time of their own.
 */
import { changesContents } from './calls.ts';
import { placesOf, type TimeOf } from './file-times.ts';
import type { Call, Entry, OpenFlag, Trace, Tree } from './trace.ts';

/** What an op changes, as far as times go. Paths are those of the run. */
export interface TimedOp {
  readonly call: Call;
  readonly path: string;
  readonly to?: string;
  readonly flags?: readonly OpenFlag[];
  readonly error?: string;
}

/**
 * The times of files after each op of a run: the number of the op that changed them, or 0 and less for what was there before the first.
 */
export class RunTimes {
  /** By path, oldest first: after which op it had which time; undefined: it was gone. */
  readonly #times = new Map<string, { readonly from: number; readonly time: number | undefined }[]>();

  /** `start`: path -> when the file was last changed, larger for later. */
  constructor(ops: readonly TimedOp[], start: ReadonlyMap<string, number>) {
    const newest = Math.max(0, ...start.values());
    for (const [path, time] of start) this.#set(path, 0, time - newest);
    for (const [at, op] of ops.entries()) if (op.error === undefined) this.#apply(op, at + 1);
  }

  /** Undefined if no op up to this one named it. */
  at(path: string, op: number): number | undefined {
    return this.#times.get(path)?.findLast(({ from }) => from <= op)?.time;
  }

  #set(path: string, from: number, time: number | undefined): void {
    const times = this.#times.get(path) ?? [];
    times.push({ from, time });
    this.#times.set(path, times);
  }

  #apply({ call, path, to, flags = [] }: TimedOp, op: number): void {
    if (changesContents({ call, flags }) || call === 'utimes') this.#set(path, op, op);
    else if (call === 'open' && flags.includes('create') && this.at(path, op) === undefined) this.#set(path, op, op);
    else if (call === 'unlink') this.#set(path, op, undefined);
    else if (call === 'link' && to !== undefined) this.#set(to, op, this.at(path, op) ?? op);
    else if (call === 'rename' && to !== undefined) this.#move(path, to, op);
  }

  /** A directory takes along what is in it. */
  #move(path: string, to: string, op: number): void {
    for (const known of [...this.#times.keys()]) {
      if (known !== path && !known.startsWith(`${path}/`)) continue;
      const time = this.at(known, op);
      if (time === undefined) continue;
      this.#set(known, op, undefined);
      this.#set(`${to}${known.slice(path.length)}`, op, time);
    }
  }
}

interface TimesOfTrace {
  readonly run: RunTimes;
  /** By contents, oldest first: after which op some file had them, and since when. */
  readonly byHash: ReadonlyMap<string, readonly { readonly from: number; readonly time: number }[]>;
}

/** Each trace is folded once. */
const known = new WeakMap<Trace, TimesOfTrace>();

function timesOf(trace: Trace): TimesOfTrace {
  const before = known.get(trace);
  if (before !== undefined) return before;
  const ops = trace.ops.map(
    ({ call, file, to, flags, error }): TimedOp => ({
      call,
      path: file.actual,
      ...(to && { to: to.actual }),
      ...(flags && { flags }),
      ...(error !== undefined && { error }),
    }),
  );
  const run = new RunTimes(ops, trace.startTimes ?? new Map());
  const byHash = new Map<string, { from: number; time: number }[]>();
  const note = (path: string, entry: Entry | undefined, from: number): void => {
    if (entry?.kind !== 'file') return;
    const times = byHash.get(entry.hash) ?? [];
    times.push({ from, time: run.at(path, from) ?? from });
    byHash.set(entry.hash, times);
  };
  for (const [path, entry] of trace.trees[0] ?? []) note(path, entry, 0);
  for (const [at, { path, to = path }] of ops.entries()) {
    const after = trace.trees[at + 1];
    if (after === trace.trees[at]) continue;
    for (const changed of new Set([path, to])) note(changed, after?.get(changed), at + 1);
  }
  const times = { run, byHash };
  known.set(trace, times);
  return times;
}

/** The times of files in a state that a crash after `boundary` ops may leave. */
export function timesAt(trace: Trace, boundary: number): TimeOf {
  return (path, hash) => {
    const { run, byHash } = timesOf(trace);
    const now = trace.trees[boundary]?.get(path);
    const before = byHash.get(hash)?.findLast(({ from }) => from <= boundary)?.time;
    const ofPath = run.at(path, boundary);
    return (now?.kind === 'file' && now.hash === hash ? (ofPath ?? before) : (before ?? ofPath)) ?? boundary;
  };
}

/** The tree, each file with its place in the order of changes: 0 for the oldest. */
export function inTime(tree: Tree, timeOf: TimeOf): Tree {
  const times = new Map<string, number>();
  for (const [path, entry] of tree) if (entry.kind === 'file') times.set(path, timeOf(path, entry.hash));
  const places = placesOf(times.values());
  return new Map(
    [...tree].map(([path, entry]): [string, Entry] => {
      const time = times.get(path);
      return [path, entry.kind === 'file' && time !== undefined ? { ...entry, changed: places.get(time) ?? 0 } : entry];
    }),
  );
}

/** The tree as a store has to find it: in time, if it reads times and somebody knows them. */
export function treeFor({ readsTimes }: { readonly readsTimes: boolean }, tree: Tree, timeOf: TimeOf | undefined): Tree {
  return readsTimes && timeOf !== undefined ? inTime(tree, timeOf) : tree;
}
