/** Real runs under ptrace: whether this machine allows them, and runs of small stores that are written down as text. */
import { spawnSync } from 'node:child_process';
import { ScenarioRuns } from '../../../harness/bench/scenario-runs.ts';
import { isNotMeasured, type NotMeasured } from '../../../harness/domain/sighting.ts';
import type { Json, Op, Step } from '../../../harness/domain/trace.ts';
import { findInstallation } from '../../../harness/machine/installation.ts';
import { kill } from '../../../harness/models/process-kill/kill.ts';
import { killStates } from '../../../harness/models/process-kill/kill-states.ts';
import { startPtraceRecorder } from '../../../harness/record/ptrace/recorder.ts';
import { type Recording, type RecordRequest, record } from '../../../harness/record/record.ts';
import type { RunPlan, RunReport } from '../../../harness/record/recorder.ts';
import { type Lab, openLab } from '../../lab/lab.ts';

const installation = findInstallation(import.meta.url);
const TIMEOUT_MS = 20_000;

/** Undefined where ptrace works, else why it does not. Asked once for each process of the tests. */
export const noPtrace: string | undefined = await startPtraceRecorder({
  inFlight: 1,
  tracer: installation.tracer,
  cwd: installation.root,
  env: { PATH: process.env.PATH ?? '' },
}).then(
  async (recorder) => void (await recorder.close()),
  (error: Error) => error.message,
);

/** The interpreter itself: `python3` may be a script that looks for it at every start. Undefined on a machine without one. */
export const pythonPath: string | undefined =
  spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout?.trim() || undefined;

/** A store as it is written down: the body of `save(dir, value)`, in which `fs`, `fsp`, `path`, `child` and `at(name)` are known. */
export interface StoreText {
  readonly save: string;
  /** Code outside the functions. */
  readonly top?: string;
  /** What lies in the directory before, made by the same process before recording begins. */
  readonly before?: string;
}

export interface Tracing extends Lab {
  /** Runs that save these values with the store. */
  runs(store: StoreText, values?: readonly Json[]): RecordRequest;
  record(
    store: StoreText,
    values?: readonly Json[],
  ): Promise<{ readonly request: RecordRequest; readonly recording: Recording | NotMeasured }>;
  run(request: RecordRequest, plan: RunPlan, timeoutMs?: number): Promise<RunReport & { readonly directory: string }>;
}

/** What comes before `save` of every store. */
const HEAD = `'use strict';
const fs = require('node:fs'), fsp = fs.promises, path = require('node:path'), child = require('node:child_process');
let here = '';
const at = (name) => path.join(here, name);
const text = (pages, letter = 'x') => letter.repeat(pages * 4096);
`;

function sourceOf({ save, top = '', before = '' }: StoreText): string {
  const body = (code: string): string => `here = dir; ${code}`;
  return `${HEAD}${top}\nlet prepared = false;
module.exports = {
  save: async (dir, value) => {
    if (!prepared) { prepared = true; ${body(before)}; return; }
    ${body(save)}
  },
  load: () => undefined,
};\n`;
}

/** Throws where ptrace does not work. */
export async function openTracing(): Promise<Tracing> {
  const lab = await openLab({ recorder: 'ptrace', inFlight: 3 });
  const runs: Tracing['runs'] = (store, values = ['A']) => {
    const steps = values.map((value): Step => ({ kind: 'save', value }));
    const scenario = { name: 'traced', catches: '', before: [{ kind: 'save', value: null }] as const, steps, next: null };
    return new ScenarioRuns(lab.store(sourceOf(store)), scenario, { ...lab, timeoutMs: TIMEOUT_MS });
  };
  return {
    ...lab,
    runs,
    record: async (store, values) => {
      const request = runs(store, values);
      return { request, recording: await record(lab.recorder, request) };
    },
    run: async ({ prepare }, plan, timeoutMs = TIMEOUT_MS) => {
      const request = prepare();
      return { ...(await lab.recorder.run({ ...request, plan, timeoutMs })), directory: request.directory };
    },
  };
}

/** Throws where a store that must be recorded was not. */
export function recorded(recording: Recording | NotMeasured): Recording {
  if (isNotMeasured(recording)) throw new Error(recording.reason);
  return recording;
}

const QUIET: ReadonlySet<string> = new Set(['close', 'read', 'stat', 'access', 'readdir', 'readlink']);
const READS: ReadonlySet<string> = new Set(['read', 'directory']);

/** `call path[ -> to][ = error][ by process]`, without the calls that change nothing. */
export function linesOf(ops: readonly Op[]): string[] {
  const quiet = ({ call, flags }: Op): boolean => QUIET.has(call) || (call === 'open' && (flags ?? []).every((flag) => READS.has(flag)));
  return ops.filter((op) => !quiet(op)).map(lineOf);
}

function lineOf({ call, file, to, error, process }: Op): string {
  return `${call} ${file.path}${to === undefined ? '' : ` -> ${to.path}`}${error === undefined ? '' : ` = ${error}`}${process === 0 ? '' : ` by ${process}`}`;
}

/** Kills a child at every state of the recording: the directory that each left. */
export async function killEverywhere(
  { recorder }: Lab,
  recording: Recording,
  { prepare }: Pick<RecordRequest, 'prepare'>,
): Promise<string[]> {
  const states = killStates(recording.trace).states.filter(({ how }) => how === 'killed');
  const left = await Promise.all(states.map((state) => kill(recorder, { recording, prepare }, state, 'case')));
  return left.map((directory) => {
    if (typeof directory !== 'string') throw new Error(directory.reason);
    return directory;
  });
}
