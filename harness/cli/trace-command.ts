/** `crash-matrix trace`: one run of a store or a program as a file, which `run --trace` explores. */
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { Option } from 'commander';
import { openBenches } from '../bench/open-benches.ts';
import { EFFORTS, GATING_EFFORT } from '../domain/effort.ts';
import { UnavailableError, UsageError } from '../domain/errors.ts';
import { isNotMeasured } from '../domain/sighting.ts';
import type { RecordedRun } from '../domain/trace.ts';
import type { TraceFile } from '../domain/trace-file.ts';
import { scanTree } from '../domain/tree.ts';
import { counted, quoted } from '../domain/words.ts';
import type { Cell } from '../models/model.ts';
import { processKill } from '../models/process-kill/process-kill.ts';
import { BadLog } from '../record/strace/log.ts';
import { type LogOptions, runOfLog } from '../record/strace/run-of-log.ts';
import { traceFileOf } from '../record/trace-file.ts';
import { COMMAND_LINE, programStore } from '../store/program-store.ts';
import type { CliCommand } from './command.ts';
import { readText } from './json-file.ts';
import { recorder, timeout } from './options.ts';
import type { Output } from './output.ts';
import { COMMAND_WORDS, type ProgramFlags, programIn, programOptions } from './program-options.ts';
import { type Session, withSession } from './session.ts';
import { selectCells } from './stores.ts';
import { writableFile, writeResult } from './writable-destination.ts';

interface TraceCommandFlags extends ProgramFlags {
  readonly store?: string;
  readonly scenario?: string;
  readonly strace?: string;
  readonly start?: string;
  readonly output: string;
  readonly recorder?: string;
  readonly timeout: number;
}

export const traceCommand: CliCommand<TraceCommandFlags> = {
  name: 'trace',
  description: 'record one run of a store or a program in a file, with all contents; run --trace explores it, also on another machine',
  arguments: [COMMAND_WORDS],
  options: [
    new Option('--store <name or file>', 'a built-in store, or a file with your own'),
    new Option('--scenario <name>', 'what the store goes through'),
    ...programOptions(),
    new Option(
      '--strace <log>',
      'make the trace of what "strace -f -s 1000000 -o log" wrote of a program, which is not run; with --dir',
    ).conflicts(['store', 'scenario', 'setup']),
    new Option('--start <dir>', 'with --strace: a copy of what the directory held when the program began (default: nothing)'),
    new Option('--output <file>', 'where the trace is written').default('crash-matrix.trace.json'),
    recorder(),
    timeout(),
  ],
  examples: [
    'crash-matrix trace --store ./notes.ts --scenario replace',
    'crash-matrix trace --strace log --dir data --start data.before',
    "crash-matrix trace --dir data --check 'python3 check.py data' --output save.trace.json -- python3 save.py data",
  ],
  run: (words, flags, output) => record(words, flags, output),
};

async function record(words: readonly string[], flags: TraceCommandFlags, output: Output): Promise<number> {
  writableFile('--output', flags.output);
  const { start, strace } = flags;
  if (start !== undefined && strace === undefined)
    throw new UsageError(
      '--start is for a log of strace, and none is given',
      'Give it by --strace. A run of a program begins with what is in --dir.',
    );
  return withSession(flags.recorder, async (session) => {
    const file = strace === undefined ? await recorded(session, words, flags) : ofLog(strace, session, words, flags);
    await writeResult(flags.output, `${JSON.stringify(file, null, 1)}\n`);
    output.print(summary(file, flags));
    return 0;
  });
}

async function recorded(session: Session, words: readonly string[], flags: TraceCommandFlags): Promise<TraceFile> {
  const cell = await cellOf(session, words, flags);
  return fileOf(await recordedIn(session, cell, flags), cell, session);
}

/** Throws `UsageError` where the log cannot be followed. */
function ofLog(log: string, session: Session, words: readonly string[], { dir, check, start }: TraceCommandFlags): TraceFile {
  const { cwd, workspace } = session;
  if (words.length > 0)
    throw new UsageError(`--strace stands in place of a run, and "${words.join(' ')}" is for one`, 'Leave out one of them.');
  if (dir === undefined)
    throw new UsageError('--strace needs --dir: the directory that the program changed', 'Name it as it was when the log was written.');
  if (process.platform !== 'linux') throw new UnavailableError('a log of strace can only be followed on Linux');
  if (start !== undefined && !existsSync(start)) throw new UsageError(`--start ${start}: there is no such directory`);
  const directory = resolve(cwd, dir);
  const before = start === undefined ? new Map() : scanTree(resolve(cwd, start));
  const run = logged(log, { directory, cwd, start: before, scratch: workspace.directory('strace') });
  const where = `in ${dir}, seen from ${cwd}`;
  if (run.trace.ops.length === 0)
    throw new UsageError(
      `--strace ${log}: it has no call on a file ${where}`,
      'Name --dir as it was when the log was written, from the same directory.',
    );
  if (run.trace.marks.length === 0)
    throw new UsageError(
      `--strace ${log}: the program never acknowledges anything`,
      'Have it print a line "ack <name>" when what the name stands for must last, and log it with its writes to the standard output.',
    );
  const [program = 'program', ...args] = run.command;
  const store = programStore({ command: [program, ...args], directory, cwd, ...(check !== undefined && { check }) });
  return fileOf(run, { store, scenario: COMMAND_LINE }, session);
}

function logged(log: string, options: LogOptions): ReturnType<typeof runOfLog> {
  try {
    return runOfLog(readText('--strace', log), options);
  } catch (error) {
    if (error instanceof BadLog)
      throw new UsageError(
        `--strace ${log}: ${error.message}`,
        'Log the program with: strace -f -s 1000000 -o log <command>. What was in the directory before goes into --start.',
      );
    throw error;
  }
}

/** The one run that is asked for. Throws `UsageError`. */
async function cellOf(session: Session, words: readonly string[], flags: TraceCommandFlags): Promise<Cell> {
  const given = { ...flags, store: flags.store === undefined ? [] : [flags.store] };
  const program = programIn(words, given, { cwd: session.cwd, env: process.env });
  if (program === undefined && flags.store === undefined)
    throw new UsageError(
      'a trace is of one store or one program, and none is named',
      'For example: crash-matrix trace --store ./notes.ts --scenario replace',
    );
  const scenarios = flags.scenario === undefined ? [] : [flags.scenario];
  const models = [processKill.name];
  const { cells } = await selectCells(
    session,
    { stores: given.store, program, scenarios, models, holds: 'none', timeoutMs: flags.timeout * 1000 },
    Date.now(),
  );
  const runs = cells.filter(({ scenario }) => scenario.histories !== true);
  const [cell] = runs;
  if (cell === undefined) throw new UsageError('a trace is of one run, and histories are many', 'Name another --scenario.');
  if (runs.length > 1)
    throw new UsageError(
      'a trace is of one scenario, and none is named',
      `Add --scenario, with one of ${runs.map(({ scenario }) => scenario.name).join(', ')}.`,
    );
  return cell;
}

async function recordedIn(session: Session, { store, scenario }: Cell, flags: TraceCommandFlags): Promise<RecordedRun> {
  const effort = { name: GATING_EFFORT, ...EFFORTS[GATING_EFFORT], seed: 0 };
  const benches = openBenches({ ...session, effort, timeoutMs: flags.timeout * 1000, onProgress: () => {} });
  try {
    return await benches.forScenario(store, scenario, async (bench) => {
      const subject = await bench.recorded();
      if (isNotMeasured(subject)) throw new UnavailableError(`no run can be recorded: ${subject.reason}`);
      const { trace, before, notes = [], again } = subject;
      const { late } = again?.recording ?? {};
      return { trace, before, sites: await subject.sites(), notes: late === undefined ? notes : [...notes, late] };
    });
  } finally {
    await benches.close();
  }
}

function fileOf(run: RecordedRun, { store, scenario }: Pick<Cell, 'store' | 'scenario'>, { installation, cwd }: Session): TraceFile {
  const { name, catches, before, steps, next } = scenario;
  const { program } = store;
  return traceFileOf(run, {
    version: installation.version,
    platform: `${process.platform}-${process.arch}`,
    store: store.name,
    ...(program && {
      program: {
        command: [...program.command],
        directory: relative(cwd, program.directory) || '.',
        ...(program.check !== undefined && { check: program.check }),
      },
    }),
    scenario: { name, catches, before: [...before], steps: [...steps], next },
  });
}

function summary({ ops, marks, contents, store, program }: TraceFile, { output: path, check, store: named }: TraceCommandFlags): string {
  const judge =
    program === undefined ? `--store ${quoted(named ?? store)}` : check === undefined ? "--check '…'" : `--check ${quoted(check)}`;
  return [
    `wrote ${path}: ${counted(ops.length, 'op')}, ${counted(marks.length, 'acknowledgement')}, ${counted(Object.keys(contents).length, 'version')} of files`,
    '',
    `next: crash-matrix run --trace ${quoted(path)} ${judge}`,
  ].join('\n');
}
