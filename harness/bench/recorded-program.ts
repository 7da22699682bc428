/**
 * The run of a program, recorded once for all cells: first a run that shows whether the command line can be judged at all, then the recording.
 * What is wrong with the command line or with its check is said before anything is crashed.
 */
import { dirname } from 'node:path';
import { UsageError } from '../domain/errors.ts';
import type { RawEnd } from '../domain/events.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import { namesAsValue, type Program } from '../domain/program.ts';
import type { Loaded } from '../domain/recovery.ts';
import type { Scenario } from '../domain/scenario.ts';
import { isNotMeasured, type NotMeasured } from '../domain/sighting.ts';
import type { Step, Trace } from '../domain/trace.ts';
import { counted, quoted } from '../domain/words.ts';
import { oracleOfSteps, oracleOptions } from '../judge/oracle.ts';
import { isLoss, judgeRecovery, type OracleOptions } from '../judge/outcome.ts';
import { endOf, opsOf, record } from '../record/record.ts';
import type { Recorder, RunReport } from '../record/recorder.ts';
import type { StoreRecovery } from '../recover/recovery-of.ts';
import type { Bench } from './bench.ts';
import type { RecordedSubject } from './subject.ts';

interface RecordProgramOptions extends Pick<Bench, 'prepare' | 'prepareFaults' | 'complaint'> {
  readonly store: LoadedStore;
  readonly program: Program;
  readonly scenario: Scenario;
  readonly recorder: Recorder;
  readonly recovery: StoreRecovery;
}

/** Throws `UsageError` where the command line, or its check, cannot be used. */
export async function recordProgram(options: RecordProgramOptions): Promise<RecordedSubject | NotMeasured> {
  const { program, recorder, prepare, prepareFaults, complaint } = options;
  const first = prepare();
  const report = await recorder.run({ ...first, plan: { kind: 'observe' } });
  const said = complaint(first.directory)?.replaceAll(first.directory, '<dir>');
  mustBeUsable(program, report, { input: first.program?.input ?? '', said, timeoutMs: first.timeoutMs });
  const recording = await record(recorder, { prepare, complaint });
  if (isNotMeasured(recording)) return recording;
  const { trace } = recording;
  await options.recovery.aimAt?.({ tree: trace.trees.at(-1) ?? new Map(), pid: recording.pid }, trace.variation);
  const judging = oracleOptions(options);
  const vacuous = program.check === undefined ? undefined : await whyVacuous(options.recovery, judging, trace);
  if (vacuous !== undefined) return vacuous;
  const steps = stepsOfProgram(trace);
  return {
    kind: 'recorded',
    trace,
    before: undefined,
    steps,
    oracle: oracleOfSteps(trace, undefined, steps, judging),
    isProgram: true,
    again: { recording: withoutLate(recording), prepare, prepareFaults },
    notes: outsideNotes(report, dirname(first.program?.input ?? first.directory)),
    sites: async () => ({ sites: new Map(), mismatches: [] }),
  };
}

const namesIn = ({ marks }: Pick<Trace, 'marks'>): string[] => marks.map(({ name = '' }) => name);

/** What a program promised, as steps of a store that keeps a map. */
export const stepsOfProgram = (trace: Pick<Trace, 'marks'>): Step[] => namesIn(trace).map((key) => ({ kind: 'set', key, value: true }));

/** What a program writes on its standard error says nothing of an error. */
function withoutLate<R extends { readonly late?: string }>({ late: _, ...recording }: R): Omit<R, 'late'> {
  return recording;
}

interface FirstRun {
  readonly input: string;
  /** On its standard error. */
  readonly said: string | undefined;
  readonly timeoutMs: number;
}

const TERMINAL = '/dev/tty';

function mustBeUsable(program: Program, { events, outside }: RunReport, { input, said, timeoutMs }: FirstRun): void {
  const line = program.command.map(quoted).join(' ');
  const used = outside?.paths ?? [];
  const last = said === undefined ? '' : `: ${said.split('\n').slice(-3).join(' / ')}`;
  if (used.includes(input))
    throw new UsageError(
      `the program reads its standard input, which is empty: ${line}`,
      `Give it what it reads in a file: -- sh -c '… < file'.`,
    );
  const changed = (outside?.changed ?? []).find((path) => path === program.directory || path.startsWith(`${program.directory}/`));
  if (changed !== undefined)
    throw new UsageError(
      `the program writes to ${changed} itself, and not to the copy of ${program.directory} that it is given`,
      'Name the directory in the command line by {dir}, or by the variable CRASH_MATRIX_DIR, or by a path relative to where you are.',
    );
  const problem = problemOf(endOf(events), timeoutMs);
  // Only then: bash looks for a terminal whenever it starts, and does without one.
  const asked = used.includes(TERMINAL)
    ? '\nIt looked for a terminal, as bash always does, and has none. If it asks something, give it the options by which it does not, as --yes or --batch.'
    : '';
  if (problem !== undefined)
    throw new UsageError(
      `the program ${problem} without any crash${last}`,
      `It was run as: ${line}\nEach run must end with exit code 0.${asked}`,
    );
  if (opsOf(events).length === 0)
    throw new UsageError(
      `the program ends and never touches its directory: ${line}`,
      `It runs in a copy of ${program.directory}: name it in the command line by {dir}, by the variable CRASH_MATRIX_DIR, or by a path relative to where you are.`,
    );
  const acknowledges = events.some(({ kind }) => kind === 'resolved');
  if (program.check !== undefined && !acknowledges)
    throw new UsageError(
      `the program never acknowledges anything: ${line}`,
      'Have it print a line "ack <name>" when what the name stands for must last; in a shell: … && echo "ack done". The line counts once it is written, so the output must not be held back.\nWithout --check no such lines are needed: then the program is run again after each crash.',
    );
}

function problemOf(end: RawEnd, timeoutMs: number): string | undefined {
  switch (end.how) {
    case 'finished':
      return undefined;
    case 'exited':
      return `ended with exit code ${end.code}`;
    case 'crashed':
      return `died (${end.signal})`;
    case 'timed-out':
      return `did not end within ${timeoutMs / 1000} s (--timeout)`;
    case 'killed':
    case 'diverged':
      throw new Error(`an observed run cannot end ${end.how}`);
    default:
      return end satisfies never;
  }
}

/** Throws `UsageError` where the check refuses what an undisturbed run leaves. */
export async function whyVacuous(
  recovery: StoreRecovery,
  options: OracleOptions,
  trace: Pick<Trace, 'marks' | 'trees'>,
): Promise<NotMeasured | undefined> {
  const { trees } = trace;
  const names = namesIn(trace);
  const all = namesAsValue(names);
  const promised = { acknowledged: all, inFlight: [], earlier: [] };
  const end = await recovery.confirm(trees.at(-1) ?? new Map(), all);
  if (isLoss(judgeRecovery(promised, end, options)))
    throw new UsageError(
      `the check fails on what the program leaves when it is not crashed: ${inWords(end.load, names)}`,
      'It gets a copy of the directory and, in CRASH_MATRIX_ACKED, one name on each line. It says yes by exit code 0, or what it found by {"found": ["name", …]}.',
    );
  const emptied = await recovery.confirm(new Map(), all);
  if (isLoss(judgeRecovery(promised, emptied, options))) return undefined;
  return {
    reason: `vacuous: the check accepts an emptied directory after ${counted(names.length, 'acknowledgement')}, so it would accept any loss`,
  };
}

function inWords(load: Loaded, names: readonly string[]): string {
  if (load.kind === 'threw') return load.error;
  if (load.kind === 'ended') return `it ended: ${load.how}`;
  if (load.kind === 'hung') return `it did not end within ${load.afterMs / 1000} s`;
  const found = load.kind === 'loaded' ? Object.keys((load.value ?? {}) as object) : [];
  return `it does not find ${names.filter((name) => !found.includes(name)).join(', ')}`;
}

/** Paths that are named in a note. */
const MOST_NAMED = 3;

/** Where else it wrote, but for temporary files: `place` is that of the run. What is there is not looked at, and not put back between runs. */
function outsideNotes({ outside }: RunReport, place: string): string[] {
  const isOwn = (path: string): boolean => /^\/(?:dev|proc)\//.test(path) || path.startsWith(`${place}/`);
  const changed = (outside?.changed ?? []).filter((path) => !isOwn(path));
  if (changed.length === 0) return [];
  const more = changed.length > MOST_NAMED ? `, and ${changed.length - MOST_NAMED} more` : '';
  return [`the program writes outside its directory, which is not crashed: ${changed.slice(0, MOST_NAMED).join(', ')}${more}`];
}
