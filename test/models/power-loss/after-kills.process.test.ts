/** A process dies in a save, another one saves, and the power goes: what the dead process had not forced was there to be read, and is not any more. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckedCell } from '../../../harness/cell-result.ts';
import { type Lab, openLab } from '../../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const COMMON = `
const fs = require('node:fs'), { createHash } = require('node:crypto');
const sum = (text) => createHash('sha1').update(text).digest('hex');
const read = (path) => { try { return fs.readFileSync(path, 'utf8'); } catch (error) { if (error.code === 'ENOENT') return; throw error; } };
const force = (path) => { const file = fs.openSync(path, 'r'); try { fs.fsyncSync(file); } finally { fs.closeSync(file); } };
const put = (path, text) => fs.writeFileSync(path, Buffer.from(text), { flush: true });`;

/** Two files that take turns. `first`: what is done to the newest before the other one is overwritten. */
const slots = (first: string): string => `${COMMON}
const slot = (path) => {
  try { const [is, number, value] = JSON.parse(read(path)); if (is === sum(number + value)) return { path, number, value }; } catch {}
};
const newest = (dir) => [slot(dir + '/0'), slot(dir + '/1')].filter(Boolean).sort((one, other) => other.number - one.number)[0];
exports.default = {
  load: (dir) => JSON.parse(newest(dir)?.value ?? '{}'),
  save: (dir, value) => {
    const last = newest(dir), number = (last?.number ?? 0) + 1, text = JSON.stringify(value);
    ${first}
    put(dir + '/' + (number % 2), JSON.stringify([sum(number + text), number, text]));
    force(dir);
  },
};`;

/** It does nothing where the file has the value. `same`: what is done then. */
const skips = (same: string): string => `${COMMON}
exports.default = {
  load: (dir) => JSON.parse(read(dir + '/live') ?? '{}'),
  save: (dir, value) => {
    const text = JSON.stringify(value);
    if (read(dir + '/live') === text) { ${same} return; }
    put(dir + '/temp', text);
    fs.renameSync(dir + '/temp', dir + '/live');
    force(dir);
  },
};`;

const found = (source: string, profile: string): Promise<CheckedCell> => {
  const store = lab.store(source, { empty: {}, claims: { 'power-loss': 'durable' } });
  const effort = { histories: 1, killedSaves: 12, smallerHistories: 12 } as const;
  return lab.on(store, { scenario: 'histories', effort }, async ({ check, result }) =>
    result(await check({ model: `power-loss:${profile}` })),
  );
};

test.each([
  ['two files that take turns', 'xfs', slots(''), 'lossy'],
  ['a save that is skipped because the file has its value', 'ext4', skips(''), 'atomic'],
])('%s: what a dead process left is taken for saved (%s)', async (_, profile, source, grade) => {
  const { cell, cases } = await found(source, profile);
  expect(cell).toMatchObject({ grade, status: 'broken' });
  const lost = cases.filter(({ violation }) => violation);
  expect([...new Set(lost.map(({ blame }) => blame?.mechanism))]).toEqual(['unforced-trusted']);
  expect(lost.map(({ id }) => id)).toContainEqual(expect.stringMatching(/~history=s\d\.s\d\.c\d+\.s\d~lost=/));
});

test.each([
  ['two files that take turns', 'xfs', slots('if (last !== undefined) { force(last.path); force(dir); }')],
  ['a save that is skipped', 'ext4', skips(`force(dir + '/live'); force(dir);`)],
])('%s: it is forced first (%s)', async (_, profile, source) => {
  const { cell } = await found(source, profile);
  expect(cell).toMatchObject({ grade: 'durable', violations: 0 });
  expect(cell.histories?.tried).toBeGreaterThan(3);
});
