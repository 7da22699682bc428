import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../../harness/calibrate/tree-sketch.ts';
import { HarnessError } from '../../../harness/domain/errors.ts';
import type { RawEnd, RawEvent, RawOp } from '../../../harness/domain/events.ts';
import type { KillState } from '../../../harness/models/crash/crash-state.ts';
import { kill } from '../../../harness/models/process-kill/kill.ts';
import { PTRACE } from '../../../harness/record/ptrace/recorder.ts';
import type { Recording } from '../../../harness/record/record.ts';
import type { Recorder, RunRequest } from '../../../harness/record/recorder.ts';
import { freshDirectory } from '../../lab/temporary.ts';
import { traceOf } from '../../lab/traces.ts';

const TREES = [treeOf({ live: 'A' }), treeOf({ live: 'A', temp: 'B' }), treeOf({ live: 'B' })] as const;
const trace = traceOf({
  before: TREES[0],
  ops: [
    [{ call: 'write', path: 'temp' }, TREES[1]],
    [{ call: 'rename', path: 'temp', to: 'live' }, TREES[2]],
    { call: 'stat', path: 'live' },
  ],
});
const recording: Recording = {
  trace,
  order: ['write temp', 'rename temp -> live', 'stat live'],
  pid: 1,
  endDirectory: '/nowhere',
};
/** After the second op, before the third. */
const state: KillState = { at: { op: 2 }, how: 'killed', tree: TREES[2], promisedAt: 2, points: [{ op: 2 }] };

const write: RawOp = { kind: 'op', call: 'write', via: 'write', path: 'temp', id: 0, process: 0 };
const rename: RawOp = { ...write, call: 'rename', to: { path: 'live', id: 0 } };
const killed: RawEnd = { kind: 'end', how: 'killed', signal: 'SIGKILL' };

interface Told {
  readonly events: readonly RawEvent[];
  /** What lies in the directory afterwards. */
  readonly left?: { readonly [name: string]: string };
}

/** A recorder that reports the same of every run. */
function recorderThat({ events, left = { live: 'B' } }: Told): Recorder & { readonly runs: RunRequest[] } {
  const runs: RunRequest[] = [];
  return {
    ...PTRACE,
    inFlight: 1,
    runs,
    run: async (request) => {
      runs.push(request);
      for (const [name, text] of Object.entries(left)) writeFileSync(join(request.directory, name), text, { mode: 0o600 });
      return { pid: 2, events };
    },
    close: async () => {},
  };
}

function prepareIn(root: string): () => Omit<RunRequest, 'plan'> {
  let count = 0;
  return () => {
    count += 1;
    const [directory, spool] = [join(root, `${count}`), join(root, `${count}-spool`)];
    mkdirSync(directory);
    mkdirSync(spool);
    return { args: [], directory, spool, env: {}, timeoutMs: 1000 };
  };
}

test('a kill that went as recorded gives the directory that it left', async () => {
  const recorder = recorderThat({ events: [write, rename, killed] });
  const root = freshDirectory();
  expect(await kill(recorder, { recording, prepare: prepareIn(root) }, state, 'a/b/process-kill@2')).toBe(join(root, '1'));
  expect(recorder.runs.map(({ plan }) => plan)).toEqual([{ kind: 'kill', order: recording.order, names: [], at: { op: 2 } }]);
});

describe('a contradiction of the harness, never a pass', () => {
  test.each<[string, Told, string]>([
    ['another wait status', { events: [write, rename, { ...killed, signal: 'SIGTERM' }] }, 'wait status is SIGTERM, not SIGKILL'],
    ['an exit instead of a signal', { events: [write, rename, { ...killed, signal: 'exit 0' }] }, 'wait status is exit 0'],
    ['too few ops', { events: [write, killed] }, 'killed after 1 ops'],
    ['too many ops', { events: [write, rename, { ...write, call: 'stat', path: 'live' }, killed] }, 'killed after 3 ops'],
    [
      'other ops, as many as were recorded',
      { events: [write, { ...write, call: 'fsync' }, killed] },
      'op 2 of the killed child was another than "rename temp -> live"',
    ],
    ['a file too many', { events: [write, rename, killed], left: { live: 'B', temp: 'B' } }, 'found temp (file 600'],
    ['a file too few', { events: [write, rename, killed], left: {} }, 'expected live (file 600'],
    ['other contents', { events: [write, rename, killed], left: { live: 'A' } }, 'expected live (file 600'],
  ])('%s', async (_, reported, message) => {
    const attempt = kill(recorderThat(reported), { recording, prepare: prepareIn(freshDirectory()) }, state, 'a/b/process-kill@2');
    await expect(attempt).rejects.toThrow(HarnessError);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow('a/b/process-kill@2: ');
  });
});

describe('a run that goes another way is tried three times, and then reported', () => {
  test.each<[string, Told, string]>([
    [
      'it diverged',
      { events: [write, { kind: 'end', how: 'diverged', at: 1, expected: 'rename temp -> live', got: 'unlink temp' }] },
      'nondeterministic: event 2 was "rename temp -> live" when recorded, "unlink temp" in a later run',
    ],
    [
      'it ended by itself',
      { events: [write, { kind: 'end', how: 'finished' }] },
      'nondeterministic: the run ended by itself before op 3 (finished)',
    ],
    [
      'it exited',
      { events: [{ kind: 'end', how: 'exited', code: 7 }] },
      'nondeterministic: the run ended by itself before op 3 (exit code 7)',
    ],
    [
      'it crashed',
      { events: [{ kind: 'end', how: 'crashed', signal: 'SIGSEGV' }] },
      'nondeterministic: the run ended by itself before op 3 (SIGSEGV)',
    ],
    [
      'it took too long',
      { events: [{ kind: 'end', how: 'timed-out', afterMs: 9 }] },
      'nondeterministic: the run ended by itself before op 3 (timed-out)',
    ],
    ['an op failed', { events: [write, { ...rename, error: 'EPERM' }, killed] }, 'nondeterministic: op 2 ended differently in a later run'],
  ])('%s', async (_, reported, reason) => {
    const recorder = recorderThat(reported);
    expect(await kill(recorder, { recording, prepare: prepareIn(freshDirectory()) }, state, 'id')).toEqual({ reason });
    expect(recorder.runs).toHaveLength(3);
    expect(new Set(recorder.runs.map(({ directory }) => directory)).size).toBe(3);
  });

  test('unless a later one does as recorded', async () => {
    const diverged: RawEvent[] = [{ kind: 'end', how: 'diverged', at: 0, expected: 'write temp', got: 'stat live' }];
    const [another, right] = [recorderThat({ events: diverged }), recorderThat({ events: [write, rename, killed] })];
    let runs = 0;
    const recorder: Recorder = { ...right, run: (request) => (++runs === 1 ? another : right).run(request) };
    const root = freshDirectory();
    expect(await kill(recorder, { recording, prepare: prepareIn(root) }, state, 'id')).toBe(join(root, '2'));
  });
});
