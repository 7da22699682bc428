/** Real runs under ptrace: whether this machine allows them, and a recorder for small stores that are written down as text. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json, Op, Step } from '../../../harness/domain/trace.ts';
import { findInstallation } from '../../../harness/machine/installation.ts';
import type { KillState } from '../../../harness/models/crash/crash-state.ts';
import { kill } from '../../../harness/models/process-kill/kill.ts';
import { killStates } from '../../../harness/models/process-kill/kill-states.ts';
import type { CellFile } from '../../../harness/protocol/cell-file.ts';
import { startPtraceRecorder } from '../../../harness/record/ptrace/recorder.ts';
import { type NotRecorded, type Recording, type RecordRequest, record } from '../../../harness/record/record.ts';
import type { Recorder, RunPlan, RunReport } from '../../../harness/record/recorder.ts';
import { temporaryDirectory } from '../../lab/temporary.ts';

const installation = findInstallation(import.meta.url);
/** Marks every process that these tests start, so that one which is left behind is seen. */
export const TRACED_BY = { name: 'CRASH_TEST_TRACED_BY', value: String(process.pid) };
const ENV = { PATH: process.env.PATH ?? '', [TRACED_BY.name]: TRACED_BY.value };

/** Undefined where ptrace works, else why it does not. Asked once for each process of the tests. */
export const noPtrace: string | undefined = await startRecorder().then(
  async (recorder) => void (await recorder.close()),
  (error: Error) => error.message,
);

export const hasPython: boolean = spawnSync('python3', ['-c', '']).status === 0;

function startRecorder(): Promise<Recorder> {
  return startPtraceRecorder({ inFlight: 3, tracer: installation.tracer, cwd: installation.root, env: ENV });
}

/** A store as it is written down: the body of `save(dir, value)`, in which `fs`, `fsp`, `path`, `child` and `at(name)` are known. */
export interface StoreText {
  readonly save: string;
  /** Code outside the functions. */
  readonly top?: string;
  /** What lies in the directory before, made by the same process before recording begins. */
  readonly before?: string;
}

export interface Lab {
  readonly root: string;
  readonly recorder: Recorder;
  /** A cell that saves these values with the store. */
  cell(store: StoreText, values?: readonly Json[]): RecordRequest & { readonly timeoutMs: number };
  record(
    store: StoreText,
    values?: readonly Json[],
  ): Promise<{ readonly request: RecordRequest; readonly recording: Recording | NotRecorded }>;
  run(request: RecordRequest, plan: RunPlan, timeoutMs?: number): Promise<RunReport & { readonly directory: string }>;
  close(): Promise<void>;
}

/** What comes before `save` of every store. */
const HEAD = `'use strict';
const fs = require('node:fs'), fsp = fs.promises, path = require('node:path'), child = require('node:child_process');
let here = '';
const at = (name) => path.join(here, name);
const text = (pages, letter = 'x') => letter.repeat(pages * 4096);
`;

export async function openLab(): Promise<Lab> {
  const root = temporaryDirectory();
  const recorder = await startRecorder();
  let count = 0;
  const cell: Lab['cell'] = ({ save, top = '', before = '' }, values = ['A']) => {
    count += 1;
    const [bundle, cellFile] = [join(root, `${count}.cjs`), join(root, `${count}.json`)];
    const body = (code: string): string => `here = dir; ${code}`;
    writeFileSync(
      bundle,
      `${HEAD}${top}\nlet prepared = false;
module.exports = {
  save: async (dir, value) => {
    if (!prepared) { prepared = true; ${body(before)}; return; }
    ${body(save)}
  },
  load: () => undefined,
};\n`,
    );
    const steps = values.map((value): Step => ({ kind: 'save', value }));
    writeFileSync(cellFile, JSON.stringify({ bundle, before: [{ kind: 'save', value: null }], steps, next: null } satisfies CellFile));
    const number = count;
    let runs = 0;
    return {
      timeoutMs: 20_000,
      prepare: () => {
        runs += 1;
        const [directory, spool] = [join(root, `${number}-${runs}`), join(root, `${number}-${runs}-spool`)];
        mkdirSync(directory);
        mkdirSync(spool);
        return { args: [installation.workload, cellFile], directory, spool, env: ENV, timeoutMs: 20_000 };
      },
      complaint: (directory) => {
        try {
          return readFileSync(`${directory}.complaint`, 'utf8');
        } catch {
          return undefined;
        }
      },
    };
  };
  return {
    root,
    recorder,
    cell,
    record: async (store, values) => {
      const request = cell(store, values);
      return { request, recording: await record(recorder, request) };
    },
    run: async ({ prepare }, plan, timeoutMs = 20_000) => {
      const request = prepare();
      return { ...(await recorder.run({ ...request, plan, timeoutMs })), directory: request.directory };
    },
    close: async () => {
      await recorder.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Throws where a store that must be recorded was not. */
export function recorded(recording: Recording | NotRecorded): Recording {
  if ('reason' in recording) throw new Error(recording.reason);
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

/** Kills a child at every state of the recording. Returns the directory that it left, state by state; throws if one was not killed there. */
export function killEverywhere(lab: Lab, recording: Recording, { prepare }: RecordRequest): Promise<[KillState, string][]> {
  const states = killStates(recording.trace).states.filter(({ how }) => how === 'killed');
  return Promise.all(
    states.map(async (state): Promise<[KillState, string]> => {
      const left = await kill(lab.recorder, { recording, prepare }, state, 'case');
      if (typeof left !== 'string') throw new Error(left.reason);
      return [state, left];
    }),
  );
}
