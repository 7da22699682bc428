/** Runs that are forked from a process which has evaluated the store: which are, and that they do what a started process does. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { opsOf } from '../../../harness/record/record.ts';
import type { RunPlan, RunReport } from '../../../harness/record/recorder.ts';
import { noPtrace, openTracing, recorded, type StoreText, type Tracing } from './tracing.ts';

/** Writes what it knows of its process. */
const SAVES = (what: string): string => `fs.writeFileSync(at('live'), String(${what}));`;
const OBSERVE: RunPlan = { kind: 'observe' };

describe.skipIf(noPtrace !== undefined || process.arch !== 'x64')('fork servers', () => {
  let lab: Tracing;
  beforeAll(async () => {
    lab = await openTracing();
  });
  afterAll(() => lab.close());

  /** What `observe` runs wrote, and whether they were forked. */
  async function observed(store: StoreText, runs = 2): Promise<{ readonly forked: boolean[]; readonly wrote: string[] }> {
    const request = lab.runs(store);
    const all = [];
    for (let run = 0; run < runs; run += 1) all.push(await lab.run(request, OBSERVE));
    return {
      forked: all.map(({ forked }) => forked === true),
      wrote: all.map(({ directory }) => readFileSync(join(directory, 'live'), 'utf8')),
    };
  }

  test('an import that does nothing is done once for all runs', async () => {
    const { forked, wrote } = await observed({
      top: 'let calls = 0; globalThis.evaluations = (globalThis.evaluations ?? 0) + 1;',
      save: `calls += 1; ${SAVES('[process.pid, process.argv.length, calls, globalThis.evaluations]')}`,
    });
    expect(forked).toEqual([true, true]);
    const [one = '', other = ''] = wrote;
    expect(one.split(',')[0]).not.toBe(other.split(',')[0]); // each child has its own id
    expect(wrote.map((text) => text.split(',').slice(1))).toEqual([
      ['4', '1', '1'],
      ['4', '1', '1'],
    ]);
  });

  test.each([
    ['random numbers', 'Math.random()'],
    ['random bytes', `require('node:crypto').randomBytes(8).toString('hex')`],
    ['UUIDs', `require('node:crypto').randomUUID()`],
    ['a random number, by a function that the import kept', 'kept()'],
  ])('children have their own %s', async (_, what) => {
    const { forked, wrote } = await observed({ top: 'const kept = Math.random;', save: SAVES(what) }, 3);
    expect(forked).toEqual([true, true, true]);
    expect(new Set(wrote).size).toBe(3);
  });

  test('an exit handler of the import writes, as it does in a started process', async () => {
    const { forked, wrote } = await observed({
      top: `process.on('exit', (code) => fs.appendFileSync(at('live'), ' exit ' + code));`,
      save: SAVES(`'saved'`),
    });
    expect(forked).toEqual([true, true]);
    expect(wrote).toEqual(['saved exit 0', 'saved exit 0']);
  });

  test.each([
    ['the clock', 'const id = Date.now();'],
    ['a date', 'const id = +new Date();'],
    ['the performance clock', 'const id = performance.now();'],
    ['the high-resolution clock', 'const id = process.hrtime.bigint();'],
    ['the process id', 'const id = process.pid;'],
    ['chance', 'const id = Math.random();'],
    ['a UUID', `const id = require('node:crypto').randomUUID();`],
    ['a UUID of the kernel', `const id = fs.readFileSync('/proc/sys/kernel/random/uuid', 'utf8');`],
    ['what a program writes', `const id = child.execSync('cat /proc/sys/kernel/random/uuid');`],
  ])('an import that reads %s is not shared', async (_, top) => {
    const { forked, wrote } = await observed({ top, save: SAVES('id') });
    expect(forked).toEqual([false, false]);
    expect(wrote[0]).not.toBe(wrote[1]);
  });

  test.each([
    ['a lock', `fs.writeFileSync(__filename + '.lock', '1');`],
    ['a file that stays open', `fs.openSync(__filename, 'r');`],
    ['a socket', `require('node:net').createServer().listen(0).unref();`],
    ['a timer', `setInterval(() => {}, 1000).unref();`],
    ['a worker', `new (require('node:worker_threads').Worker)('setInterval(() => {}, 1000)', { eval: true }).unref();`],
  ])('an import that keeps %s is started in each run', async (_, top) => {
    expect((await observed({ top, save: SAVES('1') })).forked).toEqual([false, false]);
  });

  test('exit handlers of an import that is not shared run in runs only', async () => {
    const log = join(lab.root, 'exits');
    const exits = `process.on('exit', () => fs.appendFileSync(${JSON.stringify(log)}, process.argv.length + '\\n'));`;
    await observed({ top: `${exits} setInterval(() => {}, 1000).unref();`, save: SAVES('1') });
    expect(readFileSync(log, 'utf8')).toBe('4\n4\n');
  });

  test('an import that throws or ends its process fails as in a started process', async () => {
    for (const top of [`throw new Error('no');`, `process.exit(3);`]) {
      const { forked, events } = await lab.run(lab.runs({ top, save: '' }), OBSERVE);
      expect(forked).not.toBe(true);
      expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'exited' });
    }
  });

  test('a store that throws out of turn ends with code 1, forked or not', async () => {
    for (const top of ['', 'const id = process.pid;']) {
      const store: StoreText = { top, save: `setImmediate(() => { throw new Error('late'); }); await new Promise(() => {});` };
      const { events, directory } = await lab.run(lab.runs(store), OBSERVE);
      expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'exited', code: 1 });
      expect(readFileSync(`${directory}.complaint`, 'utf8')).toContain('Error: late');
    }
  });

  test('only kills are forked of an import that reads the clock', async () => {
    const { request, recording } = await lab.record({ top: 'const started = Date.now();', save: `fs.writeFileSync(at('live'), 'saved');` });
    const { order, trace } = recorded(recording);
    const plan: RunPlan = { kind: 'kill', order, names: trace.variation.names, at: { op: 1 } };
    expect((await lab.run(request, plan)).forked).toBe(true);
    expect((await lab.run(request, { kind: 'follow', order, names: trace.variation.names, matching: 'same' })).forked).toBe(false);
  });

  test('a store that starts programs, threads and promises does the same ops, forked or not', async () => {
    const save = `
      await fsp.writeFile(at('temp'), 'x');
      child.execFileSync('cp', [at('temp'), at('copy')]);
      await new Promise((resolve) => new (require('node:worker_threads').Worker)('require("node:fs").writeFileSync(process.argv[2], "w")', { eval: true, argv: [at('worker')] }).on('exit', resolve));
      await fsp.rename(at('temp'), at('live'));`;
    const [forked, started] = [await lab.run(lab.runs({ save }), OBSERVE), await lab.run(lab.runs({ top: 'process.pid;', save }), OBSERVE)];
    expect([forked.forked, started.forked]).toEqual([true, false]);
    const opsIn = ({ events }: RunReport): string[] => opsOf(events).map(({ call, path, process }) => `${process} ${call} ${path}`);
    expect(opsIn(forked)).toEqual(opsIn(started));
  });
});
