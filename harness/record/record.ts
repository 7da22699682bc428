/**
 * Records one cell: runs the scenario twice and makes a trace of it.
 *
 * The first run is observed; the second follows it op by op. What differs between two runs of the same ops varies per run: names of
 * temp files, nonces. If the second run cannot follow the first, the store is nondeterministic: its boundaries do not recur, so
 * nothing can be said about them.
 */

import type { RawEnd, RawEvent, RawMark, RawOp } from '../domain/events.ts';
import { alikeNames, canonicalPath, learnName } from '../domain/names.ts';
import { isNotMeasured, type NotMeasured } from '../domain/sighting.ts';
import type { FileRef, Mark, NameRule, Op, Trace, Tree, Variation } from '../domain/trace.ts';
import { differenceBetweenRuns, equalTrees, scanTree, unspoolTree, varyingContents } from '../domain/tree.ts';
import { NOTHING_LEFT_TO_WAIT_FOR } from './fault.ts';
import { LINGER_MS, LINGER_VARIABLE } from './linger.ts';
import { isMarkKey, markKey, opKey } from './order.ts';
import { type Recorder, type RunReport, type RunRequest, started } from './recorder.ts';

export interface Recording {
  readonly trace: Trace;
  /** The keys of all events, in the order that later runs must follow. */
  readonly order: readonly string[];
  /** The process of the observed run. */
  readonly pid: number;
  /** The directory at the end of the second run: the case without a crash. */
  readonly endDirectory: string;
  /** Some call arrived while another was in progress, or that is unknown. */
  readonly overlaps?: boolean;
  /** What the store threw after all its steps had resolved, in words. */
  readonly late?: string;
}

/** How many attempts a store gets to do the same twice; only the first may be forked. */
const TRIES = 3;

export interface RecordRequest {
  /** Makes a fresh run: an empty store directory and a spool beside it. */
  readonly prepare: () => Omit<RunRequest, 'plan'>;
  /** The error of a rejected step or of the process in a run, if any. */
  readonly complaint: (directory: string) => string | undefined;
  /** A run without a single op is one, too. */
  readonly mayDoNothing?: boolean;
}

export async function record(recorder: Recorder, request: RecordRequest): Promise<Recording | NotMeasured> {
  let last: NotMeasured = { reason: 'not recorded' };
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const prepare = (): Omit<RunRequest, 'plan'> => (attempt === 0 ? request.prepare() : started(request.prepare()));
    const first = prepare();
    // A recorder that does not see all processes compares the directory with the last tree: no timer of the store may change it.
    const env = { ...first.env, [LINGER_VARIABLE]: String(recorder.seesAllProcesses ? LINGER_MS : 0) };
    const observed = await recorder.run({ ...first, env, plan: { kind: 'observe' } });
    const trouble = troubleIn(observed, () => request.complaint(first.directory), request.mayDoNothing);
    if (trouble !== undefined) {
      last = { reason: trouble };
      if (hasStarted(observed) && observed.forked !== true) return last;
      continue; // the mark can get lost, because any thread of the process may take its signal
    }

    const second = prepare();
    const order = keysOf(observed.events, []);
    const followed = await recorder.run({ ...second, plan: { kind: 'follow', order, names: [], matching: 'alike' } });
    const learnt = compareRuns({ report: observed, spool: first.spool }, { report: followed, spool: second.spool });
    if (isNotMeasured(learnt)) {
      last = learnt;
      continue;
    }
    const trace = withUnseen(recorder, traceOf(recorder.name, observed, first.spool, learnt), first.directory);
    const overlaps = (observed.overlaps ?? true) || (followed.overlaps ?? true);
    const late = lateIn(trace, first.directory, request.complaint(first.directory));
    const run = { trace, order: keysOf(observed.events, learnt.names), pid: observed.pid, endDirectory: second.directory, overlaps };
    return { ...run, ...(late !== undefined && { late }) };
  }
  return last;
}

/** The only complaint of a run that went well is about an error that came after all steps had resolved. */
function lateIn({ marks, variation }: Trace, directory: string, complaint: string | undefined): string | undefined {
  if (complaint === undefined) return undefined;
  const message = canonicalPath(complaint.replaceAll(directory, '<dir>').split('\n')[0] ?? '', variation.names);
  return `after step ${marks.length} resolved, the store threw: ${message}`;
}

/**
 * A recorder may not see native code and other processes. If the directory differs from the tree after the last op, they
 * changed it, and those changes have no boundaries.
 */
function withUnseen({ name, seesAllProcesses }: Recorder, trace: Trace, directory: string): Trace {
  const last = trace.trees.at(-1) ?? new Map();
  if (seesAllProcesses || equalTrees(last, scanTree(directory))) return trace;
  const unseen = `the directory was changed by native code or by another process, which the ${name} recorder does not see`;
  return { ...trace, unmeasured: [...trace.unmeasured, unseen] };
}

/** With the id of the process that ran, which files may hold. */
export interface TraceOfRun extends Trace {
  readonly pid: number;
}

/** Observes one run, and repeats it only if it fails. What varies from run to run is known from earlier runs of the same store. */
export async function recordOnce(
  recorder: Recorder,
  { prepare, complaint }: RecordRequest,
  { variation }: Pick<Trace, 'variation'>,
): Promise<TraceOfRun | NotMeasured> {
  let last: NotMeasured = { reason: 'not recorded' };
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const run = attempt === 0 ? prepare() : started(prepare());
    const observed = await recorder.run({ ...run, plan: { kind: 'observe' } });
    const trouble = troubleIn(observed, () => complaint(run.directory));
    if (trouble === undefined) {
      const names = [...variation.names, ...pidNames(opsOf(observed.events), observed.pid, variation.names)];
      return { ...traceOf(recorder.name, observed, run.spool, { ...variation, names }), pid: observed.pid };
    }
    last = { reason: trouble };
  }
  return last;
}

/** Why a run in which the store did nothing is no recording. */
export const NEVER_TOUCHED = 'the store never touched its directory: there is no place to crash';

const hasStarted = ({ events }: Pick<RunReport, 'events'>): boolean => events.some(({ kind }) => kind === 'start');

/** Why a run without a crash cannot be used, in words; undefined if it went well. */
function troubleIn({ events }: RunReport, complaint: () => string | undefined, mayDoNothing = false): string | undefined {
  const settled = events.filter((event): event is RawMark => event.kind === 'resolved' || event.kind === 'rejected');
  const rejected = settled.find(({ kind }) => kind === 'rejected');
  const because = (): string => {
    const text = complaint() ?? rejected?.message;
    return text === undefined ? '' : `: ${text.split('\n')[0]}`;
  };
  const step = hasStarted({ events }) ? `step ${settled.length + 1}` : 'a step before the crash';
  const end = endOf(events);
  switch (end.how) {
    case 'finished':
      if (rejected !== undefined) return `step ${rejected.step + 1} rejected with no crash${because()}`;
      return mayDoNothing || events.some(({ kind }) => kind === 'op') ? undefined : NEVER_TOUCHED;
    case 'exited':
      if (end.code === NOTHING_LEFT_TO_WAIT_FOR) return `${step} never settled, and nothing was left that could`;
      if (!hasStarted({ events }) && complaint() !== undefined) return `a step before the crash failed${because()}`;
      return `the store ended its process in ${step} (exit code ${end.code})${because()}`;
    case 'crashed':
      return `the store's process died in ${step} (${end.signal})${because()}`;
    case 'timed-out':
      return `${step} did not settle within ${end.afterMs / 1000} s${hasStarted({ events }) ? ', with no crash' : ''}`;
    case 'killed':
    case 'diverged':
      throw new Error(`an observed run cannot end ${end.how}`);
    default:
      return end satisfies never;
  }
}

interface ObservedRun {
  readonly report: RunReport;
  readonly spool: string;
}

/** What varies between two runs of the same ops, or why they are not the same. */
function compareRuns(first: ObservedRun, second: ObservedRun): Variation | NotMeasured {
  const end = endOf(second.report.events);
  if (end.how === 'diverged')
    return { reason: `nondeterministic: event ${end.at + 1} was "${end.expected}" in the first run, "${end.got}" in the second` };
  if (end.how !== 'finished') return { reason: `nondeterministic: the first run finished, the second ${end.how}` };
  const [ops, otherOps] = [opsOf(first.report.events), opsOf(second.report.events)];
  if (ops.length !== otherOps.length)
    return { reason: `nondeterministic: ${ops.length} ops in the first run, ${otherOps.length} in the second` };
  const differing = ops.findIndex((op, index) => op.error !== otherOps[index]?.error);
  if (differing >= 0) return { reason: `nondeterministic: op ${differing + 1} ended differently in two runs` };
  const [marks, otherMarks] = [first, second].map(({ report }) => keysOf(report.events, []).filter(isMarkKey));
  if (marks?.join() !== otherMarks?.join())
    return { reason: `nondeterministic: ${marks?.join(', ')} in the first run, ${otherMarks?.join(', ')} in the second` };
  const [trees, otherTrees] = [treesOf(first.report.events, first.spool), treesOf(second.report.events, second.spool)];
  const names = learnNames(ops, otherOps, namesThatVary(trees[0], otherTrees[0]));
  const contents = new Set<string>();
  for (const [index, tree] of trees.entries()) {
    const expected = { tree, pid: first.report.pid };
    const found = { tree: otherTrees[index] ?? tree, pid: second.report.pid };
    if (differenceBetweenRuns(expected, found, { names, contents }) === undefined) continue;
    for (const path of varyingContents(expected, found, names)) contents.add(path);
    const difference = differenceBetweenRuns(expected, found, { names, contents });
    if (difference !== undefined) return { reason: `nondeterministic: after op ${index} two runs left different files: ${difference}` };
  }
  return { names, contents };
}

/** Paths that only one of two trees has, in pairs: what an earlier process made has its process id or its random numbers. */
function namesThatVary(start: Tree | undefined, other: Tree | undefined): (readonly [string, string])[] {
  const canonical = (tree: Tree | undefined): Set<string> => new Set([...(tree?.keys() ?? [])].map((path) => canonicalPath(path, [])));
  const [known, otherKnown] = [canonical(start), canonical(other)];
  const ones = [...(start?.keys() ?? [])].filter((path) => !otherKnown.has(canonicalPath(path, [])));
  const others = [...(other?.keys() ?? [])].filter((path) => !known.has(canonicalPath(path, [])));
  return ones.flatMap((path, index) => {
    const twin = others[index];
    return ones.length === others.length && twin !== undefined && alikeNames(path, twin) ? [[path, twin] as const] : [];
  });
}

/** Smaller numbers are in names for other reasons. */
const LEAST_PID_IN_A_NAME = 100;

/** Rules for names with the id of their process as a word, which no rule knows: with another counter behind it, say. */
function pidNames(ops: readonly RawOp[], pid: number, known: readonly NameRule[]): NameRule[] {
  if (pid < LEAST_PID_IN_A_NAME) return [];
  const word = new RegExp(`(?<![A-Za-z0-9])${pid}(?![A-Za-z0-9])`);
  const paths = ops.flatMap(({ path, to }) => (to === undefined ? [path] : [path, to.path]));
  const names = new Set(paths.flatMap((path) => path.split('/')).filter((name) => word.test(canonicalPath(name, known))));
  return [...names].flatMap((name) => learnName(name, name.replace(word, '0')) ?? []);
}

/** Learns which parts of names vary, from two runs of the same ops. `pairs`: further paths of both. */
export function learnNames(
  ops: readonly RawOp[],
  otherOps: readonly RawOp[],
  pairs: readonly (readonly [string, string])[] = [],
): NameRule[] {
  const rules = new Map<string, NameRule>();
  const steady = new Set<string>();
  const learn = (path: string, otherPath: string): void => {
    const [names, otherNames] = [path.split('/'), otherPath.split('/')];
    for (const [index, name] of names.entries()) {
      if (name === otherNames[index]) steady.add(name);
      const rule = learnName(name, otherNames[index] ?? name);
      if (rule !== undefined) rules.set(JSON.stringify(rule), rule);
    }
  };
  for (const [index, op] of ops.entries()) {
    const other = otherOps[index];
    if (other === undefined) continue;
    learn(op.path, other.path);
    if (op.to !== undefined && other.to !== undefined) learn(op.to.path, other.to.path);
  }
  for (const [path, other] of pairs) learn(path, other);
  return [...rules.values()].map((rule) => ({
    ...rule,
    except: [...steady].filter((name) => canonicalPath(name, [rule]) !== canonicalPath(name, [])),
  }));
}

/** `contents` caches the files of the spool, for several runs that share one. */
export function traceOf(
  recorder: Trace['recorder'],
  { events }: Pick<RunReport, 'events'>,
  spool: string,
  variation: Variation,
  contents?: Map<string, Uint8Array>,
): Trace {
  const { ops, ...rest } = eventsOf(events, variation);
  const trees = treesOf(events, spool, contents);
  const startTimes = events.find((event) => event.kind === 'start')?.times;
  return {
    recorder,
    ops: ops.map((op) => withData(op, trees[op.index])),
    ...rest,
    trees,
    ...(startTimes && { startTimes: new Map(startTimes) }),
    variation,
  };
}

/** Ops happen one at a time, so right after a write its range of the file holds the data. */
export function withData(op: Op, after: Tree | undefined): Op {
  const entry = after?.get(op.file.actual);
  if ((op.call !== 'write' && op.call !== 'copy') || op.range === undefined || entry?.kind !== 'file') return op;
  return { ...op, data: entry.bytes.subarray(op.range.offset, op.range.offset + op.range.length) };
}

/** The ops and marks of a run, with the varying parts of names as placeholders. */
export function eventsOf(events: readonly RawEvent[], variation: Variation): Pick<Trace, 'ops' | 'marks' | 'unmeasured'> {
  const file = (path: string, id: number): FileRef => ({ id, path: canonicalPath(path, variation.names), actual: path });
  const ops: Op[] = [];
  const marks: Mark[] = [];
  const unmeasured: string[] = [];
  for (const event of events) {
    switch (event.kind) {
      case 'op': {
        const { kind, path, id, to, tree, stack, ...rest } = event;
        ops.push({
          ...rest,
          index: ops.length + 1,
          file: file(path, id),
          ...(to && { to: file(to.path, to.id) }),
          ...(stack !== undefined && { stack }),
        });
        break;
      }
      case 'resolved':
      case 'rejected':
        marks.push({
          kind: event.kind,
          step: event.step,
          afterOp: ops.length,
          ...(event.name !== undefined && { name: event.name }),
        });
        break;
      case 'unmeasured':
        unmeasured.push(event.what);
        break;
      case 'start':
      case 'end':
        break;
      default:
        event satisfies never;
    }
  }
  return { ops, marks, unmeasured };
}

/** One tree per boundary; a tree that did not change is the same object as the one before it. */
function treesOf(events: readonly RawEvent[], spool: string, contents = new Map<string, Uint8Array>()): Tree[] {
  const trees: Tree[] = [];
  for (const event of events) {
    if (event.kind === 'start') trees.push(unspoolTree(event.tree, spool, contents));
    if ((event.kind === 'resolved' || event.kind === 'rejected') && event.tree !== undefined)
      trees[trees.length - 1] = unspoolTree(event.tree, spool, contents);
    if (event.kind !== 'op') continue;
    const before = trees.at(-1) ?? new Map();
    const after = event.tree === undefined ? before : unspoolTree(event.tree, spool, contents);
    trees.push(equalTrees(before, after) ? before : after);
  }
  return trees;
}

/** The keys of all events, as later runs would have to follow them. */
export function keysOf(events: readonly RawEvent[], names: readonly NameRule[]): string[] {
  return events.flatMap((event) => {
    if (event.kind === 'op') return [opKey(event, names)];
    return event.kind === 'resolved' || event.kind === 'rejected' ? [markKey(event)] : [];
  });
}

export function opsOf(events: readonly RawEvent[]): RawOp[] {
  return events.filter((event): event is RawOp => event.kind === 'op');
}

export function endOf(events: readonly RawEvent[]): RawEnd {
  const end = events.at(-1);
  if (end?.kind !== 'end') throw new Error('a run must end');
  return end;
}
