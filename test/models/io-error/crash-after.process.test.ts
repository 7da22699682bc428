/** A crash in the step after one that was rejected: what the process noted in memory of the step that failed may not be true of the disk. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckedCell } from '../../../harness/cell-result.ts';
import type { CaseResult } from '../../../harness/domain/result.ts';
import { type Lab, openLab } from '../../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

/** Two files that take turns, each with a sum and a number: the larger number of a whole one counts. */
const slots = (noted: 'before' | 'after'): string => `
const fs = require('node:fs'), { createHash } = require('node:crypto');
const sum = (text) => createHash('sha1').update(text).digest('hex');
const numbers = new Map();
const read = (path) => {
  let text;
  try { text = fs.readFileSync(path, 'utf8'); } catch (error) { if (error.code === 'ENOENT') return; throw error; }
  try { const [is, number, value] = JSON.parse(text); return is === sum(number + value) ? { number, value } : undefined; } catch {}
};
const newest = (dir) => [read(dir + '/0'), read(dir + '/1')].filter(Boolean).sort((one, other) => other.number - one.number)[0];
exports.default = {
  load: (dir) => JSON.parse(newest(dir)?.value ?? '{}'),
  save: (dir, value) => {
    if (!numbers.has(dir)) numbers.set(dir, newest(dir)?.number ?? 0);
    const number = numbers.get(dir) + 1, text = JSON.stringify(value);
    ${noted === 'before' ? 'numbers.set(dir, number);' : ''}
    const file = fs.openSync(dir + '/' + (number % 2), 'w');
    try { fs.writeFileSync(file, Buffer.from(JSON.stringify([sum(number + text), number, text]))); fs.fsyncSync(file); } finally { fs.closeSync(file); }
    const place = fs.openSync(dir); fs.fsyncSync(place); fs.closeSync(place);
    ${noted === 'after' ? 'numbers.set(dir, number);' : ''}
  },
};`;

const found = (noted: 'before' | 'after', only?: string): Promise<CheckedCell> =>
  lab.on(lab.store(slots(noted)), { scenario: 'save-twice', effort: { secondFaults: 0, lastingFaults: 1 } }, async ({ check, result }) =>
    result(await check({ model: 'io-error', ...(only !== undefined && { only }) })),
  );

const placeOf = (one: CaseResult | undefined): string => one?.id.slice(one.id.indexOf('@')) ?? '';

test('two files that take turns, with the number noted before it is written, lose both to a kill in the next save', async () => {
  const { cell, cases } = await found('before');
  expect(cell).toMatchObject({ grade: 'lossy', status: 'broken' });
  const lost = cases.filter(({ violation }) => violation);
  expect([...new Set(lost.map(({ blame }) => blame?.mechanism))]).toEqual(['remembers-failure']);
  const [killed] = lost.filter(({ id }) => id.includes('~kill='));
  expect(killed?.outcome).toBe('empty');
  expect(killed?.fault).toMatch(/fails with \w+; the process is killed after op \d+ open 1 \(.*\); step 1 rejected$/);
  const again = await found('before', placeOf(killed));
  expect(again.cases.map((one) => [placeOf(one), one.outcome])).toEqual([[placeOf(killed), 'empty']]);
});

test('with the number noted after it is written they lose nothing', async () => {
  const { cell } = await found('after');
  expect(cell).toMatchObject({ grade: 'durable', violations: 0 });
  expect(cell.tried?.kind === 'faults' && cell.tried.crashed?.tried).toBeGreaterThan(0);
});
