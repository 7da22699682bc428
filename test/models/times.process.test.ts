/** Stores that take the newest file for the valid one: each model gives them the times of the run. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { groupedBy } from '../../harness/domain/grouped.ts';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import { type Lab, openLab } from '../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

/** Two files in turn: by name alone every other save is stale. */
const NEWEST = `
const fs = require('node:fs');
const { join } = require('node:path');
const NAMES = ['a.json', 'z.json'];
const files = (dir) => NAMES.flatMap((name) => {
  const path = join(dir, name);
  if (!fs.existsSync(path)) return [];
  const text = fs.readFileSync(path, 'utf8');
  try { return [{ name, at: fs.statSync(path).mtimeMs, value: JSON.parse(text) }]; } catch { return []; }
}).sort((one, other) => other.at - one.at);
exports.default = {
  load: (dir) => files(dir)[0]?.value ?? {},
  save: (dir, value) => {
    const name = files(dir)[0]?.name === NAMES[0] ? NAMES[1] : NAMES[0];
    const file = fs.openSync(join(dir, name), 'w');
    fs.writeFileSync(file, JSON.stringify(value));
    fs.fsyncSync(file);
    fs.closeSync(file);
    const directory = fs.openSync(dir, 'r');
    fs.fsyncSync(directory);
    fs.closeSync(directory);
  },
};
`;

const newest = (readsTimes: boolean): LoadedStore => lab.store(NEWEST, { readsTimes });

const MODELS = ['process-kill', 'power-loss:ext4', 'io-error', 'quit', 'through-link:mode', 'race'] as const;

/** The outcomes of a model. A read that fails is taken for nothing by this store, rightly or not: it is left out. */
async function outcomesOf(store: LoadedStore, model: (typeof MODELS)[number]): Promise<readonly string[]> {
  const scenario = model === 'race' ? 'reader-while-saving' : model === 'io-error' ? 'replace' : 'rotate-often';
  const effort = { recoveries: 2, statesInRecovery: 60, errnos: 'first', secondFaults: 0, lastingFaults: 0, crashedFaults: 1 } as const;
  return lab.on(store, { scenario, effort }, async (cells) => {
    const { cases } = await cells.result(await cells.check({ model }));
    const counted = cases.filter(({ id }) => model !== 'io-error' || /~(EIO|short)/.test(id) === false);
    return [...groupedBy(counted, ({ outcome }) => outcome).keys()].sort();
  });
}

test.for(MODELS)('%s', async (model) => {
  const found = await outcomesOf(newest(true), model);
  expect(found).not.toEqual([]);
  expect(found.filter((outcome) => outcome !== 'new' && outcome !== 'original')).toEqual([]);
});

test('without the times of the run it would be judged by the names of its files', async () => {
  expect(await outcomesOf(newest(false), 'power-loss:ext4')).toContain('stale');
});
