/** The writer of the harness's results is a store of the matrix, and is held to what it claims. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyInstallation, openPlace, type Place } from '../lab/command.ts';

let place: Place;
let spoilt: ReturnType<typeof copyInstallation>;
beforeAll(() => {
  place = openPlace();
  spoilt = copyInstallation(place.root);
  spoilt.edit('harness/machine/replace-file.ts', '    await handle.sync();\n  } finally', '  } finally');
});
afterAll(() => place.close());

const cells = ['--store', 'result-writer', '--scenario', 'first-save,replace', '--model', 'process-kill,power-loss,io-error'];

test('it is durable under every crash and fault', async () => {
  const { exitCode, result } = await place.result(cells);
  expect(new Set(result.cells.map(({ grade, claim, status }) => `${grade} ${claim} ${status}`))).toEqual(new Set(['durable durable kept']));
  expect(result.cells).toHaveLength(2 * 7);
  expect(exitCode).toBe(0);
});

test('without its fsync of the file it breaks its claim', async () => {
  const { exitCode, result } = await place.result(cells, { root: spoilt.root });
  expect(exitCode).toBe(1);
  const broken = result.cells.filter(({ status }) => status === 'broken').map(({ scenario, profile }) => `${scenario} ${profile}`);
  expect(broken).toEqual(expect.arrayContaining(['replace posix', 'replace xfs', 'replace ext4-noauto', 'first-save ext4']));
});
