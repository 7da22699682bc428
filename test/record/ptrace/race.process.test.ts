/** Several children under one tracer: who waits, who waits for ever, and that the same schedule is always the same run. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, openLab } from '../../lab/lab.ts';
import { A, blocksOf, type RacingStore, raceOnce, races, save, switched, TWO_SAVERS } from '../../lab/races.ts';
import { appears, freshDirectory } from '../../lab/temporary.ts';
import { noPtrace } from './tracing.ts';

/** Locks of the kernel, which block the thread that asks for them. */
const KERNEL_LOCKS = `
  const flock = require(${JSON.stringify(createRequire(import.meta.url).resolve('koffi'))}).load('libc.so.6').func('int flock(int fd, int operation)');
  const lock = (dir, name) => { const fd = fs.openSync(at(dir, name), 'a'); flock(fd, 2); return fd; };
  const unlock = (fd) => fs.closeSync(fd);`;

const FLOCKED: RacingStore = {
  top: KERNEL_LOCKS,
  save: `const fd = lock(dir, 'lock'); fs.writeFileSync(at(dir, 'live'), JSON.stringify(value)); unlock(fd);`,
};

/** Takes two locks, in an order that depends on the value. */
const CROSSED: RacingStore = {
  top: KERNEL_LOCKS,
  save: `const order = value.name === 'B' ? ['one', 'two'] : ['two', 'one'];
    const fds = order.map((name) => lock(dir, name));
    fs.writeFileSync(at(dir, 'live'), JSON.stringify(value));
    for (const fd of fds) unlock(fd);`,
};

/** Ops of one process that are under way at the same time, and waits that are over soon. */
const RESTLESS: RacingStore = {
  save: `
    const names = [1, 2, 3].map((n) => require('node:crypto').randomUUID() + '.' + n);
    await Promise.all(names.map((name) => fsp.writeFile(at(dir, name), 'x')));
    await new Promise((go) => setTimeout(go, 30));
    await fsp.writeFile(at(dir, 'live'), JSON.stringify(value));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    await Promise.all(names.map((name) => fsp.unlink(at(dir, name))));`,
};

/** Looks again and again, without ever waiting. */
const SPINNING: RacingStore = {
  save: `
    for (;;) try { fs.closeSync(fs.openSync(at(dir, 'lock'), 'wx')); break; } catch {}
    await fsp.writeFile(at(dir, 'live'), JSON.stringify(value));
    fs.unlinkSync(at(dir, 'lock'));`,
};

/** Polls a lock, and is late each time: the time that it is to wait is over before it can wait. */
const late = (pause: string): RacingStore => ({
  top: `const late = () => { const end = performance.now() + 4; while (performance.now() < end); };`,
  save: `
    for (;;) {
      try { fs.closeSync(fs.openSync(at(dir, 'lock'), 'wx')); break; } catch {}
      const paused = ${pause};
      late();
      await paused;
    }
    await fsp.writeFile(at(dir, 'live'), JSON.stringify(value));
    fs.unlinkSync(at(dir, 'lock'));`,
});

describe.skipIf(noPtrace !== undefined)('a race', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab({ recorder: 'ptrace' });
  });
  afterAll(() => lab.close());

  test('continues with the others while one waits for a lock of the kernel', async () => {
    const raced = await raceOnce(lab, FLOCKED, TWO_SAVERS, { schedule: switched(0, 2) });
    expect(raced.end.stuck).toBeUndefined();
    expect(blocksOf(raced)).toMatch(/^a: open lock, lock lock \| b: open lock \| a: .*close lock \| b: lock lock, /);
    expect(raced.events.filter(({ kind }) => kind === 'waits')).toEqual([{ kind: 'waits', task: 1 }]);
  });

  test('in which each waits for the other ends at once, with the locks in words', async () => {
    const raced = await raceOnce(lab, CROSSED, TWO_SAVERS, { schedule: switched(0, 2) });
    expect(raced.end.stuck).toBe('saver A waits for the lock on two, saver B waits for the lock on one');
  });

  test('lets a killed process go of its locks', async () => {
    const raced = await raceOnce(lab, CROSSED, TWO_SAVERS, { schedule: [{ task: 0, steps: 3 }], kill: 0 });
    expect([raced.end.stuck, raced.end.killed]).toEqual([undefined, 0]);
    expect(raced.events.at(-1)).toEqual({ kind: 'finished', task: 1 });
  });

  test('ends where a process looks again and again without waiting', async () => {
    const raced = await raceOnce(lab, SPINNING, TWO_SAVERS, { schedule: switched(0, 2) });
    expect(raced.end.stuck).toBeUndefined();
    expect(raced.end.events.filter(({ kind }) => kind === 'resolved')).toHaveLength(2);
  });

  test.each([
    ['a callback', `new Promise((go) => setTimeout(go, 1))`],
    ['a callback with arguments', `new Promise((go) => require('timers').setTimeout((first, second) => go(first + second), 1, 1, 2))`],
    ['a promise', `require('node:timers/promises').setTimeout(1, 'value')`],
    ['a promise made of the callback', `require('util').promisify(setTimeout)(1)`],
    ['an import', `(await import('node:timers/promises')).setTimeout(1)`],
  ])('sees the wait of a process that is late for its own timer: %s', async (_, pause) => {
    const raced = await raceOnce(lab, late(pause), TWO_SAVERS, { schedule: switched(0, 2) });
    expect(blocksOf(raced)).toMatch(
      /^a: open lock, close lock \| b: open lock failed: EEXIST \| a: [^|]*unlink lock \| b: open lock, close lock, /,
    );
  });

  test.each(['forked', 'started'])('lets calls through that the store does not await when its save settles: %s', async (how) => {
    const trailing: RacingStore = {
      save: `await fsp.writeFile(at(dir, 'live'), JSON.stringify(value)); fsp.readdir(dir).then(() => fsp.stat(at(dir, 'last'))).catch(() => {});`,
    };
    const fresh = how === 'started';
    const [switches, killed] = await races(lab, trailing, TWO_SAVERS, (race) =>
      Promise.all([race({ schedule: switched(0, 1) }, { fresh }), race({ schedule: [{ task: 0, steps: 1 }], kill: 0 }, { fresh })]),
    );
    expect([switches?.end.stuck, killed?.end.stuck]).toEqual([undefined, undefined]);
    expect(killed === undefined ? '' : blocksOf(killed)).toMatch(/ \| b: .*, stat last failed: ENOENT$/);
  });

  test('names no directory of the run in what a store throws', async () => {
    const throws: RacingStore = { save: `fs.renameSync(at(dir, 'gone-' + require('node:crypto').randomUUID()), at(dir, 'x'));` };
    const { end } = await raceOnce(lab, throws, TWO_SAVERS, { schedule: switched(0, 1) });
    const errors = end.events.flatMap(({ error }) => (error === undefined ? [] : [error]));
    expect(errors).toEqual(Array(2).fill(`ENOENT: no such file or directory, rename '<dir>/gone-<uuid>' -> '<dir>/x'`));
  });

  test('goes on where a process waits for its own timer in a busy loop', async () => {
    const busy: RacingStore = {
      save: `let done = false; setTimeout(() => { done = true; }, 1);
        while (!done) await new Promise(setImmediate);
        await fsp.writeFile(at(dir, 'live'), JSON.stringify(value));`,
    };
    const raced = await raceOnce(lab, busy, TWO_SAVERS, { schedule: switched(0, 1) });
    expect(raced.end.events.filter(({ kind }) => kind === 'resolved')).toHaveLength(2);
  });

  test('by the same schedule is the same ten times, in new processes and in used ones', async () => {
    const planned = { schedule: switched(0, 7) };
    const all = await races(lab, RESTLESS, TWO_SAVERS, (race) =>
      Promise.all(Array.from({ length: 10 }, (_, at) => race(planned, { fresh: at % 2 === 0 }))),
    );
    expect(new Set(all.map(({ lines }) => lines.join('\n'))).size).toBe(1);
    expect(all[0]?.events.filter(({ kind }) => kind === 'waits').length).toBeGreaterThan(2);
  });

  test('reports a process that ends by itself, and one that watches files for changes', async () => {
    const dies: RacingStore = { save: `fs.writeFileSync(at(dir, 'live'), '{}'); process.exit(3);` };
    const tasks = [{ name: 'a', steps: [save(A)] }, ...TWO_SAVERS.slice(1)];
    const { events } = await raceOnce(lab, dies, tasks, { schedule: [{ task: 0, steps: 1 }] });
    expect(events.filter(({ kind }) => kind === 'died')).toEqual([
      { kind: 'died', task: 0, how: 'exit code 3' },
      { kind: 'died', task: 1, how: 'exit code 3' },
    ]);
    const watches: RacingStore = { save: `fs.watch(dir, { persistent: false }, () => {}); fs.writeFileSync(at(dir, 'live'), '{}');` };
    expect((await raceOnce(lab, watches, TWO_SAVERS, { schedule: [{ task: 0, steps: 1 }] })).watched).toBe(true);
  });

  test.skipIf(process.arch !== 'x64')(
    'is forked unless its processes are to be new, each task with its own import, chance and id',
    async () => {
      const says: RacingStore = {
        top: 'const drawn = [Math.random(), require("node:crypto").randomUUID(), process.pid];',
        save: `fs.writeFileSync(at(dir, value.name), [path.basename(process.argv[1]), ...drawn, Math.random(), process.pid + 0.5].join());`,
      };
      const said = async (fresh: boolean): Promise<string[][]> => {
        const { end } = await raceOnce(lab, says, TWO_SAVERS, { schedule: switched(0, 1) }, { fresh });
        return ['B', 'C'].map((name) => {
          const file = end.tree.get(name);
          return file?.kind === 'file' ? Buffer.from(file.bytes).toString().split(',') : [];
        });
      };
      const [forked, fresh] = [await said(false), await said(true)];
      expect(forked.map(([program]) => program)).toEqual(['workload', 'workload']);
      expect(fresh.map(([program]) => program)).toEqual(['task-workload.cjs', 'task-workload.cjs']);
      const drawn = [...forked, ...fresh].flatMap(([, ...numbers]) => numbers);
      expect(new Set(drawn).size).toBe(drawn.length);
    },
  );

  test.skipIf(process.arch !== 'x64')(
    'of a store that keeps a worker thread, a timer, a file and a server from its import on is the same, forked or not',
    async () => {
      const keeps: RacingStore = {
        top: `
        const { Worker } = require('node:worker_threads');
        const worker = new Worker('const { parentPort } = require("node:worker_threads"); parentPort.on("message", (text) => parentPort.postMessage(text + "!"));', { eval: true });
        setInterval(() => {}, 1000);
        const kept = fs.openSync('/dev/null', 'r');
        require('node:net').createServer().listen(0);`,
        save: `
        const said = new Promise((done) => worker.once('message', done));
        worker.postMessage(JSON.stringify(value));
        await fsp.writeFile(at(dir, 'temp'), await said);
        await fsp.rename(at(dir, 'temp'), at(dir, 'live'));`,
      };
      const [forked, started] = await races(lab, keeps, TWO_SAVERS, (race) =>
        Promise.all([false, true].map((fresh) => race({ schedule: switched(0, 2) }, { fresh }))),
      );
      expect(forked?.lines.length).toBeGreaterThan(4);
      expect(forked?.lines).toEqual(started?.lines);
    },
  );

  test.skipIf(process.arch !== 'x64')('in which all are killed makes room for processes with another environment', async () => {
    const says: RacingStore = { save: `fs.writeFileSync(at(dir, 'who'), path.basename(process.argv[1]));` };
    for (const env of [1, 2, 3, 4, 5, 6]) {
      const planned = { schedule: [{ task: 0, steps: 2 }], kill: 'all' } as const;
      const { end } = await raceOnce(lab, { ...says, env: { ROOM: String(env) } }, TWO_SAVERS, planned, { fresh: false });
      const who = end.tree.get('who');
      expect([env, who?.kind === 'file' && Buffer.from(who.bytes).toString()]).toEqual([env, 'workload']);
    }
  });

  test('leaves no process behind, whether it ends or the recorder does', async () => {
    const marker = freshDirectory();
    const stays = (name: string): RacingStore => ({
      // Recovery, which is to succeed, saves in an empty directory.
      save: `if (!fs.existsSync(at(dir, 'live'))) return; fs.writeFileSync(${JSON.stringify(join(marker, name))}, ''); await new Promise(() => setInterval(() => {}, 1000));`,
    });
    const other = await openLab({ recorder: 'ptrace' });
    await raceOnce(other, FLOCKED, TWO_SAVERS, { schedule: switched(0, 2) }, { fresh: false });
    const cut = ['forked', 'started'].map((how) =>
      raceOnce(other, stays(how), TWO_SAVERS, { schedule: switched(0, 1) }, { fresh: how === 'started' }).catch(
        (error: Error) => error.message,
      ),
    );
    await Promise.all(['forked', 'started'].map((how) => appears(join(marker, how))));
    await other.close();
    expect(await Promise.all(cut)).toEqual(Array(2).fill('the recorder was closed'));
    await expect.poll(() => other.processes(), { timeout: 120_000 }).toEqual([]);
  });
});
