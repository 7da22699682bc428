/**
 * Runs of a workload in which calls fail: many in one process, one after the other, and those that do not come to their end there once
 * more in a process of their own.
 */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { HarnessError } from '../../domain/errors.ts';
import type { RawEnd, RawEvent } from '../../domain/events.ts';
import type { Recovery } from '../../domain/recovery.ts';
import type { Trace, Tree } from '../../domain/trace.ts';
import { scanTree } from '../../domain/tree.ts';
import { discard } from '../../machine/workspace.ts';
import { type Fault, type FaultRun, NOTHING_LEFT_TO_WAIT_FOR } from '../../record/fault.ts';
import { type Recording, traceOf } from '../../record/record.ts';
import type { Recorder, RunRequest } from '../../record/recorder.ts';

/** How a run ended, in the steps: what comes after them is in `after`. */
type Ending =
  | { readonly kind: 'settled' }
  /** The process ended in a step. */
  | { readonly kind: 'died'; readonly how: string }
  /** A step never settled. */
  | { readonly kind: 'hung'; readonly because: string };

export interface FaultyRun {
  readonly faults: readonly Fault[];
  /** It had a process to itself. */
  readonly alone: boolean;
  readonly trace: Trace;
  readonly ending: Ending;
  /** What was on disk when the steps had settled, or when the process had ended. */
  readonly settled: Tree;
  /** What the same process found then; absent if it had ended. */
  readonly after?: Recovery;
  /** What the store complained of last. */
  readonly complaint?: string;
}

/** A run that could not be made, and why. */
export interface NotRun {
  readonly faults: readonly Fault[];
  readonly doubt: string;
}

/** What these runs need of a bench. */
export interface FaultLab {
  readonly recorder: Recorder;
  /** Makes an empty directory for each run, and one spool for all. */
  readonly prepare: (runs: number) => Pick<RunRequest, 'args' | 'env' | 'timeoutMs'> & {
    readonly directories: readonly string[];
    readonly spool: string;
  };
  readonly complaint: (directory: string) => string | undefined;
  /** The order up to the first fault, and the names that differ from run to run. */
  readonly recording: Pick<Recording, 'order' | 'overlaps' | 'trace'>;
  readonly steps: number;
  /** What holds in every run. */
  readonly standing: readonly Fault[];
}

/** Runs in one process: what it costs to start one is shared, and what the store leaves behind in it stays little. */
const RUNS_PER_PROCESS = 32;
/** Limit for a step in a process that has further runs to make, in ms. What takes longer gets a process, and its whole time, for itself. */
const TOGETHER_MS = 2_000;
/** Runs of one call that may hang for their whole time; those that hang after them are given no more than `TOGETHER_MS`. */
const HANG_AT_LENGTH = 24;
/** How often a run that went another way is tried again. */
const TRIES = 3;

export interface RunOptions {
  /** The run in which nothing fails, in a process of its own: a process must carry it out alike when it has carried out others. */
  readonly control: Promise<FaultyRun | NotRun>;
  /** Faults of which everything is to be told, op by op; of others only what the directory holds when a step has settled. */
  readonly isWhole?: (faults: readonly Fault[]) => boolean;
  /** Is told how many are done. */
  readonly onDone?: (done: number) => void;
}

/** One run for each list of faults, in their order. */
export async function runFaults(
  lab: FaultLab,
  lists: readonly (readonly Fault[])[],
  { control, isWhole = () => false, onDone = () => {} }: RunOptions,
): Promise<(FaultyRun | NotRun)[]> {
  const results: (FaultyRun | NotRun)[] = [];
  const contents = new Map<string, Uint8Array>();
  let done = 0;
  let hung = 0;
  const settle = (index: number, result: FaultyRun | NotRun): void => {
    results[index] = result;
    done += 1;
    onDone(done);
  };
  const runTogether = async (indices: readonly number[]): Promise<void> => {
    if (indices.length === 0) return;
    if (indices.length === 1) {
      const [index = 0] = indices;
      const result = await runAlone(lab, lists[index] ?? [], contents, hung < HANG_AT_LENGTH ? Number.POSITIVE_INFINITY : TOGETHER_MS);
      if (isWaiting(result)) hung += 1;
      settle(index, result);
      return;
    }
    const some = indices.map((index) => lists[index] ?? []);
    const isLean = (faults: readonly Fault[]): boolean => lab.recording.overlaps === false && !isWhole(faults);
    const seen = await runOnce(lab, [...some, []], contents, { isLean, limitMs: TOGETHER_MS });
    const last = seen.pop();
    if (last !== undefined && 'trace' in last && isUndisturbed(last) && !isAlike(last, await control)) {
      await Promise.all(indices.map((index) => runTogether([index])));
      return;
    }
    const left: number[] = [];
    for (const [at, index] of indices.entries()) {
      const result = seen[at];
      if (result !== undefined && 'trace' in result && isUndisturbed(result)) settle(index, result);
      else left.push(index);
    }
    const [culprit = -1, ...others] = left;
    const waits = left.length > 0 && isWaiting(seen[indices.indexOf(culprit)]);
    await Promise.all([
      ...left.slice(0, 1).map((index) => runTogether([index])),
      ...(waits ? others.map((index) => runTogether([index])) : [runTogether(others)]),
    ]);
  };
  const size = Math.max(1, Math.min(RUNS_PER_PROCESS, Math.ceil(lists.length / lab.recorder.inFlight)));
  const batches = Array.from({ length: Math.ceil(lists.length / size) }, (_, at) => [...lists.keys()].slice(at * size, (at + 1) * size));
  await Promise.all(batches.map(runTogether));
  return results;
}

/** One run in a process of its own. */
export async function runAlone(
  lab: FaultLab,
  faults: readonly Fault[],
  contents = new Map<string, Uint8Array>(),
  limitMs = Number.POSITIVE_INFINITY,
): Promise<FaultyRun | NotRun> {
  let last: NotRun = { faults, doubt: 'not run' };
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const [result] = await runOnce(lab, [faults], contents, { limitMs });
    if (result !== undefined && 'trace' in result) return { ...result, alone: true };
    last = result ?? last;
  }
  return last;
}

/** A run after which the process is as good as before: it went on to its end. */
function isUndisturbed({ ending, after }: FaultyRun): boolean {
  return ending.kind === 'settled' && after !== undefined && isComplete(after);
}

/** Whether a run in which nothing fails went as it does in a process that has done nothing else. What a store keeps outside its modules shows here. */
function isAlike({ trace, after }: FaultyRun, control: FaultyRun | NotRun): boolean {
  if (!('trace' in control)) return false;
  const said = ({ marks }: Trace): string => marks.map(({ kind }) => kind).join();
  const didAsMuch = trace.ops.length === control.trace.ops.length; // packages are loaded once for all runs of a process
  return didAsMuch && said(trace) === said(control.trace) && isDeepStrictEqual(after, control.after);
}

/** Something waits there; the others may wait as well, and do so side by side. */
const isWaiting = (run: FaultyRun | NotRun | undefined): boolean =>
  run !== undefined &&
  'trace' in run &&
  (run.ending.kind === 'hung' || [run.after?.load, run.after?.save, run.after?.secondLoad].some((found) => found?.kind === 'hung'));

const isComplete = ({ save, secondLoad }: Recovery): boolean =>
  save !== undefined && save.kind !== 'hung' && save.kind !== 'ended' && (save.kind !== 'saved' || secondLoad !== undefined);

async function runOnce(
  lab: FaultLab,
  lists: readonly (readonly Fault[])[],
  contents: Map<string, Uint8Array>,
  { isLean = () => false, limitMs }: { readonly isLean?: (faults: readonly Fault[]) => boolean; readonly limitMs: number },
): Promise<(FaultyRun | NotRun)[]> {
  const { recorder, recording } = lab;
  const { directories, spool, ...request } = lab.prepare(lists.length);
  const runs = lists.map(
    (faults, index): FaultRun => ({
      directory: directories[index] ?? '',
      spool,
      faults: [...lab.standing, ...faults],
      lean: isLean(faults),
    }),
  );
  const plan = { kind: 'fault', order: recording.order, names: recording.trace.variation.names, runs } as const;
  const timeoutMs = Math.min(request.timeoutMs, limitMs);
  const { events } = await recorder.run({ ...request, timeoutMs, directory: runs[0]?.directory ?? '', spool, plan });
  const parts = partsOf(events);
  const last = events.at(-1);
  const results = runs.map((run, index): FaultyRun | NotRun => {
    const part = parts[index];
    const faults = lists[index] ?? [];
    return part === undefined
      ? { faults, doubt: 'the process ended before' }
      : interpret(lab, { ...run, faults }, part, parts[index + 1] === undefined && last?.kind === 'end' ? last : undefined, contents);
  });
  // They lie in memory, which those of large values would fill.
  for (const directory of directories) discard(directory, `${directory}.after`, `${directory}.complaint`);
  return results;
}

/** The events of each run, with its end. What comes between a run's end and the next start is the end of the process, and no part. */
function partsOf(events: readonly RawEvent[]): RawEvent[][] {
  const parts: RawEvent[][] = [];
  let isOpen = false;
  for (const event of events) {
    if (event.kind === 'start') {
      parts.push([]);
      isOpen = true;
    }
    if (isOpen) parts.at(-1)?.push(event);
    if (event.kind === 'end') isOpen = false;
  }
  return parts;
}

function interpret(
  { recorder, recording, complaint, steps }: FaultLab,
  { directory, spool, faults }: FaultRun,
  events: readonly RawEvent[],
  processEnd: RawEnd | undefined,
  contents: Map<string, Uint8Array>,
): FaultyRun | NotRun {
  const end = events.at(-1);
  if (end?.kind !== 'end') throw new HarnessError(`a run with faults has no end`);
  if (end.how === 'diverged')
    return { faults, doubt: `nondeterministic: event ${end.at + 1} was "${end.expected}" when recorded, "${end.got}" in a later run` };
  const trace = traceOf(recorder.name, { events }, spool, recording.trace.variation, contents);
  const doubt = failedOtherwise(trace, faults);
  if (doubt !== undefined) return { faults, doubt };
  const complained = complaint(directory);
  const rest = { faults, alone: false, trace, ...(complained !== undefined && { complaint: complained.replaceAll(directory, '<dir>') }) };
  const ending = endingOf(end, trace, steps);
  if (ending.kind !== 'settled') return { ...rest, ending, settled: scanTree(directory) };
  const settled = trace.trees[trace.marks.at(-1)?.afterOp ?? 0] ?? new Map();
  return { ...rest, ending, settled, after: afterOf(directory, processEnd) };
}

function endingOf(end: RawEnd, { marks }: Trace, steps: number): Ending {
  if (end.how === 'finished' || marks.length >= steps) return { kind: 'settled' };
  const step = `step ${marks.length + 1}`;
  switch (end.how) {
    case 'timed-out':
      return { kind: 'hung', because: `${step} did not settle within ${end.afterMs / 1000} s` };
    case 'exited':
      if (end.code === NOTHING_LEFT_TO_WAIT_FOR) return { kind: 'hung', because: `${step} never settled, and nothing was left that could` };
      return { kind: 'died', how: `the process ended in ${step} (exit code ${end.code})` };
    case 'crashed':
      return { kind: 'died', how: `the process died in ${step} (${end.signal})` };
    case 'killed':
    case 'diverged':
      throw new HarnessError(`a run with faults cannot end ${end.how}`);
    default:
      return end satisfies never;
  }
}

/** What the same process found, as far as it came: see `child/fault-workload.ts`. */
function afterOf(directory: string, end: RawEnd | undefined): Recovery {
  const { load, save, secondLoad }: Partial<Recovery> = Object.assign(
    {},
    ...linesIn(`${directory}.after`).map((line) => JSON.parse(line.replaceAll(directory, '<dir>'))),
  );
  const stopped =
    end?.how === 'timed-out'
      ? ({ kind: 'hung', afterMs: end.afterMs } as const)
      : ({
          kind: 'ended',
          how: end?.how === 'exited' ? `exit code ${end.code}` : end?.how === 'crashed' ? end.signal : 'it ended',
        } as const);
  if (load === undefined) return { load: stopped };
  if (save === undefined) return { load, save: stopped };
  return save.kind === 'saved' && secondLoad === undefined
    ? { load, save, secondLoad: stopped }
    : { load, save, ...(secondLoad && { secondLoad }) };
}

function linesIn(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

/** A first fault that was to come at an op and did not would make a pass of nothing. */
function failedOtherwise({ ops }: Trace, faults: readonly Fault[]): string | undefined {
  const [first] = faults.filter((fault) => 'op' in fault);
  const errno = first?.kind === 'errno' ? first.errno : first?.kind === 'in-use' ? 'EPERM' : undefined;
  if (first === undefined || errno === undefined) return undefined;
  const ended = ops[first.op - 1]?.error;
  return ended === errno ? undefined : `nondeterministic: op ${first.op} was to fail with ${errno}, and ended with ${ended ?? 'success'}`;
}
