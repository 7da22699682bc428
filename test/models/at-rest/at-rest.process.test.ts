/** Stores that meet damaged files: each mistake is found with its line, and a right store is not accused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LoadedStore } from '../../../harness/domain/loaded-store.ts';
import type { CaseResult, CellResult } from '../../../harness/domain/result.ts';
import { causesOf } from '../../../harness/explain/causes.ts';
import { APPENDS, SETS, UPDATES } from '../../lab/abilities.ts';
import { type Lab, openLab } from '../../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

interface Found {
  readonly cell: CellResult;
  readonly cases: readonly CaseResult[];
  /** What came of each damage of the first file. */
  readonly outcomes: { readonly [damage: string]: string };
  /** `mechanism: source of the line`. */
  readonly causes: readonly string[];
}

async function startsOf(store: LoadedStore, only?: string): Promise<Found> {
  return lab.on(store, { scenario: 'replace' }, async ({ check, result }) => {
    const { cell, cases } = await result(await check({ model: 'at-rest', ...(only !== undefined && { only }) }));
    return {
      cell,
      cases,
      outcomes: Object.fromEntries(cases.map(({ id, outcome }) => [/~(.*)$/.exec(id)?.[1] ?? '', outcome])),
      causes: causesOf([cell], cases).map(({ mechanism, site }) => `${mechanism}: ${site?.source ?? '-'}`),
    };
  });
}

const START = `
const fs = require('node:fs');
const crypto = require('node:crypto');
const live = (dir) => dir + '/config.json';
const write = (dir, value) => {
  fs.writeFileSync(live(dir) + '.tmp', JSON.stringify(value));
  fs.renameSync(live(dir) + '.tmp', live(dir));
};
const read = (dir) => {
  try { return fs.readFileSync(live(dir), 'utf8'); } catch (error) { if (error.code === 'ENOENT') return undefined; throw error; }
};
`;
const PARSE = `const text = read(dir); return text === undefined ? {} : JSON.parse(text);`;
const settings = (load: string, more = ''): string => `${START}
module.exports = { save: write, load: (dir) => { ${load} }, ${more} };`;

describe('a settings file that is damaged', () => {
  test('is overwritten by load: the line that did it is the cause', async () => {
    const store = lab.store(settings(`${PARSE.replace('return text', 'try { return text')} } catch { write(dir, {}); return {}; }`));
    const { cell, outcomes, causes, cases } = await startsOf(store);
    expect(outcomes).toMatchObject({
      'cut=1': 'destroyed',
      'comma=1': 'destroyed',
      'bom=1': 'destroyed',
      'emptied=1': 'empty',
      'older=1': 'stale',
      'flip=1': 'mixed',
    });
    expect(causes).toEqual([
      `damage-overwritten: fs.renameSync(live(dir) + '.tmp', live(dir));`,
      'damage-taken-for-nothing: -',
      'damage-unseen: -',
    ]);
    expect(cell).toMatchObject({ grade: 'lossy', status: 'shown', claim: 'atomic', tried: { kind: 'starts', tried: 10, of: 10 } });
    expect(cases.find(({ id }) => id.endsWith('~comma=1'))).toMatchObject({
      start: 'config.json, with a comma before the last bracket',
      found: '{}, and what was in config.json is in no file after the next save',
      promised: '5 entries',
    });
  });

  test('is taken for nothing, and overwritten by the next save', async () => {
    const store = lab.store(settings(`try { ${PARSE} } catch { return {}; }`));
    const { outcomes, causes } = await startsOf(store);
    expect(outcomes).toMatchObject({ 'comma=1': 'destroyed' });
    expect(causes[0]).toBe(`damage-overwritten: fs.renameSync(live(dir) + '.tmp', live(dir));`);
  });

  test('makes load throw: nothing is destroyed', async () => {
    const { outcomes, causes } = await startsOf(lab.store(settings(PARSE)));
    expect(Object.values(outcomes).filter((outcome) => outcome !== 'refused')).toEqual(['stale', 'mixed']);
    expect(causes).toEqual(['damage-unseen: -']);
  });

  test('makes load throw, and update saves all the same', async () => {
    const update = `update: (dir, edit) => { let value = {}; try { value = module.exports.load(dir); } catch {} write(dir, edit(value)); }`;
    const { outcomes, causes, cases } = await startsOf(lab.store(settings(PARSE, update), { abilities: UPDATES }));
    expect(outcomes).toMatchObject({ 'comma=1': 'destroyed', 'nuls=1': 'refused' });
    expect(causes[0]).toBe(`damage-overwritten: fs.renameSync(live(dir) + '.tmp', live(dir));`);
    expect(cases.find(({ id }) => id.endsWith('~comma=1'))?.found).toMatch(
      /^nothing: it threw SyntaxError.*is in no file after the next update$/,
    );
  });

  test('makes load throw, and update as well', async () => {
    const update = `update: (dir, edit) => write(dir, edit(module.exports.load(dir)))`;
    const { outcomes } = await startsOf(lab.store(settings(PARSE, update), { abilities: UPDATES }));
    expect(Object.values(outcomes).filter((outcome) => outcome !== 'refused')).toEqual(['stale', 'mixed']);
  });

  test('is put aside: nothing is loaded, but nothing is destroyed', async () => {
    const aside = `try { ${PARSE} } catch { fs.renameSync(live(dir), live(dir) + '.corrupt'); return {}; }`;
    const { outcomes, causes } = await startsOf(lab.store(settings(aside)));
    expect(outcomes).toMatchObject({ 'comma=1': 'empty', 'garbage=1': 'empty' });
    expect(Object.values(outcomes)).not.toContain('destroyed');
    expect(causes).toEqual(['damage-taken-for-nothing: -', 'damage-unseen: -']);
  });

  test('has a checksum, and a copy that is as good: no damage does anything', async () => {
    const { cell, outcomes } = await startsOf(
      lab.store(`${START}
const sum = (text) => crypto.createHash('sha256').update(text).digest('hex');
const good = (file) => {
  let text;
  try { text = fs.readFileSync(file, 'utf8'); } catch (error) { if (error.code === 'ENOENT') return undefined; throw error; }
  const [head, ...rest] = text.split('\\n');
  return head === sum(rest.join('\\n')) ? JSON.parse(rest.join('\\n')) : undefined;
};
const put = (file, value) => {
  const text = JSON.stringify(value);
  fs.writeFileSync(file + '.tmp', sum(text) + '\\n' + text);
  fs.renameSync(file + '.tmp', file);
};
module.exports = {
  save: (dir, value) => { put(dir + '/a', value); put(dir + '/b', value); },
  load: (dir) => {
    const value = good(dir + '/a') ?? good(dir + '/b');
    if (value === undefined && fs.existsSync(dir + '/a')) throw new Error('both copies are damaged');
    return value ?? {};
  },
};`),
    );
    expect(new Set(Object.values(outcomes))).toEqual(new Set(['original', 'stale']));
    expect(cell).toMatchObject({ grade: 'atomic', violations: 0, status: 'kept' });
  });
});

test('a map in one file: another key that is set over what could not be read destroys it', async () => {
  const map = (otherwise: string): string => `${START}
const load = (dir) => { try { ${PARSE} } catch (error) { ${otherwise} } };
module.exports = { load, set: (dir, key, value) => write(dir, { ...load(dir), [key]: value }) };`;
  const wrong = await startsOf(lab.store(map('return {};'), { abilities: SETS }));
  expect(wrong.outcomes).toMatchObject({ 'comma=1': 'destroyed' });
  const right = await startsOf(lab.store(map('throw error;'), { abilities: SETS }));
  expect(Object.values(right.outcomes).filter((outcome) => outcome === 'destroyed')).toEqual([]);
});

test('a log that cuts off a torn record is older, and one that forgets a line in its middle destroys it', async () => {
  const log = (load: string): string => `${START}
const lines = (dir) => (read(dir) ?? '').split('\\n').filter((line) => line !== '');
const load = (dir) => { ${load} };
module.exports = {
  load,
  append: (dir, record) => {
    const text = [...load(dir), record].map((one) => JSON.stringify(one) + '\\n').join('');
    fs.writeFileSync(live(dir) + '.tmp', text);
    fs.renameSync(live(dir) + '.tmp', live(dir));
  },
};`;
  const skips = `return lines(dir).flatMap((line) => { try { return [JSON.parse(line)]; } catch { return []; } });`;
  const skipping = await startsOf(lab.store(log(skips), { abilities: APPENDS }));
  expect(skipping.outcomes).toMatchObject({ 'cut=1': 'stale', 'garbage=1': 'destroyed' });
  const strict = await startsOf(lab.store(log('return lines(dir).map((line) => JSON.parse(line));'), { abilities: APPENDS }));
  expect(Object.values(strict.outcomes)).not.toContain('destroyed');
});

test('one start by its id is the same start', async () => {
  const store = lab.store(settings(`try { ${PARSE} } catch { return {}; }`));
  const { cases } = await startsOf(store);
  const id = cases.find(({ outcome }) => outcome === 'destroyed')?.id.replace(/^.*@/, '@') ?? '';
  const alone = await startsOf(store, id);
  expect(alone.cases).toEqual(cases.filter((one) => one.id.endsWith(id)));
  await expect(startsOf(store, '@1~cut=1')).rejects.toThrow('what lies on disk is damaged after the last op, which is ');
  await expect(startsOf(store, id.replace(/=1$/, '=9'))).rejects.toThrow('there is no file 9: 1 of 1 are damaged in turn');
});

test('a store that throws ever after, once it has met damage, is asked in processes that are started', async () => {
  const { outcomes } = await startsOf(
    lab.store(
      settings(
        `if (globalThis.isBroken) throw new Error('broken'); try { ${PARSE} } catch (error) { globalThis.isBroken = true; throw error; }`,
      ),
    ),
  );
  expect(outcomes).toMatchObject({ 'comma=1': 'refused', 'older=1': 'stale', 'flip=1': 'mixed' });
});

test('where a claim names the model, it is held to', async () => {
  const store = lab.store(settings(`try { ${PARSE} } catch { return {}; }`), { claims: { 'at-rest': 'atomic' } });
  const { cell } = await startsOf(store);
  expect(cell).toMatchObject({ status: 'broken', heldBy: 'claim' });
});
