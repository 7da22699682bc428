/** Races of real processes on the command line: what they find in the built-in stores, and that nothing outlives them. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openPlace, type Place } from '../../lab/command.ts';
import { processesWith } from '../../lab/processes.ts';
import { appears } from '../../lab/temporary.ts';
import { noPtrace } from '../../record/ptrace/tracing.ts';

describe.skipIf(noPtrace !== undefined)('race', () => {
  let place: Place;
  beforeAll(() => {
    place = openPlace();
  });
  afterAll(() => place.close());

  /** What it does before it has written the new value is what differs. */
  const racing = (before: string, temp: string): string => `
    const fs = require('node:fs');
    module.exports = {
      save: (dir, value) => {
        ${before}
        const temp = dir + '/' + ${temp};
        fs.writeFileSync(temp, JSON.stringify(value));
        fs.renameSync(temp, dir + '/value');
      },
      load: (dir) => {
        try { return JSON.parse(fs.readFileSync(dir + '/value', 'utf8')); } catch (error) { if (error.code !== 'ENOENT') throw error; return {}; }
      },
    };`;

  describe('of a reader with a saver', () => {
    let found: Awaited<ReturnType<Place['result']>>;
    beforeAll(async () => {
      place.write({
        'own-temp.cjs': racing('', `require('node:crypto').randomUUID()`),
        'rename-away.cjs': racing(`if (fs.existsSync(dir + '/value')) fs.renameSync(dir + '/value', dir + '/backup');`, `'value.tmp'`),
      });
      const stores = ['--store', './own-temp.cjs,./rename-away.cjs'];
      found = await place.result([...stores, '--model', 'race', '--scenario', 'reader-while-saving']);
    });

    // The committed matrix has the races of the built-in stores.
    test('a store is durable in every order within the bound, whichever task is killed', () => {
      const cell = found.result.cells.find(({ store }) => store === 'own-temp');
      expect(cell).toMatchObject({
        grade: 'durable',
        status: 'kept',
        tried: { kind: 'schedules', reach: 'bounded', bound: 1 },
      });
      if (cell?.tried?.kind !== 'schedules') throw new Error('no schedules were tried');
      expect(cell.tried.kills).toBeGreaterThan(3);
      expect(cell.tried.crashes).toBeGreaterThan(10);
      expect(cell.tried.tried).toBeGreaterThan(10);
    });

    test('a reader saves back the nothing that it found in the window of a rename, with no crash', () => {
      expect(found.exitCode).toBe(1);
      expect(found.result.cells.find(({ store }) => store === 'rename-away')).toMatchObject({ grade: 'lossy' });
      const empty = found.result.cases.find(({ id }) => id.endsWith('/race@3~a2.b1'));
      expect(empty).toMatchObject({ outcome: 'empty', violation: true });
      expect(empty?.schedule?.map(({ task }) => task)).toEqual(['saver', 'reader', 'saver']);
      expect(empty?.schedule?.[0]?.ops.at(-1)).toBe('rename value -> backup');
      expect(empty?.schedule?.[1]?.ops).toContain('load -> {}');
    });
  });

  test.each([
    ['a2.b1~kill=b', 1, '── saver B was killed here ──'],
    ['a2.b1~kill=all', 0, '── all of them crashed here, after op 3 ──'],
  ])('%s is replayed', async (detail, code, line) => {
    place.write({ 'shared.cjs': racing('', `'value.tmp'`) });
    const { exitCode, stdout } = await place.run(['replay', `shared/two-savers/race@3~${detail}`, '--store', './shared.cjs']);
    expect([exitCode, stdout]).toEqual([code, expect.stringContaining(line)]);
  });

  test('a second pass of a task that is not there is refused', async () => {
    place.write({ 'shared.cjs': racing('', `'value.tmp'`) });
    const { exitCode, stderr } = await place.run(['replay', 'shared/two-savers/race@3~twice=c~a2.b1', '--store', './shared.cjs']);
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('there are only 2 tasks')]);
  });

  // What a store has detached may outlive the run until then.
  test('killed, it leaves no process behind the next start', async () => {
    const up = join(place.root, 'up');
    place.write({
      'stays.cjs': `
        const fs = require('node:fs'), child = require('node:child_process');
        module.exports = {
          save: async (dir, value) => {
            const isFirst = !fs.existsSync(dir + '/value');
            fs.writeFileSync(dir + '/value', JSON.stringify(value));
            if (isFirst) return;
            child.spawn('sleep', ['1000'], { detached: true });
            fs.writeFileSync(${JSON.stringify(up)}, '');
            await new Promise(() => setInterval(() => {}, 1000));
          },
          load: (dir) => (fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {}),
        };`,
    });
    const tmp = place.tmp();
    const running = place.start(['run', '--store', './stays.cjs', '--model', 'race', '--scenario', 'two-savers'], { tmp });
    await appears(up);
    running.kill('SIGKILL');
    await running;
    expect((await place.run(['doctor'], { tmp })).exitCode).toBe(0);
    await vi.waitFor(() => expect(processesWith('TMPDIR', tmp)).toEqual([]), { timeout: 120_000 });
  });
});
