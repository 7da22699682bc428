/** Whole runs of the built command on real file systems: what a cut shows is found, replayed, and leaves nothing behind. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FILE_SYSTEMS } from '../../../harness/record/image/file-systems.ts';
import { missingFor } from '../../../harness/record/image/missing.ts';
import { expectNothingLeft, openPlace, type Place, UNSYNCED } from '../../lab/command.ts';
import { deep } from '../../lab/depth.ts';
import { noPtrace } from '../../record/ptrace/tracing.ts';

const missing = noPtrace ?? missingFor(FILE_SYSTEMS['ext4-noauto'], process.env.PATH ?? '');

let place: Place;
beforeAll(() => {
  place = openPlace();
});
afterAll(() => place.close());

const mounts = (): string[] => readFileSync('/proc/self/mountinfo', 'utf8').split('\n');

describe.skipIf(missing !== undefined)('on real file systems', () => {
  test('a rename without fsync is empty on ext4 with noauto_da_alloc, and fine on ext4', async () => {
    place.write({ 'unsynced.cjs': UNSYNCED });
    const tmp = place.tmp();
    const before = mounts();
    const models = ['--model', 'power-cut:ext4,power-cut:ext4-noauto'];
    const { exitCode, result } = await place.result(['--store', './unsynced.cjs', '--scenario', 'replace', ...models], { tmp });
    expect(result.cells.map(({ profile, grade, status }) => [profile, grade, status])).toEqual([
      ['ext4', 'atomic', 'kept'],
      ['ext4-noauto', 'lossy', 'broken'], // it is named
    ]);
    for (const { tried } of result.cells) expect(tried?.kind === 'cuts' && tried.cuts).toBeGreaterThan(10);
    expect(exitCode).toBe(1);
    expect(mounts()).toEqual(before);
    await expectNothingLeft(tmp);
    const loss = result.cases.find(({ violation }) => violation);
    expect(loss).toMatchObject({
      outcome: 'unreadable',
      forced: expect.stringMatching(/^(fsync of another file|a commit|syncfs) after op \d+$/),
      blame: { mechanism: 'renamed-unsynced', op: expect.stringMatching(/^rename /) },
    });
    const replayed = await place.run(['replay', loss?.id ?? '', '--store', './unsynced.cjs']);
    expect(replayed.stdout).toContain('the power went here, after op');
    expect(replayed.stdout).toContain('threw SyntaxError');
    expect(replayed.exitCode).toBe(1);
  });

  deep('in a random history too, which is reported and replayed', async () => {
    place.write({ 'unsynced.cjs': UNSYNCED });
    const [tmp, before] = [place.tmp(), mounts()];
    const drawn = ['--scenario', 'histories', '--histories', '1', '--model', 'power-cut:ext4-noauto'];
    const { result } = await place.result(['--store', './unsynced.cjs', ...drawn], { tmp });
    expect(result.cells).toMatchObject([{ profile: 'ext4-noauto', grade: 'lossy', tried: { kind: 'cuts' } }]);
    expect(mounts()).toEqual(before);
    await expectNothingLeft(tmp);
    const loss = result.cases.find(({ violation }) => violation);
    expect(loss).toMatchObject({ outcome: 'unreadable', history: expect.arrayContaining([expect.stringMatching(/^save|^reset/)]) });
    expect(loss?.id).toMatch(/^unsynced\/histories\/power-cut:ext4-noauto@\d+~history=/);
    const replayed = await place.run(['replay', loss?.id ?? '', '--store', './unsynced.cjs']);
    expect(replayed.stdout).toContain('threw SyntaxError');
    expect(replayed.exitCode).toBe(1);
  });

  test('replay refuses a boundary that the run does not have', async () => {
    place.write({ 'unsynced.cjs': UNSYNCED });
    const id = 'unsynced/replace/power-cut:ext4@99';
    expect((await place.run(['replay', id, '--store', './unsynced.cjs'])).exitCode).not.toBe(0);
  });
});
