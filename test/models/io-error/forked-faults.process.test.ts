/** Runs with faults that are forked, one to a child or many, come to what they come to in processes that are started. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecordedSubject } from '../../../harness/bench/subject.ts';
import { isNotMeasured } from '../../../harness/domain/sighting.ts';
import { type FaultyRun, type NotRun, runAlone, runFaults } from '../../../harness/models/io-error/fault-runs.ts';
import { labOf } from '../../../harness/models/io-error/trial.ts';
import type { Fault } from '../../../harness/record/fault.ts';
import { started } from '../../../harness/record/recorder.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { noPtrace } from '../../record/ptrace/tracing.ts';

/** Counts its saves in its module, and writes when it exits. */
const FLUSHES = `const fs = require('node:fs');
let saves = 0, here;
process.on('exit', () => here && fs.appendFileSync(here + '.exits', 'x'));
module.exports = {
  load: (dir) => (fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {}),
  save: (dir, value) => {
    here = dir;
    saves += 1;
    fs.writeFileSync(dir + '/temp', JSON.stringify({ ...value, saves }));
    fs.renameSync(dir + '/temp', dir + '/value');
  },
};`;

const THREADED = `const fs = require('node:fs'), { Worker } = require('node:worker_threads');
const worker = new Worker('const { parentPort } = require("node:worker_threads"); parentPort.on("message", (text) => parentPort.postMessage(text + " "));', { eval: true });
worker.unref();
module.exports = {
  load: (dir) => (fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {}),
  save: async (dir, value) => {
    const text = await new Promise((done) => { worker.ref(); worker.once('message', done); worker.postMessage(JSON.stringify(value)); });
    worker.unref();
    fs.writeFileSync(dir + '/temp', text);
    fs.renameSync(dir + '/temp', dir + '/value');
  },
};`;

describe.skipIf(noPtrace !== undefined || process.arch !== 'x64')('forked runs with faults', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab({ recorder: 'ptrace' });
  });
  afterAll(() => lab.close());

  /** Names have the time or a UUID in them. */
  const withoutNames = (all: unknown): unknown =>
    JSON.parse(JSON.stringify(all).replaceAll(/\d{13}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '0'));

  const seen = (run: FaultyRun | NotRun): unknown =>
    'trace' in run
      ? {
          ending: run.ending,
          marks: run.trace.marks,
          ops: run.trace.ops.map(({ call, file, error }) => `${call} ${file.path} ${error ?? ''}`),
          after: run.after,
          complaint: run.complaint?.split('\n')[0],
          left: [...run.settled.keys()],
        }
      : run.doubt;

  async function everyWay(
    subject: RecordedSubject,
    lists: readonly (readonly Fault[])[],
    bench: Parameters<typeof labOf>[0],
  ): Promise<{ readonly one: boolean; readonly many: boolean }> {
    const faults = labOf(bench, subject, undefined);
    const control = runAlone(faults, []);
    const startsAll = { ...faults, prepare: (runs: number) => started(faults.prepare(runs)) };
    const [one, many, none] = [
      await runFaults({ ...faults, isSlow: true }, lists, { control }),
      await runFaults({ ...faults, isSlow: false }, lists, { control }),
      await runFaults({ ...startsAll, isSlow: false }, lists, { control }),
    ];
    const isForked = (runs: readonly (FaultyRun | NotRun)[]): boolean => runs.filter((run) => 'forked' in run).length > lists.length / 2;
    for (const forked of [one, many]) expect(withoutNames(forked.map(seen))).toEqual(withoutNames(none.map(seen)));
    expect(none.filter((run) => 'forked' in run)).toEqual([]);
    return { one: isForked(one), many: isForked(many) };
  }

  const everyOp = ({ trace }: RecordedSubject): Fault[][] => trace.ops.map(({ index }) => [{ kind: 'errno', op: index, errno: 'EIO' }]);

  test.each(['copy-then-replace-unsynced', 'in-place'])('of %s', async (name) => {
    await lab.on(await lab.builtIn(name), { scenario: 'replace' }, async ({ bench }) => {
      const subject = await bench.recorded();
      if (isNotMeasured(subject)) throw new Error(subject.reason);
      expect(await everyWay(subject, everyOp(subject), bench)).toEqual({ one: true, many: true });
    });
  });

  test('of a store that counts in its module and has an exit handler: one instance, which has not been used', async () => {
    await lab.on(lab.store(FLUSHES), { scenario: 'save-twice' }, async ({ bench }) => {
      const subject = await bench.recorded();
      if (isNotMeasured(subject)) throw new Error(subject.reason);
      expect(await everyWay(subject, everyOp(subject), bench)).toEqual({ one: true, many: true });
    });
  });

  test('of a store whose import starts a thread, in children that evaluate it themselves', async () => {
    await lab.on(lab.store(THREADED), { scenario: 'replace' }, async ({ bench }) => {
      const subject = await bench.recorded();
      if (isNotMeasured(subject)) throw new Error(subject.reason);
      expect(await everyWay(subject, everyOp(subject), bench)).toEqual({ one: true, many: true }); // many to a child, which evaluates it;
    });
  });
});
