/** Whole runs of the built command with tasks that go on at the same time, on the fake file system. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findInstallation } from '../../../harness/machine/installation.ts';
import { expectNothingLeft, openPlace, type Place } from '../../lab/command.ts';

const SHARED_TEMP = `
import { readFile, rename, writeFile } from 'node:fs/promises';
import { defineStore } from 'crash-matrix';
import writeFileAtomic from 'write-file-atomic';
const read = (directory: string) => readFile(directory + '/v.json', 'utf8').then(JSON.parse, () => ({}));
const save = async (directory: string, value: object) => {
  await writeFile(directory + '/v.tmp', JSON.stringify(value));
  await rename(directory + '/v.tmp', directory + '/v.json');
};
export default defineStore({
  name: 'shared-temp', save, load: read, empty: {},
  update: async (directory: string, change: (value: object) => object) => writeFileAtomic(directory + '/v.json', JSON.stringify(change(await read(directory)))),
});
`;
const LOOPS = `
export default { load: () => ({}), save: async (directory, value) => { if (Object.keys(value).length > 0) for (;;) {} } };
`;

let place: Place;
beforeAll(() => {
  place = openPlace();
  symlinkSync(join(findInstallation(import.meta.url).root, 'node_modules'), join(place.root, 'node_modules'));
  place.write({ 'shared-temp.ts': SHARED_TEMP, 'loops.mjs': LOOPS });
});
afterAll(() => place.close());

const interleaved = (...args: string[]): string[] => ['--model', 'interleaving', ...args];

// The committed matrix has the other built-in stores and scenarios.
test('rename-away loses what a reader met, with no crash', async () => {
  const tmp = place.tmp();
  const { exitCode, result } = await place.result(interleaved('--store', 'rename-away', '--scenario', 'reader-while-saving'), { tmp });
  expect(exitCode).toBe(0);
  expect(result.cells).toMatchObject([{ grade: 'lossy', status: 'known-bug', tried: { kind: 'schedules', reach: 'exhaustive' } }]);
  const first = result.cases.find(({ end }) => end);
  expect(first?.outcome).toBe('empty');
  const blocks = first?.schedule ?? [];
  expect(blocks.map(({ task }) => task)).toEqual(['saver', 'reader', 'saver', 'reader']);
  expect(blocks[0]?.ops.at(-1)).toBe('rename sessions.json -> sessions.json.bak.<time>');
  expect(blocks[1]?.ops).toEqual(['load -> {}', 'save {}']);
  expect(result.cells.flatMap(({ reason }) => reason ?? [])).toEqual([]); // fake and real agree
  await expectNothingLeft(tmp);
});

test('a temporary name that two savers share is found, with a package in the bundle', async () => {
  const tmp = place.tmp();
  const { exitCode, result } = await place.result(
    interleaved('--store', './shared-temp.ts', '--scenario', 'two-savers', '--scenario', 'two-updaters'),
    { tmp },
  );
  expect(exitCode).toBe(1);
  const found = result.cases.map(({ id, outcome }) => `${outcome} ${id}`).sort();
  expect(found).toContain('false-ack shared-temp/two-updaters/interleaving@28~a1.b14.a13');
  expect(found).toContain('unreadable shared-temp/two-savers/interleaving@5~a2.b1.a2~crash');
  await expectNothingLeft(tmp);
});

test('a store that never gives its thread back is ended, and reported as not measured', async () => {
  const tmp = place.tmp();
  const args = interleaved('--store', './loops.mjs', '--scenario', 'two-savers', '--timeout', '0.1');
  const { exitCode, result } = await place.result(args, { tmp });
  expect(exitCode).toBe(1);
  expect(result.cells).toMatchObject([{ grade: 'inconclusive', reason: expect.stringMatching(/^a call of the store did not return/) }]);
  await expectNothingLeft(tmp);
});
