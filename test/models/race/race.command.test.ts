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

  test('hardened is durable in every order within the bound, and whoever is killed', async () => {
    // The matrix has its other scenarios.
    const { exitCode, result } = await place.result(['--store', 'hardened', '--model', 'race', '--scenario', 'reader-while-saving']);
    expect(result.cells.map(({ scenario, grade, reason }) => [scenario, grade, reason])).toEqual([
      ['reader-while-saving', 'durable', undefined],
    ]);
    for (const { tried } of result.cells) {
      if (tried?.kind !== 'schedules') throw new Error('no schedules were tried');
      expect(tried).toMatchObject({ reach: 'bounded', bound: 1, crashes: 0 });
      expect(tried.kills).toBeGreaterThan(10);
      expect(tried.tried).toBeGreaterThan(30);
    }
    expect(exitCode).toBe(0);
  });

  test('a reader saves back the nothing that it found in the window of a rename, with no crash', async () => {
    place.write({
      'rename-away.cjs': `
        const fs = require('node:fs');
        module.exports = {
          save: (dir, value) => {
            if (fs.existsSync(dir + '/value')) fs.renameSync(dir + '/value', dir + '/backup');
            fs.writeFileSync(dir + '/value.tmp', JSON.stringify(value));
            fs.renameSync(dir + '/value.tmp', dir + '/value');
          },
          load: (dir) => (fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {}),
        };`,
    });
    const { result } = await place.result(['--store', './rename-away.cjs', '--model', 'race', '--scenario', 'reader-while-saving']);
    expect(result.cells[0]).toMatchObject({ grade: 'lossy' });
    const found = result.cases.find(({ id }) => id.endsWith('/race@3~a2.b1'));
    expect(found).toMatchObject({ outcome: 'empty', violation: true });
    expect(found?.schedule?.map(({ task }) => task)).toEqual(['saver', 'reader', 'saver']);
    expect(found?.schedule?.[0]?.ops.at(-1)).toBe('rename value -> backup');
    expect(found?.schedule?.[1]?.ops[0]).toBe('load -> {}');
  });

  test('killed, it leaves no process behind', async () => {
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
    await vi.waitFor(() => expect(processesWith('TMPDIR', tmp)).toEqual([]), { timeout: 120_000 });
  });
});
