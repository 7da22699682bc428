/** Races of planted stores: each way to lose something is found, and what is safe is not accused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { treeKey } from '../../../harness/domain/tree.ts';
import type { Raced } from '../../../harness/models/race/raced.ts';
import {
  A,
  blocksOf,
  idOf,
  LOAD,
  openRaceLab,
  type RaceLab,
  type RacingStore,
  READER_WHILE_SAVING,
  switched,
  TWO_SAVERS,
  TWO_UPDATERS,
} from '../../lab/races.ts';
import { noPtrace } from '../../record/ptrace/tracing.ts';

const RENAME_AWAY: RacingStore = {
  save: `
    if (fs.existsSync(at(dir, 'live'))) fs.renameSync(at(dir, 'live'), at(dir, 'backup'));
    await fsp.writeFile(at(dir, 'temp'), JSON.stringify(value));
    await fsp.rename(at(dir, 'temp'), at(dir, 'live'));`,
};

const OWN_TEMP: RacingStore = {
  save: `
    const temp = at(dir, require('node:crypto').randomUUID());
    await fsp.writeFile(temp, JSON.stringify(value));
    await fsp.rename(temp, at(dir, 'live'));`,
};

const UNLOCKED: RacingStore = { ...OWN_TEMP, update: `await module.exports.save(dir, change(module.exports.load(dir)));` };

const SHARED_TEMP: RacingStore = {
  save: `
    await fsp.writeFile(at(dir, 'temp'), JSON.stringify(value));
    await fsp.rename(at(dir, 'temp'), at(dir, 'live'));`,
};

/** A lock file that only its owner removes. */
const locked = (whenTaken: string): RacingStore => ({
  top: `
    const locked = async (dir, work) => {
      for (let tries = 0; ; tries += 1) {
        try { fs.closeSync(fs.openSync(at(dir, 'lock'), 'wx')); break; } catch (error) { if (error.code !== 'EEXIST') throw error; }
        ${whenTaken}
      }
      try { await work(); } finally { fs.unlinkSync(at(dir, 'lock')); }
    };`,
  save: `await locked(dir, async () => { ${SHARED_TEMP.save} });`,
  update: `await locked(dir, async () => {
    const value = change(module.exports.load(dir));
    ${SHARED_TEMP.save}
  });`,
});
const WAITS_FOR_EVER = locked('await new Promise((go) => setTimeout(go, 3));');
const GIVES_UP = locked(`if (tries > 1) throw new Error('locked'); await new Promise((go) => setTimeout(go, 3));`);

describe.skipIf(noPtrace !== undefined)('races', () => {
  let lab: RaceLab;
  beforeAll(async () => {
    lab = await openRaceLab();
  });
  afterAll(() => lab.close());

  test('a reader in the window of a rename saves back the nothing that it found', async () => {
    const { minimal, outcomes, notes } = await lab.check(RENAME_AWAY, READER_WHILE_SAVING, { fake: true });
    expect(minimal && [idOf(minimal), minimal.outcome]).toEqual(['a2.b1', 'empty']);
    expect(minimal && blocksOf(minimal)).toMatch(/^a: access live, rename live -> backup \| b: open live failed: ENOENT, /);
    expect(minimal?.end.events.find(({ loaded }) => loaded !== undefined)).toMatchObject({
      task: 1,
      step: 0,
      loaded: { value: {} },
      at: 3,
    });
    expect(outcomes.empty).toBeGreaterThan(1);
    expect(notes.filter((note) => note.includes('fake'))).toEqual([]); // there too
  });

  test('an update is lost that another one did not read', async () => {
    const { minimal } = await lab.check(UNLOCKED, TWO_UPDATERS);
    expect(minimal && [idOf(minimal), minimal.outcome]).toEqual(['a1.b1', 'false-ack']);
  });

  test('updates under a lock are not lost, and whoever waits for it gets on', async () => {
    const { outcomes, verdicts } = await lab.check(WAITS_FOR_EVER, TWO_UPDATERS, {
      named: {
        schedule: [
          { task: 0, steps: 3 },
          { task: 1, steps: 1 },
        ],
      },
    });
    expect(outcomes).toEqual({ new: 1 });
    expect(verdicts[0] && blocksOf(verdicts[0])).toMatch(
      /^a: open lock, close lock, open live \| b: open lock failed: EEXIST \| a: .* unlink lock \| b: open lock, /,
    );
  });

  test('a temp name that two savers share', async () => {
    const { minimal } = await lab.check(SHARED_TEMP, TWO_SAVERS);
    expect(minimal && [idOf(minimal), minimal.outcome]).toEqual(['a1.b1', 'unreadable']);
  });

  test('a lock that a killed process leaves behind: whoever comes next waits for ever', async () => {
    const { end } = await lab.race(WAITS_FOR_EVER, TWO_SAVERS, { schedule: [{ task: 0, steps: 1 }], kill: 0 }, { timeoutMs: 3_000 });
    expect(end.stuck).toBe('saver B did not come to an end within 3 s'); // which is judged as hung, whatever recovery finds
    expect(blocksOf({ end })).toMatch(/^a: open lock \| b: open lock failed: EEXIST, open lock failed: EEXIST, /);
  });

  test('a lock that a killed process leaves behind: no save succeeds any more', async () => {
    const { minimal } = await lab.check(GIVES_UP, TWO_SAVERS);
    expect(minimal && [idOf(minimal), minimal.outcome]).toEqual(['a1~kill=a', 'blocked']);
    expect(minimal?.end.events.at(-1)).toMatchObject({ task: 1, kind: 'rejected', error: 'locked' });
  });

  test('a switch that is left out leads to what the one before it leads to', async () => {
    const { verdicts } = await lab.check(OWN_TEMP, READER_WHILE_SAVING);
    const kept = new Set(verdicts.map(idOf));
    const leadsTo = ({ end }: Raced): unknown => [treeKey(end.tree), end.events.map(({ loaded, kind, task }) => [task, kind, loaded])];
    let leftOut = 0;
    for (const task of [0, 1]) {
      const alone = await lab.race(OWN_TEMP, READER_WHILE_SAVING, { schedule: [{ task, steps: 1 }] }, { fresh: false });
      const all = alone.end.ops.findIndex((op) => op.task !== task) - 1;
      const schedules = Array.from({ length: all }, (_, at) => switched(task, at + 1));
      const races = await Promise.all(schedules.map((schedule) => lab.race(OWN_TEMP, READER_WHILE_SAVING, { schedule }, { fresh: false })));
      for (const [at, race] of races.entries()) {
        if (kept.has(idOf(race)) || at === 0) continue;
        expect(leadsTo(race)).toEqual(leadsTo(races[at - 1] as Raced)); // the one before is there
        leftOut += 1;
      }
    }
    expect(leftOut).toBeGreaterThan(2);
  });

  test('where the fake file system leads elsewhere, that is told', async () => {
    const here: RacingStore = { save: `if (fs.existsSync('/proc/self')) { ${OWN_TEMP.save} } else { ${RENAME_AWAY.save} }` };
    const { notes } = await lab.check(here, READER_WHILE_SAVING, { fake: true });
    expect(notes.filter((note) => note.startsWith('fake and real disagree on '))).toHaveLength(1);
  });

  test('each order counts once, and with two switches there are more of them', async () => {
    const one = await lab.check(OWN_TEMP, TWO_SAVERS);
    const two = await lab.check(OWN_TEMP, TWO_SAVERS, { bound: 2 });
    for (const { distinct, verdicts } of [one, two])
      expect(new Set(verdicts.map(blocksOf)).size + verdicts.filter(({ end }) => end.killed !== undefined).length).toBeGreaterThanOrEqual(
        distinct,
      );
    expect(one.outcomes).toEqual({ new: one.distinct });
    expect(two.distinct).toBeGreaterThan(one.distinct);
    expect(two.bound).toBe(2);
  });

  test('a store that knows its earlier races is given processes that had none', async () => {
    // The first save of a process is safe; a later one leaves nothing.
    const once: RacingStore = {
      save: `if (globalThis.saved) fs.rmSync(at(dir, 'live')); else fs.writeFileSync(at(dir, 'live'), JSON.stringify(value)); globalThis.saved = true;`,
      load: LOAD,
    };
    const { outcomes } = await lab.check(once, [
      { name: 'a', steps: [{ kind: 'save', value: A }] },
      { name: 'b', steps: [{ kind: 'load' }] },
    ]);
    expect(outcomes.empty).toBeUndefined();
  });
});
