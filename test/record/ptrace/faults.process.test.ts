/** Calls of real children that fail, or carry out a part: the store gets the errno or the count, and nothing else changes. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Op } from '../../../harness/domain/trace.ts';
import { scanTree } from '../../../harness/domain/tree.ts';
import type { Fault } from '../../../harness/record/fault.ts';
import { endOf, eventsOf } from '../../../harness/record/record.ts';
import { linesOf, noPtrace, openTracing, recorded, type StoreText, type Tracing } from './tracing.ts';

/** Notes beside the directory what each call said; `after` is for what comes after a call that failed. */
const TOP = `const said = [];
const say = (call) => { try { said.push(String(call())); } catch (error) { said.push(error.code + ' ' + error.syscall); } };
const tell = () => fs.writeFileSync(here + '.said', said.join(', '));`;

describe.skipIf(noPtrace !== undefined)('faults under ptrace', () => {
  let lab: Tracing;
  beforeAll(async () => {
    lab = await openTracing();
  });
  afterAll(() => lab.close());

  interface Faulty {
    readonly said: string;
    readonly ops: readonly Op[];
    readonly live: string;
    readonly end: string;
  }

  async function run(store: StoreText, faults: readonly Fault[], lean = false): Promise<Faulty> {
    const { request, recording } = await lab.record({ top: TOP, ...store, save: `${store.save}; tell();` });
    const { order } = recorded(recording);
    const { directory, spool, warm: _, ...rest } = request.prepare(); // a forked run with faults would load and save after its steps
    const plan = { kind: 'fault', order, names: [], runs: [{ directory, spool, faults, lean }] } as const;
    const { events } = await lab.recorder.run({ ...rest, directory, spool, plan });
    const live = scanTree(directory).get('live');
    return {
      said: readFileSync(`${directory}.said`, 'utf8'),
      ops: eventsOf(events, recorded(recording).trace.variation).ops,
      live: live?.kind === 'file' ? Buffer.from(live.bytes).toString() : '',
      end: endOf(events).how,
    };
  }

  const errno = (op: number, name: string): Fault[] => [{ kind: 'errno', op, errno: name }];
  const BEFORE = `fs.writeFileSync(at('live'), 'old');`;
  /** Processes from before the recording keep the filter out: every syscall stops then. */
  const SLEEPER = `${BEFORE} child.spawn('sleep', ['1000'], { stdio: 'ignore' }).unref();`;

  describe.each([
    ['with a filter', BEFORE, 1],
    ['without one', SLEEPER, 0],
  ])('%s', (_, before, filter) => {
    test('(that is how the child runs)', async () => {
      const save = `say(() => fs.existsSync(at('live'))); say(() => /Seccomp_filters:\\s+(\\d)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1])`;
      expect((await run({ before, save }, [])).said).toBe(`true, ${filter}`);
    });

    test.each([false, true])('a call that fails does not happen (lean: %s)', async (lean) => {
      const save = `say(() => fs.renameSync(at('live'), at('away'))); say(() => fs.existsSync(at('live')))`;
      const { said, ops, live, end } = await run({ before, save }, errno(1, 'EACCES'), lean);
      expect(said).toBe('EACCES rename, true');
      expect(ops.map(({ call, error }) => [call, error])).toEqual([
        ['rename', 'EACCES'],
        ['access', undefined],
      ]);
      expect([live, end]).toEqual(['old', 'finished']);
    });

    test('a close that fails has closed all the same', async () => {
      const save = `const fd = fs.openSync(at('live'), 'r'); say(() => fs.closeSync(fd)); say(() => fs.readSync(fd, Buffer.alloc(1)))`;
      expect((await run({ before, save }, errno(2, 'EIO'))).said).toBe('EIO close, EBADF read');
    });

    test.each([false, true])('a close or an fsync that loses takes back what was written since the last one (lean: %s)', async (lean) => {
      const save = `
        const fd = fs.openSync(at('live'), 'a'); fs.writeSync(fd, ' kept'); fs.fsyncSync(fd); fs.writeSync(fd, ' lost');
        fs.renameSync(at('live'), at('moved')); say(() => fs.closeSync(fd)); fs.renameSync(at('moved'), at('live'))`;
      const closes = await run({ before, save }, [{ kind: 'lost', op: 6, since: 4, errno: 'EIO' }], lean);
      expect([closes.said, closes.live]).toEqual(['EIO close', 'old kept']);
      const forced = save.replace('fs.fsyncSync(fd)', 'say(() => fs.fsyncSync(fd))');
      const syncs = await run({ before, save: forced }, [{ kind: 'lost', op: 3, since: 2, errno: 'EIO' }], lean);
      expect(syncs.said).toBe('EIO fsync, undefined');
      expect(syncs.live.replaceAll('\0', '')).toBe('old lost');
    });

    test.each<[string, string, string]>([
      ['write', `fs.writeSync(fd, 'abcdef')`, 'write'],
      ['pwrite64', `fs.writeSync(fd, 'abcdef', 0)`, 'pwrite64'],
      ['writev', `fs.writevSync(fd, ['ab', 'cd', 'ef'].map((part) => Buffer.from(part)))`, 'writev'],
    ])('a short %s writes its first bytes, and its caller goes on with the rest', async (_call, write, via) => {
      const save = `const fd = fs.openSync(at('live'), 'r+'); say(() => ${write})`;
      const { said, ops, live } = await run({ before, save }, [{ kind: 'short', op: 2, bytes: 3 }]);
      expect([said, live]).toEqual(['6', 'abcdef']);
      expect(ops.filter(({ call }) => call === 'write').map(({ range }) => range?.length)).toEqual([3, 3]);
      expect(ops[1]?.via).toBe(via);
    });

    test('a disk that fills up: what fits is there, and nothing else gets room', async () => {
      const save = `
        const fd = fs.openSync(at('live'), 'w'); say(() => fs.writeSync(fd, 'abcdef')); say(() => fs.writeSync(fd, 'g'));
        say(() => fs.mkdirSync(at('made'))); say(() => fs.copyFileSync(at('live'), at('copy'))); say(() => fs.fsyncSync(fd));
        say(() => fs.renameSync(at('live'), at('moved'))); say(() => fs.unlinkSync(at('live')))`;
      const { said, ops } = await run({ before, save }, [{ kind: 'full', op: 2, room: 4 }]);
      expect(said).toBe('4, ENOSPC write, ENOSPC mkdir, ENOSPC copyfile, undefined, ENOSPC rename, undefined');
      expect(linesOf(ops).at(-1)).toBe('unlink live');
    });
  });

  test('calls of the thread pool fail too', async () => {
    const save = `await fsp.rename(at('live'), at('away')).catch((error) => say(() => { throw error; }))`;
    expect((await run({ before: BEFORE, save }, errno(1, 'EROFS'))).said).toBe('EROFS rename');
  });
});
