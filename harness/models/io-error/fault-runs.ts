/**
 * Runs a workload while its calls fail: many runs in one process, one after the other. A run that does not finish there is repeated in a
 * process of its own.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { HarnessError } from '../../domain/errors.ts';
import type { RawEnd, RawEvent } from '../../domain/events.ts';
import type { AfterFault, Recovery } from '../../domain/recovery.ts';
import type { Trace, Tree } from '../../domain/trace.ts';
import { scanTree } from '../../domain/tree.ts';
import { discard } from '../../machine/workspace.ts';
import { type Fault, type FaultRun, NOTHING_LEFT_TO_WAIT_FOR, READ_ONLY_ERRNO } from '../../record/fault.ts';
import { type Recording, traceOf } from '../../record/record.ts';
import type { Recorder, RunRequest } from '../../record/recorder.ts';
import { isDropping } from './fsync-edits.ts';

/** How the steps of a run ended. For what followed them, see `FaultyRun.after`. */
type Ending =
  | { readonly kind: 'settled' }
  /** The process ended in a step. */
  | { readonly kind: 'died'; readonly how: string }
  /** A step never settled. `busy`: its process still had something to wait for when the limit was over. */
  | { readonly kind: 'hung'; readonly because: string; readonly busy?: true };

export interface FaultyRun {
  readonly faults: readonly Fault[];
  /** It had a process to itself, which was started. */
  readonly alone: boolean;
  /** Its process was forked. */
  readonly forked?: true;
  readonly trace: Trace;
  readonly ending: Ending;
  /** The directory when the steps had settled, or when the process had ended. */
  readonly settled: Tree;
  /** What the same process loaded and saved then; absent if it had ended. */
  readonly after?: Recovery;
  /** The same of the save that failed last, if one did: it is carried out again before `after`. */
  readonly again?: Recovery;
  /** The directory when that save had resolved. */
  readonly savedAgain?: Tree;
  /** The last error that the store threw. */
  readonly complaint?: string;
}

/** A run that could not be carried out, and why. */
export interface NotRun {
  readonly faults: readonly Fault[];
  readonly doubt: string;
}

/** What these runs need of a bench. */
export interface FaultLab {
  readonly recorder: Recorder;
  /** Makes an empty directory for each run, and one spool for all. */
  readonly prepare: (runs: number) => Pick<RunRequest, 'args' | 'program' | 'env' | 'timeoutMs' | 'warm'> & {
    readonly directories: readonly string[];
    readonly spool: string;
  };
  readonly complaint: (directory: string) => string | undefined;
  /** The order up to the first fault, and the names that differ from run to run. */
  readonly recording: Pick<Recording, 'order' | 'overlaps' | 'trace'>;
  readonly steps: number;
  /** Faults of every run. */
  readonly standing: readonly Fault[];
  /** A process carries out one run, and neither loads nor saves after it. */
  readonly isOneRun: boolean;
  /** Evaluating the store takes long, so each run should be forked. */
  readonly isSlow: boolean;
}

/** Runs per process: enough to share the cost of its start, few enough to limit what the store leaks. */
const RUNS_PER_PROCESS = { least: 12, most: 32 } as const;
/** Limit for a step in a process with further runs, in ms. A run that exceeds it is repeated alone, with the full limit. */
const TOGETHER_MS = 2_000;
/** Runs per call that may hang for the full limit; later ones get only `TOGETHER_MS`. */
const HANG_AT_LENGTH = 24;
/** Attempts at a run that diverges from the recording. */
const TRIES = 3;

export interface RunOptions {
  /** The run without faults, in a process of its own. The same run after others in one process must have the same result. */
  readonly control: Promise<FaultyRun | NotRun>;
  /** Selects runs to record op by op. For others, only the directory after each settled step is recorded. */
  readonly isWhole?: (faults: readonly Fault[]) => boolean;
  /** Receives the number of runs done. */
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
  const isLean = (faults: readonly Fault[]): boolean => lab.recording.overlaps === false && !isWhole(faults);
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
    const seen = await runOnce(lab, [...some, []], contents, { isLean, limitMs: TOGETHER_MS, forks: true });
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
  const runForked = async (index: number): Promise<void> => {
    const [result] = await runOnce(lab, [lists[index] ?? []], contents, { isLean, limitMs: TOGETHER_MS, forks: true });
    if (result !== undefined && 'trace' in result && isUndisturbed(result)) settle(index, result);
    else await runTogether([index]);
  };
  if (lab.isSlow && lists.length > 0 && (await canFork(lab, await control))) {
    await Promise.all([...lists.keys()].map(runForked));
    return results;
  }
  const { least, most } = lab.isOneRun ? { least: 1, most: 1 } : RUNS_PER_PROCESS;
  const size = Math.max(least, Math.min(most, Math.ceil(lists.length / lab.recorder.inFlight)));
  const batches = Array.from({ length: Math.ceil(lists.length / size) }, (_, at) => [...lists.keys()].slice(at * size, (at + 1) * size));
  await Promise.all(batches.map(runTogether));
  return results;
}

/** Whether a run without faults is forked, and does then what it does in a process that is started. */
async function canFork(lab: FaultLab, control: FaultyRun | NotRun): Promise<boolean> {
  const [run] = await runOnce(lab, [[]], new Map(), { limitMs: TOGETHER_MS, forks: true });
  return run !== undefined && 'trace' in run && run.forked === true && isUndisturbed(run) && isAlike(run, control);
}

/** One run in a process of its own, which is started. */
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

/** Whether the run finished, so that its process can be trusted with further runs. */
function isUndisturbed({ ending, after }: FaultyRun): boolean {
  return ending.kind === 'settled' && after !== undefined && isComplete(after);
}

/** Whether a run without faults after others equals the control. It does not if the store keeps state outside of its modules. */
function isAlike({ trace, after }: FaultyRun, control: FaultyRun | NotRun): boolean {
  if (!('trace' in control)) return false;
  const settled = ({ marks }: Trace): string => marks.map(({ kind }) => kind).join();
  const didAsMuch = trace.ops.length === control.trace.ops.length; // packages are loaded once for all runs of a process
  return didAsMuch && settled(trace) === settled(control.trace) && isDeepStrictEqual(after, control.after);
}

/** Whether the run hung. The others of its batch may hang too, so they are then repeated side by side. */
const isWaiting = (run: FaultyRun | NotRun | undefined): boolean =>
  run !== undefined && 'trace' in run && (run.ending.kind === 'hung' || [run.again, run.after].some(isHung));

const isHung = (found: Recovery | undefined): boolean => [found?.load, found?.save, found?.secondLoad].some((one) => one?.kind === 'hung');

const isComplete = ({ save, secondLoad }: Recovery): boolean =>
  save !== undefined && save.kind !== 'hung' && save.kind !== 'ended' && (save.kind !== 'saved' || secondLoad !== undefined);

async function runOnce(
  lab: FaultLab,
  lists: readonly (readonly Fault[])[],
  contents: Map<string, Uint8Array>,
  {
    isLean = () => false,
    limitMs,
    forks = false,
  }: { readonly isLean?: (faults: readonly Fault[]) => boolean; readonly limitMs: number; readonly forks?: boolean },
): Promise<(FaultyRun | NotRun)[]> {
  const { recorder, recording } = lab;
  const { directories, spool, warm, ...request } = lab.prepare(lists.length);
  const runs = lists.map(
    (faults, index): FaultRun => ({
      directory: directories[index] ?? '',
      spool,
      faults: [...lab.standing, ...faults],
      lean: isLean(faults),
    }),
  );
  // The power is cut in what follows a dropping fsync, up to the end: what the store does when it is closed belongs to it.
  for (const { directory, faults } of runs)
    if (faults.some((fault) => isDropping(fault, recording.trace))) writeFileSync(`${directory}.closes`, '');
  const plan = { kind: 'fault', order: recording.order, names: recording.trace.variation.names, runs } as const;
  const timeoutMs = Math.min(request.timeoutMs, limitMs);
  const { events, forked = false } = await recorder.run({
    ...request,
    timeoutMs,
    directory: runs[0]?.directory ?? '',
    spool,
    plan,
    ...(forks && warm && { warm }),
  });
  const parts = partsOf(events);
  const last = events.at(-1);
  const results = runs.map((run, index): FaultyRun | NotRun => {
    const part = parts[index];
    const faults = lists[index] ?? [];
    return part === undefined
      ? { faults, doubt: 'the process ended before this run' }
      : interpret(
          lab,
          { ...run, faults, forked },
          part,
          parts[index + 1] === undefined && last?.kind === 'end' ? last : undefined,
          contents,
        );
  });
  // They are in memory, which large values would fill.
  for (const directory of directories)
    discard(directory, ...['after', 'again', 'closes', 'complaint'].map((kind) => `${directory}.${kind}`));
  return results;
}

/** The events of each run, up to its end. An event between that and the next start is the end of the process, and is left out. */
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
  { recorder, recording, complaint, steps, isOneRun }: FaultLab,
  { directory, spool, faults, forked }: FaultRun & { readonly forked: boolean },
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
  const rest = {
    faults,
    alone: false,
    ...(forked && { forked: true as const }),
    trace,
    ...(complained !== undefined && { complaint: complained.replaceAll(directory, '<dir>') }),
  };
  const ending = endingOf(end, trace, { steps, isOneRun });
  if (ending.kind !== 'settled') return { ...rest, ending, settled: scanTree(directory) };
  const settled = trace.trees[trace.marks.at(-1)?.afterOp ?? 0] ?? new Map();
  return { ...rest, ending, settled, ...afterOf(directory, processEnd) };
}

function endingOf(end: RawEnd, { marks }: Trace, { steps, isOneRun }: Pick<FaultLab, 'steps' | 'isOneRun'>): Ending {
  if (end.how === 'finished' || marks.length >= steps) return { kind: 'settled' };
  const step = `step ${marks.length + 1}`;
  switch (end.how) {
    case 'timed-out':
      return { kind: 'hung', because: `${step} did not settle within ${end.afterMs / 1000} s`, busy: true };
    case 'exited':
      if (end.code === NOTHING_LEFT_TO_WAIT_FOR && !isOneRun)
        return { kind: 'hung', because: `${step} never settled, and nothing was left that could` };
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

/** What the same process loaded and saved after the steps, until it stopped; see `child/carry-out-faults.ts`. */
function afterOf(directory: string, end: RawEnd | undefined): Pick<FaultyRun, 'again' | 'savedAgain' | 'after'> {
  const lines = linesIn(`${directory}.after`).map((line) => JSON.parse(line.replaceAll(directory, '<dir>')) as AfterFault);
  const isAgain = ({ again }: AfterFault): boolean => again === true;
  const [again, after] = [lines.filter(isAgain), lines.filter((line) => !isAgain(line))];
  if (again.length === 0) return { after: untilItStopped(after, end) };
  const tried = untilItStopped(again, end);
  if (!isComplete(tried)) return { again: tried };
  const copied = `${directory}.again`;
  const isCopied = tried.save?.kind === 'saved' && existsSync(copied);
  return { again: tried, ...(isCopied && { savedAgain: scanTree(copied) }), after: untilItStopped(after, end) };
}

function untilItStopped(lines: readonly Partial<Recovery>[], end: RawEnd | undefined): Recovery {
  const { load, save, secondLoad }: Partial<Recovery> = Object.assign({}, ...lines);
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

/** A run whose first fault did not happen at its op must not count as a pass. */
function failedOtherwise({ ops }: Trace, faults: readonly Fault[]): string | undefined {
  const [first] = faults.filter((fault) => 'op' in fault);
  const errno =
    first?.kind === 'errno' || first?.kind === 'lost'
      ? first.errno
      : first?.kind === 'in-use'
        ? 'EPERM'
        : first?.kind === 'read-only'
          ? READ_ONLY_ERRNO
          : undefined;
  if (first === undefined || errno === undefined) return undefined;
  const ended = ops[first.op - 1]?.error;
  return ended === errno ? undefined : `nondeterministic: op ${first.op} was to fail with ${errno}, and ended with ${ended ?? 'success'}`;
}
