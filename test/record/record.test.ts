/** What two runs of a cell make: a recording, or the reason why it cannot be made. The test gives the runs; no process runs. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { RawEnd, RawEvent, RawMark, RawOp } from '../../harness/domain/events.ts';
import type { Tree } from '../../harness/domain/trace.ts';
import { spoolTree } from '../../harness/domain/tree.ts';
import { PTRACE } from '../../harness/record/ptrace/recorder.ts';
import { type RecordRequest, record, recordOnce } from '../../harness/record/record.ts';
import type { Recorder, RunPlan } from '../../harness/record/recorder.ts';
import { freshDirectory } from '../lab/temporary.ts';

/** An op with the tree after it, a mark, or the end. */
type Given = RawMark | RawEnd | RawOp | readonly [RawOp, Tree];
type Run = readonly Given[];

const op = (call: RawOp['call'], path: string, parts: Partial<RawOp> = {}): RawOp => ({
  kind: 'op',
  call,
  via: call,
  path,
  id: 1,
  process: 0,
  ...parts,
});
const resolved: RawMark = { kind: 'resolved', step: 0 };
const finished: RawEnd = { kind: 'end', how: 'finished' };

/** A save of `live` by way of a temp file. */
function save({ temp = 'temp', text = 'B' }: { temp?: string; text?: string } = {}): Run {
  const before = { live: 'A' };
  return [
    [op('open', temp, { flags: ['write', 'create'] }), treeOf({ ...before, [temp]: '' })],
    [op('write', temp, { range: { offset: 0, length: text.length } }), treeOf({ ...before, [temp]: text })],
    [op('rename', temp, { to: { path: 'live', id: 2 } }), treeOf({ live: text })],
    resolved,
    finished,
  ];
}

interface ScriptedRecorder extends Recorder {
  readonly plans: RunPlan[];
}

/** A recorder whose runs go as given; the last one again and again. */
const recorderOf = (...runs: readonly Run[]): ScriptedRecorder => recorderFrom([{ live: 'A' }], runs);

/** Each run begins with the files of its number, the last ones again and again. */
function recorderFrom(starts: readonly { readonly [path: string]: string }[], runs: readonly Run[]): ScriptedRecorder {
  const plans: RunPlan[] = [];
  return {
    ...PTRACE,
    inFlight: 1,
    plans,
    run: async ({ spool, plan }) => {
      const run = runs[Math.min(plans.length, runs.length - 1)] ?? [];
      const files = starts[Math.min(plans.length, starts.length - 1)] ?? {};
      plans.push(plan);
      const start: RawEvent = { kind: 'start', tree: spoolTree(treeOf(files), spool) };
      const events = run.map((given): RawEvent => ('kind' in given ? given : { ...given[0], tree: spoolTree(given[1], spool) }));
      return { pid: 1000 + plans.length, events: [start, ...events] };
    },
    close: async () => {},
  };
}

function request(complaint?: string): RecordRequest {
  const root = freshDirectory();
  let count = 0;
  return {
    prepare: () => {
      count += 1;
      const [directory, spool] = [join(root, `${count}`), join(root, `${count}-spool`)];
      mkdirSync(spool);
      return { args: [], directory, spool, env: {}, timeoutMs: 1000 };
    },
    complaint: () => complaint,
  };
}

describe('two runs that do the same', () => {
  test('are a trace, and an order to follow', async () => {
    const recorder = recorderOf(save());
    const recording = await record(recorder, request());
    const order = ['open temp [write create]', 'write temp', 'rename temp -> live', 'step 1 resolved'];
    expect(recording).toMatchObject({
      order,
      pid: 1001,
      endDirectory: expect.stringMatching(/\/2$/),
      trace: {
        recorder: 'ptrace',
        ops: [
          { index: 1, call: 'open', flags: ['write', 'create'], file: { path: 'temp', actual: 'temp' } },
          { index: 2, call: 'write', range: { offset: 0, length: 1 } },
          { index: 3, call: 'rename', file: { id: 1 }, to: { path: 'live', id: 2 } },
        ],
        marks: [{ kind: 'resolved', step: 0, afterOp: 3 }],
        trees: [treeOf({ live: 'A' }), treeOf({ live: 'A', temp: '' }), treeOf({ live: 'A', temp: 'B' }), treeOf({ live: 'B' })],
        variation: { names: [], contents: new Set() },
        unmeasured: [],
      },
    });
    expect(recorder.plans).toEqual([{ kind: 'observe' }, { kind: 'follow', order, names: [], matching: 'alike' }]);
  });

  test('teach what is random in names, and name it so', async () => {
    const recording = await record(recorderOf(save({ temp: 'live.0a1b' }), save({ temp: 'live.77cc' })), request());
    expect(recording).toMatchObject({
      order: ['open live.<random> [write create]', 'write live.<random>', 'rename live.<random> -> live', 'step 1 resolved'],
      trace: {
        ops: [{ file: { path: 'live.<random>', actual: 'live.0a1b' } }, {}, { to: { path: 'live' } }],
        variation: { names: [{ prefix: 'live.', suffix: '', charset: 'hex' }] },
      },
    });
  });

  test('teach what an earlier process made up in names', async () => {
    const writes = (start: string): Run => [
      [op('write', 'live', { range: { offset: 0, length: 1 } }), treeOf({ [start]: 'x', live: 'B' })],
      resolved,
      finished,
    ];
    const recorder = recorderFrom([{ 'v.812.0': 'x' }, { 'v.815.0': 'x' }], [writes('v.812.0'), writes('v.815.0')]);
    expect(await record(recorder, request())).toMatchObject({
      trace: { variation: { names: [{ prefix: 'v.', suffix: '.0', charset: 'digits' }] } },
    });
  });

  test('teach which contents are made up afresh', async () => {
    const recording = await record(recorderOf(save({ text: 'nonce 17' }), save({ text: 'nonce 42' })), request());
    expect(recording).toMatchObject({ trace: { variation: { contents: new Set(['temp', 'live']) } } });
  });

  test.each([
    ['times', 'saved at 1732264512345', 'saved at 1732264519999'],
    ['times in words', '"2026-11-22T08:07:06.123Z"', '"2026-11-22T08:07:07.999Z"'],
    ['the number of the process', 'pid 1001', 'pid 1002'],
  ])('contents may differ in %s', async (_, one, other) => {
    const recording = await record(recorderOf(save({ text: one }), save({ text: other })), request());
    expect(recording).toMatchObject({ trace: { variation: { contents: new Set() } } });
  });

  test('an unchanged tree is the same object', async () => {
    const quiet: Run = [op('stat', 'live'), [op('chmod', 'live'), treeOf({ live: 'A' })], resolved, finished];
    const recording = await record(recorderOf(quiet), request());
    if ('reason' in recording) throw new Error(recording.reason);
    expect(new Set(recording.trace.trees).size).toBe(1);
  });

  test('what the store threw when its steps had resolved is given, once the recording is there', async () => {
    expect(await record(recorderOf(save()), request())).not.toHaveProperty('late');
    expect(await record(recorderOf(save()), request('Error: too late\n    at Timeout (store.js:1)'))).toMatchObject({
      late: 'after step 1 resolved, the store threw: Error: too late',
    });
  });

  test('what could not be recorded is reported', async () => {
    const recording = await record(
      recorderOf([...save().slice(0, -1), { kind: 'unmeasured', what: 'mmap of a' } as never, finished]),
      request(),
    );
    expect(recording).toMatchObject({ trace: { unmeasured: ['mmap of a'] } });
  });
});

describe('two runs that differ are no recording', () => {
  const [open, write, rename] = save() as [Given, Given, Given];
  const dropped: Run = [open, write, resolved, finished];
  test.each<[string, Run, string]>([
    ['in the number of ops', dropped, 'nondeterministic: 3 ops in the first run, 2 in the second'],
    [
      'in how an op ended',
      [open, op('write', 'temp', { error: 'ENOSPC' }), rename, resolved, finished],
      'nondeterministic: op 2 ended differently in two runs',
    ],
    [
      'in files',
      [open, [op('write', 'temp'), treeOf({ live: 'A', temp: 'B', more: '' })], rename, resolved, finished],
      'nondeterministic: after op 2 two runs left different files: found more (file 600, 0 bytes da39a3ee5e6b)',
    ],
    [
      'in modes',
      [open, [op('write', 'temp'), treeOf({ live: 'A', temp: { text: 'B', mode: 0o644 } })], rename, resolved, finished],
      'nondeterministic: after op 2 two runs left different files: expected temp (file 600',
    ],
    [
      'in their order',
      [open, { kind: 'end', how: 'diverged', at: 1, expected: 'write temp', got: 'rename temp -> live' }],
      'nondeterministic: event 2 was "write temp" in the first run, "rename temp -> live" in the second',
    ],
    ['in their end', [open, { kind: 'end', how: 'exited', code: 3 }], 'nondeterministic: the first run finished, the second exited'],
  ])('%s', async (_, second, reason) => {
    const recorder = recorderOf(save(), second, save(), second, save(), second);
    expect(await record(recorder, request())).toEqual({ reason: expect.stringContaining(reason) });
    expect(recorder.plans).toHaveLength(6);
  });

  test('unless a later pair does not', async () => {
    const recorder = recorderOf(save(), dropped, save());
    expect(await record(recorder, request())).toHaveProperty('trace');
    expect(recorder.plans).toHaveLength(4);
  });

  // Marks are not compared.
  test('in how a step ended', async () => {
    const rejects: Run = [open, write, rename, { kind: 'rejected', step: 0 }, finished];
    expect(await record(recorderOf(save(), rejects, save(), rejects, save(), rejects), request())).toHaveProperty('reason');
  });
});

describe('a run without a crash that goes wrong is no recording', () => {
  const rejected: RawMark = { kind: 'rejected', step: 0 };
  test.each<[string, Run, string | undefined, string]>([
    ['no op', [resolved, finished], undefined, 'the store never touched its directory: there is no place to crash'],
    ['a step that rejects', [op('stat', 'live'), rejected, finished], undefined, 'step 1 rejected with no crash'],
    ['and says why', [rejected, finished], 'Error: no\n    at save (store.js:1)', 'step 1 rejected with no crash: Error: no'],
    ['or the recorder does', [{ ...rejected, message: 'Error: no' }, finished], undefined, 'step 1 rejected with no crash: Error: no'],
    [
      'the second step rejects',
      [op('stat', 'live'), resolved, { ...rejected, step: 1 }, finished],
      undefined,
      'step 2 rejected with no crash',
    ],
    [
      'an exit',
      [op('stat', 'live'), { kind: 'end', how: 'exited', code: 7 }],
      undefined,
      'the store ended its process in step 1 (exit code 7)',
    ],
    [
      'an exit in the second step',
      [resolved, { kind: 'end', how: 'exited', code: 0 }],
      undefined,
      'the store ended its process in step 2 (exit code 0)',
    ],
    [
      'an error outside all steps',
      [{ kind: 'end', how: 'exited', code: 1 }],
      'TypeError: x\n  at',
      'the store ended its process in step 1 (exit code 1): TypeError: x',
    ],
    [
      'a step that waits for nothing',
      [resolved, { kind: 'end', how: 'exited', code: 87 }],
      undefined,
      'step 2 never settled, and nothing was left that could',
    ],
    ['a signal', [{ kind: 'end', how: 'crashed', signal: 'SIGSEGV' }], undefined, "the store's process died in step 1 (SIGSEGV)"],
    [
      'time runs out',
      [resolved, { kind: 'end', how: 'timed-out', afterMs: 1500 }],
      undefined,
      'step 2 did not settle within 1.5 s, with no crash',
    ],
  ])('%s', async (_, run, complaint, reason) => {
    const recorder = recorderOf(run);
    expect(await record(recorder, request(complaint))).toEqual({ reason });
    expect(recorder.plans).toHaveLength(1);
  });
});

test('a single run names files with the id of its process alike, whatever counter stands beside it', async () => {
  const known = { names: [{ prefix: 'live.', suffix: '.3', charset: 'digits' as const, except: [] }], contents: new Set<string>() };
  const namesIn = async (temp: string): Promise<string | undefined> => {
    const trace = await recordOnce(recorderOf(save({ temp })), request(), { variation: known });
    return 'ops' in trace ? trace.ops[0]?.file.path : trace.reason;
  };
  expect(await namesIn('live.1001.3')).toBe('live.<random>.3');
  expect(await namesIn('live.1001.0')).toBe('live.<random>.0');
  expect(await namesIn('live.1002.0')).toBe('live.1002.0');
  expect(await namesIn('live1001')).toBe('live1001');
});
