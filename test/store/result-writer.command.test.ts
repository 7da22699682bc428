/** The writer of the harness's results is a store of the matrix, and is held to what it claims. (That it keeps that, the matrix shows.) */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyInstallation, openPlace, type Place } from '../lab/command.ts';

let place: Place;
beforeAll(() => {
  place = openPlace();
});
afterAll(() => place.close());

test('without its fsync of the file it breaks its claim', async () => {
  const { root, edit } = copyInstallation(place.root);
  edit('harness/machine/replace-file.ts', '    await handle.sync();\n  } finally', '  } finally');
  const cells = ['--store', 'result-writer', '--scenario', 'first-save,replace', '--model', 'power-loss'];
  const { exitCode, result } = await place.result(cells, { root });
  expect(exitCode).toBe(1);
  expect(new Set(result.cells.map(({ claim }) => claim))).toEqual(new Set(['durable']));
  const broken = result.cells.filter(({ status }) => status === 'broken').map(({ scenario, profile }) => `${scenario} ${profile}`);
  expect(broken).toEqual(expect.arrayContaining(['replace posix', 'replace xfs', 'replace ext4-noauto', 'first-save ext4']));
});
