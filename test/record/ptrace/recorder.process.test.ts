/** Real children under ptrace: what they did is what was recorded, and a kill leaves what was observed. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RawEvent } from '../../../harness/domain/events.ts';
import { scanTree } from '../../../harness/domain/tree.ts';
import { endOf, opsOf } from '../../../harness/record/record.ts';
import { appears } from '../../lab/temporary.ts';
import { python, SAMPLES } from './stores.ts';
import { killEverywhere, linesOf, noPtrace, openTracing, pythonPath, recorded, type StoreText, type Tracing } from './tracing.ts';

describe.skipIf(noPtrace !== undefined)(`ptrace${noPtrace === undefined ? '' : ` (does not work here: ${noPtrace})`}`, () => {
  let lab: Tracing;
  beforeAll(async () => {
    lab = await openTracing();
  });
  afterAll(() => lab.close());

  describe('records', () => {
    test.concurrent.each(SAMPLES.map((sample) => [sample.what, sample] as const))('%s', async (_, sample) => {
      const { request, recording } = await lab.record(sample);
      const { trace, endDirectory } = recorded(recording);
      expect(linesOf(trace.ops)).toEqual(sample.ops);
      expect(trace.unmeasured).toEqual(sample.unmeasured ?? []);
      expect([...(trace.trees.at(-1)?.keys() ?? [])].length).toBe([...scanTree(endDirectory).keys()].length);
      expect(trace.marks).toEqual([{ kind: 'resolved', step: 0, afterOp: trace.ops.length }]);
      // `kill` itself compares the wait status, the ops and the directory. Python takes too long to start for that.
      if (sample.python === undefined) await killEverywhere(lab, recorded(recording), request);
    });

    // The tracer stays. (The `cat` that wakes it has no environment.)
    test('no process outlives the runs above', () => {
      expect(lab.processes()).toHaveLength(1);
    });
  });

  test.skipIf(pythonPath === undefined)(
    'tells locks that are taken from locks that are let go, which no local file system refuses',
    async () => {
      const { recording } = await lab.record(
        python(`
import fcntl, sys
with open(sys.argv[1] + '/lock', 'w') as file:
  for how in (fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_UN):
    fcntl.flock(file, how)
    fcntl.lockf(file, how)
`),
      );
      const calls = recorded(recording).trace.ops.flatMap(({ call, via }) => (call.endsWith('lock') ? [`${call} by ${via}`] : []));
      expect(calls).toEqual(['lock by flock', 'lock by fcntl', 'unlock by flock', 'unlock by fcntl']);
    },
  );

  describe('cuts at every page', () => {
    test.each<[string, string, readonly string[]]>([
      ['write', `fs.writeSync(fd, text(3, 'w'));`, ['ooo', 'woo', 'wwo']],
      ['write from the middle of a page', `fs.writeSync(fd, 'x'); fs.writeSync(fd, text(2, 'w').slice(1));`, ['ooo', 'ooo', 'woo']],
      ['pwrite64', `fs.writeSync(fd, text(2, 'w'), 4096);`, ['ooo', 'owo']],
      ['writev', `fs.writevSync(fd, [text(1, 'v'), '', text(2, 'V')].map((part) => Buffer.from(part)));`, ['ooo', 'voo', 'vVo']],
      ['pwritev', `fs.writevSync(fd, [text(1, 'q'), text(1, 'Q')].map((part) => Buffer.from(part)), 4096);`, ['ooo', 'oqo']],
      ['copy_file_range', `fs.closeSync(fd); fs.copyFileSync(at('other'), at('live'));`, ['ooo', '', 'c', 'cc', 'ccc']],
    ])('%s', async (_, save, expected) => {
      const store: StoreText = {
        before: `fs.writeFileSync(at('live'), text(3, 'o')); fs.writeFileSync(at('other'), text(3, 'c'));`,
        save: `const fd = fs.openSync(at('live'), 'r+'); ${save}`,
      };
      const { request, recording } = await lab.record(store);
      const left = await killEverywhere(lab, recorded(recording), request);
      const seen = left.map((directory) => {
        const live = scanTree(directory).get('live');
        const bytes = live?.kind === 'file' ? Buffer.from(live.bytes) : Buffer.alloc(0);
        return Array.from({ length: Math.ceil(bytes.length / 4096) }, (_, page) =>
          String.fromCharCode(bytes[Math.min((page + 1) * 4096, bytes.length) - 1] ?? 0),
        ).join('');
      });
      expect(seen).toEqual(expected);
    });

    // The observed tree is torn under the one name that the write used.
    test.each<[string, StoreText]>([
      [
        'a file with two names',
        {
          before: `fs.writeFileSync(at('a'), 'o'); fs.linkSync(at('a'), at('b'));`,
          save: `fs.writeSync(fs.openSync(at('a'), 'r+'), text(2));`,
        },
      ],
      [
        'a file whose name is another one now',
        { save: `const fd = fs.openSync(at('a'), 'w'); fs.unlinkSync(at('a')); fs.writeFileSync(at('a'), ''); fs.writeSync(fd, text(2));` },
      ],
    ])('%s', async (_, store) => {
      const { request, recording } = await lab.record(store);
      expect(await killEverywhere(lab, recorded(recording), request)).not.toEqual([]);
    });
  });

  describe('an error that comes when the step has resolved', () => {
    test.concurrent.each([
      ['in a promise that nobody awaits', `Promise.reject(new Error('late'))`],
      ['in the next turn', `setImmediate(() => { throw new Error('late'); })`],
      ['in a timer', `setTimeout(() => { throw new Error('late'); }, 20)`],
      ['in a promise of a file', `fsp.readFile(at('missing')).catch(() => { throw new Error('late'); })`],
    ])('%s', async (_, fails) => {
      const { recording } = await lab.record({ save: `fs.writeFileSync(at('a'), value); ${fails};` });
      expect(recorded(recording).late).toBe('after step 1 resolved, the store threw: Error: late');
    });

    test.concurrent('ends the process in a later step', async () => {
      const save = `
        if (value === 'A') setTimeout(() => { throw new Error('late'); }, 0);
        else await new Promise((resolve) => setTimeout(resolve, 5_000));
        fs.writeFileSync(at(value), value);`;
      const { recording } = await lab.record({ save }, ['A', 'B']);
      expect(recording).toEqual({ reason: 'the store ended its process in step 2 (exit code 1): Error: late' });
    });

    test.concurrent('is waited for, and what is done meanwhile is not recorded', async () => {
      const { recording } = await lab.record({
        save: `fs.writeFileSync(at('a'), value); setTimeout(() => fs.writeFileSync(at('b'), ''), 20);`,
      });
      const { trace, endDirectory, late } = recorded(recording);
      expect(late).toBeUndefined();
      expect([...(trace.trees.at(-1)?.keys() ?? []), ...scanTree(endDirectory).keys()]).toEqual(['a', 'a']);
    });
  });

  // mknod(2) is not in the table of syscalls, nor is bind(2), which makes a socket.
  test('records a pipe with a name', async () => {
    const { request, recording } = await lab.record({ save: `child.spawnSync('mkfifo', [at('pipe')]); fs.writeFileSync(at('a'), value);` });
    expect(await killEverywhere(lab, recorded(recording), request)).not.toEqual([]);
  });

  describe('an order that chance made', () => {
    const follow = (order: readonly string[]) => ({ kind: 'follow', order, names: [], matching: 'same' }) as const;
    /** Names that do not look alike. */
    const writers: StoreText = {
      save: `await Promise.all(['a', 'b.x', 'c.x.x', 'd.x.x.x'].map((name) => fsp.writeFile(at(name), name)));`,
    };

    test('is kept in ten further runs', async () => {
      const { request, recording } = await lab.record(writers);
      const { order, trace } = recorded(recording);
      const runs = await Promise.all(Array.from({ length: 10 }, () => lab.run(request, follow(order))));
      for (const { events } of runs) {
        expect(endOf(events).how).toBe('finished');
        expect(opsOf(events).map(({ call, path }) => [call, path])).toEqual(trace.ops.map(({ call, file }) => [call, file.path]));
      }
    });

    test('is kept though another one was natural', async () => {
      const { request, recording } = await lab.record(writers);
      // Each file opened, written and closed before the next: the last first.
      const keys = recorded(recording).order;
      const order = ['d.x.x.x', 'c.x.x', 'b.x', 'a'].flatMap((name) => keys.filter((key) => key.split(' ')[1] === name));
      const { events } = await lab.run(request, follow([...order, 'step 1 resolved']));
      expect(endOf(events).how).toBe('finished');
      expect(opsOf(events).map(({ path }) => path)).toEqual(['d.x.x.x', 'c.x.x', 'b.x', 'a'].flatMap((name) => [name, name, name]));
    });

    /** Does one thing in odd runs and another in even ones: they are counted beside the directory. */
    const inTurns = (odd: string, even: string): StoreText => ({
      save: `
        const counter = path.join(here, '../../count');
        fs.appendFileSync(counter, '.');
        if (fs.statSync(counter).size % 2) { ${odd} } else { ${even} }`,
    });

    test.concurrent('that no later run keeps is reported as nondeterministic', async () => {
      const { recording } = await lab.record(inTurns(`fs.mkdirSync(at('a'))`, `fs.mkdirSync(at('b.x'))`));
      expect(recording).toEqual({ reason: 'nondeterministic: event 1 was "mkdir a" in the first run, "mkdir b.x" in the second' });
    });

    // A name in the same place of two runs is taken for one that is made up at random, even if both runs have both names.
    test('that no later run keeps is reported, also of names that look alike', async () => {
      const both = (one: string, other: string): string =>
        `fs.writeFileSync(at('${one}'), '${one}'); fs.writeFileSync(at('${other}'), '${other}');`;
      const { recording } = await lab.record(inTurns(both('a', 'b'), both('b', 'a')));
      expect(recording).toMatchObject({ reason: expect.stringContaining('nondeterministic') });
    });
  });

  describe('a run that does not finish', () => {
    test.each<[string, string, RawEvent]>([
      ['it exits', `process.exit(7);`, { kind: 'end', how: 'exited', code: 7 }],
      ['it exits with 0, too early', `process.exit(0);`, { kind: 'end', how: 'exited', code: 0 }],
      ['it is killed by itself', `process.kill(process.pid, 'SIGKILL');`, { kind: 'end', how: 'crashed', signal: 'SIGKILL' }],
      ['it aborts', `process.abort();`, { kind: 'end', how: 'crashed', signal: 'signal 6' }],
    ])('%s', async (_, save, end) => {
      const { events } = await lab.run(lab.runs({ save: `fs.writeFileSync(at('a'), value); ${save}` }), { kind: 'observe' });
      expect(endOf(events)).toEqual(end);
      expect(opsOf(events).length).toBeGreaterThan(1);
      expect(lab.processes()).toHaveLength(1);
    });

    // Side by side, with time enough to come to where they wait, on whatever machine.
    test('it hangs, waits, or waits for a program', async () => {
      const afterMs = 3_000;
      const waits = ['for (;;);', 'await new Promise((resolve) => setTimeout(resolve, 1e6));', `child.spawnSync('sleep', ['1000']);`];
      const runs = await Promise.all(
        waits.map((save) => lab.run(lab.runs({ save: `fs.writeFileSync(at('a'), value); ${save}` }), { kind: 'observe' }, afterMs)),
      );
      for (const { events } of runs) {
        expect(endOf(events)).toEqual({ kind: 'end', how: 'timed-out', afterMs });
        expect(opsOf(events).length).toBeGreaterThan(1);
      }
      expect(lab.processes()).toHaveLength(1);
    });
  });

  test('a run that cannot follow the order says where', async () => {
    const request = lab.runs({ save: `fs.writeFileSync(at('a'), value);` });
    const { events } = await lab.run(request, {
      kind: 'follow',
      order: ['open a [write create truncate]', 'fsync a'],
      names: [],
      matching: 'same',
    });
    expect(endOf(events)).toEqual({ kind: 'end', how: 'diverged', at: 1, expected: 'fsync a', got: 'write a' });
  });

  describe('closed in the middle of runs', () => {
    /** Closes a recorder of its own while this many runs hang. */
    const closeAmongRuns = async (count: number): Promise<{ readonly runs: 'settled' | 'pending'; readonly processes: number[] }> => {
      const another = await openTracing();
      try {
        const up = join(another.root, 'up');
        const hangs = another.runs({
          save: `child.spawn('sleep', ['1000'], { detached: true }); fs.writeFileSync(${JSON.stringify(up)}, ''); for (;;);`,
        });
        const settled = Promise.allSettled(Array.from({ length: count }, () => another.run(hangs, { kind: 'observe' })));
        await appears(up);
        await another.recorder.close();
        const pending = new Promise<'pending'>((resolve) => setImmediate(resolve, 'pending'));
        const runs = await Promise.race([settled.then(() => 'settled' as const), pending]);
        return { runs, processes: another.processes() };
      } finally {
        await another.close();
      }
    };

    test('it leaves no process', async () => {
      expect((await closeAmongRuns(2)).processes).toEqual([]);
    });

    // Whoever waits for a run waits for ever.
    test('its runs end', async () => {
      expect((await closeAmongRuns(1)).runs).toBe('settled');
    });
  });

  // A process whose parent is gone before its first stop is seen stays stopped, and unknown, until the recorder closes.
  test.each([
    [
      'doubly forked',
      `const left = child.spawn('sh', ['-c', '(setsid sh -c "echo up; exec sleep 1000" &)']); await new Promise((resolve) => left.stdout.once('data', resolve));`,
    ],
    ['started last thing', `child.spawn('sh', ['-c', '(setsid sleep 1000 &)'], { detached: true }).unref();`],
  ])('a process that is %s is ended with its run', async (_, start) => {
    const request = lab.runs({ save: `fs.writeFileSync(at('a'), value); ${start}` });
    const before = lab.processes();
    const runs = await Promise.all(Array.from({ length: 24 }, () => lab.run(request, { kind: 'observe' })));
    expect(runs.map(({ events }) => endOf(events).how)).toEqual(runs.map(() => 'finished'));
    expect(lab.processes()).toEqual(before);
  });
});
