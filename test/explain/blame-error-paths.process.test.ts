/** Stores whose mistake is in what they do, or remember, after a call has failed: one cause, at its line if it has one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SAVES, SETS } from '../lab/abilities.ts';
import { causesOfStore, FORCING } from '../lab/blamed.ts';
import { type Lab, openLab } from '../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

/** One failure makes all later saves of the process fail. What it leaves blocks nobody. */
const POISONED = `${FORCING}let tail = Promise.resolve(), count = 0;
const write = (dir, value) => {
  const temp = join(dir, 'q.' + process.pid + '.' + count++);
  put(temp, JSON.stringify(value));
  fs.renameSync(temp, join(dir, 'live'));
  force(dir);
};
module.exports = { load: (dir) => JSON.parse(read(join(dir, 'live')) || '{}'), save: (dir, value) => (tail = tail.then(() => write(dir, value))) };`;

test('a process that saves nothing more after a failure is one cause, whatever the failed save left', async () => {
  expect(await causesOfStore(lab, lab.store(POISONED, { abilities: SAVES, empty: {} }), [['replace', 'io-error']])).toEqual([
    'remembers-failure: -',
  ]);
});

const afterError = (
  place: string,
): string => `${FORCING}module.exports = { load: (dir) => JSON.parse(read(join(dir, 'live')) || '{}'), save: (dir, value) => {
  put(join(dir, 'temp'), JSON.stringify(value));
  ${place}
} };`;
/** When the directory cannot be forced, `target` is the file that is there. */
const CLEANS_UP = afterError(`let target = join(dir, 'temp');
  try {
    fs.renameSync(target, join(dir, 'live'));
    target = join(dir, 'live');
    force(dir);
  } catch (error) {
    fs.rmSync(target, { force: true });
    throw error;
  }`);
const FALLS_BACK = afterError(`try {
    fs.renameSync(join(dir, 'temp'), join(dir, 'live'));
  } catch {
    fs.copyFileSync(join(dir, 'temp'), join(dir, 'live'));
    force(join(dir, 'live'));
  }
  force(dir);`);

test.each([
  ['removes what is good', CLEANS_UP, 'removed-on-error: fs.rmSync(target, { force: true });'],
  ['writes in place what it could not rename', FALLS_BACK, `written-in-place: fs.copyFileSync(join(dir, 'temp'), join(dir, 'live'));`],
])('what a store does only after a fault is blamed on its line: it %s', async (_, source, cause) => {
  expect(await causesOfStore(lab, lab.store(source, { abilities: SAVES, empty: {} }), [['replace', 'io-error']])).toEqual([cause]);
});

/** A map that is kept in memory, too. A set that fails is taken back there by removing its key, whatever value it had. */
const TAKEN_BACK = `${FORCING}const known = new Map();
const of = (dir) => known.get(dir) ?? known.set(dir, JSON.parse(read(join(dir, 'live')) || '{}')).get(dir);
module.exports = { load: (dir) => JSON.parse(read(join(dir, 'live')) || '{}'), set: (dir, key, value) => {
  const all = of(dir);
  all[key] = value;
  try {
    put(join(dir, 'temp'), JSON.stringify(all));
  } catch (error) {
    delete all[key];
    throw error;
  }
  fs.renameSync(join(dir, 'temp'), join(dir, 'live'));
  force(dir);
} };`;

test('what a failed set takes from memory, and the next one from the disk, is one cause', async () => {
  const store = lab.store(TAKEN_BACK, { abilities: { ...SETS, deletes: false }, empty: {} });
  expect(await causesOfStore(lab, store, [['save-twice', 'io-error']])).toEqual(['remembers-failure: -']);
});
