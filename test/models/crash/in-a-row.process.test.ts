/** Recovery that is crashed again and again: it ends where nothing new comes, and what it loses on the way is found and replays. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CellResult } from '../../../harness/domain/result.ts';
import { type Lab, openLab } from '../../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const HEAD = `
  const fs = require('node:fs'), path = require('node:path'), { randomUUID } = require('node:crypto');
  const read = (file) => { try { return JSON.parse(fs.readFileSync(file, 'utf8')); } catch { return undefined; } };
  const move = (from, to) => { if (fs.existsSync(from)) fs.renameSync(from, to); };`;

/** Each save moves the generations on, readable or not: the third interrupted save in a row moves the good one out. */
const ROTATES = `${HEAD}
  const files = (dir) => ['value', 'value.1', 'value.2'].map((name) => path.join(dir, name));
  exports.default = {
    load: async (dir) => files(dir).map(read).find((value) => value !== undefined) ?? {},
    save: async (dir, value) => {
      const [live, first, second] = files(dir);
      move(first, second);
      move(live, first);
      fs.writeFileSync(live, JSON.stringify(value));
    },
  };`;

/** Writes beside the value, and renames. */
const replaces = (temporary: string): string => `${HEAD}
  exports.default = {
    load: async (dir) => read(path.join(dir, 'value')) ?? {},
    save: async (dir, value) => {
      const live = path.join(dir, 'value'), temporary = live + ${temporary};
      fs.writeFileSync(temporary, JSON.stringify(value), { flush: true });
      fs.renameSync(temporary, live);
    },
  };`;

const RIGHT = replaces("'.tmp'");
/** Leaves a file at each crash that nobody removes. */
const LITTERS = replaces("'.' + randomUUID() + '.tmp'");

const LIMITS = { recoveries: 48, statesInRecovery: 4_800 };

async function cellOf(source: string, crashes: number, { model = 'process-kill', limits = {} } = {}) {
  return lab.on(lab.store(source), { scenario: 'replace', effort: { ...LIMITS, crashes, ...limits } }, async ({ check, result }) => {
    const findings = await check({ model });
    return { findings, result: await result(findings) };
  });
}

const recoveriesIn = ({ tried }: CellResult): unknown =>
  tried?.kind === 'kills' || tried?.kind === 'states' ? tried.recoveries : undefined;
const lossesIn = ({ result: { cases } }: Awaited<ReturnType<typeof cellOf>>) => cases.filter(({ outcome }) => outcome === 'empty');

describe('a store that the third crash in a row takes the value from', () => {
  test('loses nothing to two', async () => {
    const two = await cellOf(ROTATES, 2);
    expect(lossesIn(two)).toEqual([]);
    expect(recoveriesIn(two.result.cell)).not.toHaveProperty('deeper');
    expect(two.result.cell.notes).toEqual([]);
  });

  test('loses it to three, and its cases replay', async () => {
    const three = await cellOf(ROTATES, 3);
    const losses = lossesIn(three);
    expect(losses.length).toBeGreaterThan(0);
    for (const { id, again, further } of losses) {
      expect(id.split('~then=')).toHaveLength(3);
      expect([again, further]).toMatchObject([{ lost: [] }, [{ lost: [] }]]);
    }
    expect(three.result.cell.notes).toEqual([
      expect.stringMatching(/^crash in recovery: 3 crashes in a row came to no end: the last left \d+ new trees?$/),
      'crash in recovery: some losses need 3 crashes in a row; the picture shows one crash',
    ]);
    const [loss] = losses;
    const only = loss?.id.slice(loss.id.indexOf('@')) ?? '';
    const replayed = await lab.on(
      lab.store(ROTATES),
      { scenario: 'replace', effort: { recoveries: 1 } },
      async ({ check, result, bench }) => {
        const findings = await check({ model: 'process-kill', only });
        const { model } = findings.cell;
        const [verdict] = findings.explored.verdicts;
        if (verdict === undefined) throw new Error('there is no such case');
        expect(bench.effort.crashes).toBe(2); // an id replays whatever the effort
        return { ...(await result(findings)), timeline: await model.timeline(verdict, findings) };
      },
    );
    expect(replayed.cases).toMatchObject([{ outcome: 'empty', found: loss?.found, again: loss?.again, further: loss?.further }]);
    expect(replayed.timeline).toMatchObject({
      parts: [{}, { title: 'then recovery: load, save' }, { title: 'then recovery: load, save' }],
    });
  });
});

test.each([
  ['writes the same temporary file again', 'process-kill', RIGHT],
  ['writes the same temporary file again', 'power-loss:ext4', RIGHT],
  ['leaves a file at each crash', 'process-kill', LITTERS],
])('a store that %s converges under %s', async (_, model, source) => {
  const found = await cellOf(source, 9, { model });
  expect(lossesIn(found)).toEqual([]);
  expect(recoveriesIn(found.result.cell)).toMatchObject({ deeper: { end: 'nothing-new' } });
  const { deeper } = recoveriesIn(found.result.cell) as { readonly deeper: { readonly after: number } };
  expect(deeper.after).toBeLessThan(9);
  expect(found.result.cell.notes).toContain(`crash in recovery: ${deeper.after} crashes in a row leave nothing new: it converged`);
  // One crash fewer has not seen the end.
  const fewer = await cellOf(source, deeper.after - 1, { model });
  if (deeper.after > 3) expect(recoveriesIn(fewer.result.cell)).toMatchObject({ deeper: { end: 'crashes' } });
});

test('every tree that crashes leave has its recovery crashed, or was there before', async () => {
  const found = await cellOf(RIGHT, 9);
  const trees = new Set<string>();
  const recovered = new Set<string>();
  const textOf = (tree: ReadonlyMap<string, object>): string =>
    JSON.stringify([...tree].map(([path, entry]) => [path, 'hash' in entry ? entry.hash : '']));
  for (const { case: one, outcome } of found.findings.explored.verdicts as never as readonly Crashed[]) {
    if (one.state.how !== 'in-recovery') continue;
    expect(outcome).not.toBe('empty');
    recovered.add(textOf(one.state.trace.trees[0] ?? new Map()));
    if (one.state.second.how !== 'ended') trees.add(textOf(one.state.tree));
  }
  expect([...trees].filter((tree) => !recovered.has(tree))).toEqual([]);
});

interface Crashed {
  readonly outcome: string;
  readonly case: {
    readonly state: {
      readonly how: string;
      readonly tree: ReadonlyMap<string, object>;
      readonly trace: { readonly trees: readonly ReadonlyMap<string, object>[] };
      readonly second: { readonly how: string };
    };
  };
}

test('where the limits leave some out, nobody says that it converged', async () => {
  const found = await cellOf(RIGHT, 9, { limits: { recoveries: 1 } });
  expect(recoveriesIn(found.result.cell)).toMatchObject({ deeper: { end: 'limits' } });
});

test('what was found with fewer crashes is found with more', async () => {
  const [two, three] = [await cellOf(ROTATES, 2), await cellOf(ROTATES, 3)];
  const ids = ({ result: { cases } }: typeof two): string[] => cases.map(({ id }) => id.slice(id.indexOf('@')));
  expect(ids(three)).toEqual(expect.arrayContaining(ids(two)));
});
