/** A store that claims how many files stay behind is held to it; one that claims nothing is not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, openLab } from '../../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

/** Each crash before the rename leaves a file of a new name. `first`: what a save does before. */
const saving = (first: string): string => `
  const fs = require('node:fs'), path = require('node:path'), { randomUUID } = require('node:crypto');
  const read = (file) => { try { return JSON.parse(fs.readFileSync(file, 'utf8')); } catch { return undefined; } };
  exports.default = {
    load: async (dir) => read(path.join(dir, 'value')) ?? {},
    save: async (dir, value) => {
      ${first}
      const temporary = path.join(dir, 'value.' + randomUUID() + '.tmp');
      fs.writeFileSync(temporary, JSON.stringify(value), { flush: true });
      fs.renameSync(temporary, path.join(dir, 'value'));
    },
  };`;

const LEAVES = saving('');
const SWEEPS = saving("for (const name of fs.readdirSync(dir)) if (name.endsWith('.tmp')) fs.rmSync(path.join(dir, name));");
const TEMPORARY = 'value.<uuid>.tmp';

interface Options {
  readonly crashes?: number;
  readonly model?: string;
  readonly only?: string;
}

async function cellOf(source: string, litter: number | undefined, { crashes = 1, model = 'process-kill', only }: Options = {}) {
  const store = lab.store(source, litter === undefined ? {} : { litter });
  const effort = { crashes, recoveries: crashes === 1 ? 0 : 48, statesInRecovery: 4_800 };
  return lab.on(store, { scenario: 'replace', effort: only === undefined ? effort : { recoveries: 1 } }, async ({ check, result }) =>
    result(await check({ model, ...(only !== undefined && { only }) })),
  );
}

type Found = Awaited<ReturnType<typeof cellOf>>;
const littered = ({ cases }: Found) => cases.filter(({ outcome }) => outcome === 'littered');
const withoutTimes = ({ cell: { durationMs: _, stages: __, ...cell } }: Found): object => cell;

test('a file that stays behind is noted where nothing is claimed, also if a second crash leaves one too', async () => {
  const recoveries = { recoveries: 8, statesInRecovery: 400 };
  const notes = await lab.on(lab.store(LEAVES), { scenario: 'replace', effort: recoveries }, async ({ check, result }) => {
    const { cell } = await result(await check({ model: 'process-kill' }));
    return cell.notes;
  });
  expect(notes).toContain(`litter: after some crashes ${TEMPORARY} stays behind, even after the next save`);
});

describe('a store that leaves a file at each crash', () => {
  test.each([['process-kill'], ['power-loss:ext4']])('breaks a claim that none stays, under %s', async (model) => {
    const found = await cellOf(LEAVES, 0, { model });
    const [one] = littered(found);
    expect(found.cell).toMatchObject({ grade: 'lossy', status: 'broken', outcomes: { littered: expect.any(Number) } });
    expect(one).toMatchObject({
      violation: true,
      found: `1 file: ${TEMPORARY}; the store claims at most 0. The next load and save removed none`,
      blame: { mechanism: 'littered', op: expect.stringMatching(/^open value\.<uuid>\.tmp/) },
    });
    expect(found.cell.picture).toContain('C');
    expect(found.cell.notes).toContain('litter: 1 file at most, and the store claims 0');
    // What only stays behind is no loss that a barrier would mend.
    expect(found.cases.filter(({ mend, missingBarrier }) => mend !== undefined || missingBarrier !== undefined)).toEqual([]);
  });

  test.each([
    [1, 1, true],
    [1, 2, false],
    [2, 2, true],
    [2, 3, false],
    [3, 3, true],
  ])('with %d claimed and %d crashes in a row: kept is %s', async (litter, crashes, isKept) => {
    const found = await cellOf(LEAVES, litter, { crashes });
    expect(found.cell.status).toBe(isKept ? 'kept' : 'broken');
    expect(littered(found).length > 0).toBe(!isKept);
    for (const { id } of littered(found)) expect(id.split('~then=')).toHaveLength(crashes);
  });

  test('is replayed', async () => {
    const found = await cellOf(LEAVES, 1, { crashes: 2 });
    const [one] = littered(found);
    const again = await cellOf(LEAVES, 1, { only: one?.id.slice(one.id.indexOf('@')) ?? '' });
    expect(again.cases).toMatchObject([{ outcome: 'littered', found: one?.found, again: one?.again }]);
  });

  test('is held to nothing where it claims nothing', async () => {
    const [silent, generous] = [await cellOf(LEAVES, undefined, { crashes: 2 }), await cellOf(LEAVES, 9, { crashes: 2 })];
    expect(littered(silent)).toEqual([]);
    const once = await cellOf(LEAVES, undefined);
    expect(once.cell.notes).toEqual([`litter: after some crashes ${TEMPORARY} stays behind, even after the next save`]);
    const { notes: _, store: __, ...rest } = withoutTimes(generous) as Found['cell'];
    expect(withoutTimes(silent)).toMatchObject(rest);
  });
});

test('a store whose next save removes what lies there keeps a claim that none stays', async () => {
  const found = await cellOf(SWEEPS, 0, { crashes: 3 });
  expect(littered(found)).toEqual([]);
  expect(found.cell).toMatchObject({
    status: 'kept',
    notes: expect.arrayContaining([
      'litter: 0 files at most, and the store claims 0',
      `litter: the next load or save removes ${TEMPORARY}`,
    ]),
  });
});
