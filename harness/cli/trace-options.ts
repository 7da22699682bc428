/** The option that gives a recorded run in place of the workload: `--trace <file>`, judged by `--store` or by `--check`. */
import { resolve } from 'node:path';
import { Option } from 'commander';
import { UsageError } from '../domain/errors.ts';
import type { LoadedStore } from '../domain/loaded-store.ts';
import { oneOf } from '../domain/nearest.ts';
import type { Program } from '../domain/program.ts';
import type { Scenario } from '../domain/scenario.ts';
import type { Contract } from '../domain/store.ts';
import type { Step } from '../domain/trace.ts';
import type { TraceFile } from '../domain/trace-file.ts';
import { quoted } from '../domain/words.ts';
import { DamagedTrace, runOfTraceFile } from '../record/trace-file.ts';
import { COMMAND_LINE, programStore } from '../store/program-store.ts';
import { readJsonFile, TRACE } from './json-file.ts';
import { type ProgramFlags, programIn } from './program-options.ts';

export interface TraceFlags {
  readonly trace?: string;
}

export const traceOption = (): Option =>
  new Option(
    '--trace <file>',
    'explore a run that "crash-matrix trace" recorded, and run no workload; --store or --check judges what is left',
  );

/** A recorded run and who judges it. */
export interface GivenTrace {
  readonly path: string;
  readonly file: TraceFile;
  /** What the store goes through: the recorded run. */
  readonly scenario: Scenario;
  /** Of a program. */
  readonly check?: string;
}

interface Given extends TraceFlags, ProgramFlags {
  readonly store: readonly string[];
  /** The store that a case id names, which judges where no other is named. */
  readonly ofCase?: string;
}

/** What a command line gives in place of stores, or of what they go through. Throws `UsageError`. */
export function workloadIn(
  words: readonly string[],
  given: Given,
  where: Parameters<typeof programIn>[2],
): { readonly program?: Program | undefined; readonly trace?: GivenTrace } {
  const trace = traceIn(words, given);
  return trace === undefined ? { program: programIn(words, given, where) } : { trace };
}

/**
 * The trace of a command line; undefined where none is given. Throws `UsageError`.
 * @internal
 */
export function traceIn(words: readonly string[], { trace: path, check, dir, setup, store, ofCase }: Given): GivenTrace | undefined {
  if (path === undefined) return undefined;
  const [beside] = [dir !== undefined && '--dir', setup !== undefined && '--setup', words.length > 0 && `"${words.join(' ')}"`].filter(
    Boolean,
  );
  if (beside !== undefined)
    throw new UsageError(`--trace stands in place of a run, and ${beside} is for one`, `Leave out ${beside}, or --trace.`);
  const file = readJsonFile('--trace', path, TRACE);
  const judge = judgeOf(file);
  const { program } = file;
  if (program === undefined ? store.length === 0 && ofCase === undefined : check === undefined)
    throw new UsageError(`nothing judges what a crash leaves: ${path} says what was on disk, and not what it is worth`, `Add ${judge}`);
  if (program === undefined ? check !== undefined : store.length > 0)
    throw new UsageError(
      program === undefined ? `${path} is of a store, and --check is for programs` : `${path} is of a program, and --store is for stores`,
      `Give ${judge}`,
    );
  if (store.length > 1) throw new UsageError('one store judges a trace, and several were named', 'Name one.');
  const recorded = runOf(path, file);
  const { name, catches, before, steps, next } = file.scenario;
  const scenario: Scenario =
    program === undefined
      ? { name, catches, before: before as Step[], steps: steps as Step[], next, recorded }
      : { ...COMMAND_LINE, recorded };
  return { path, file, scenario, ...(check !== undefined && { check }) };
}

/** The option that judges, as it would be typed. A check from a file is shown, and never run: whoever runs a command has read it. */
function judgeOf({ program, store }: TraceFile): string {
  if (program === undefined) return `--store, with the file of the store or the name of a built-in one: it was "${store}".`;
  const { check } = program;
  return check === undefined
    ? '--check, with a command that says what is there.'
    : `--check ${quoted(check)}, which is what the trace was recorded with, or another one.`;
}

function runOf(path: string, file: TraceFile): ReturnType<typeof runOfTraceFile> {
  try {
    return runOfTraceFile(file);
  } catch (error) {
    if (error instanceof DamagedTrace) throw new UsageError(`--trace ${path}: at ${error.message}`, TRACE.again);
    throw error;
  }
}

/** A program that is not run: its check looks at copies of what was recorded. */
export function checkedStore({ path, file: { store: name, program }, scenario, check = '' }: GivenTrace, cwd: string): LoadedStore {
  const [first = name, ...args] = program?.command ?? [];
  const start = scenario.recorded?.trace.trees[0] ?? new Map();
  const judged: Program = { command: [first, ...args], directory: resolve(cwd, program?.directory ?? '.'), cwd, check, start };
  return { ...programStore(judged), name, argument: name, commandLine: ['--trace', path, '--check', check], scenarios: [scenario] };
}

/** What the steps of each contract are. */
const STEPS: { readonly [contract in Contract]: readonly Step['kind'][] } = {
  value: ['save', 'update'],
  map: ['set', 'delete'],
  log: ['append'],
};

/** A store that loads what a crash leaves. Throws `UsageError` where it cannot have made such a run. */
export function tracedStore({ path, scenario }: GivenTrace, store: LoadedStore): LoadedStore {
  const { contract } = store.abilities;
  const other = [...scenario.before, ...scenario.steps].find(({ kind }) => !STEPS[contract].includes(kind));
  if (other !== undefined)
    throw new UsageError(
      `${path} has a step "${other.kind}", and ${store.name} keeps a ${contract}, with ${oneOf(STEPS[contract])}`,
      'Name the store that the trace was recorded with, or one of the same contract.',
    );
  return { ...store, commandLine: ['--trace', path], scenarios: [scenario] };
}
