/** Races of planted stores: each way to lose something is found, and what is safe is not accused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Task } from '../../../harness/domain/trace.ts';
import { treeKey } from '../../../harness/domain/tree.ts';
import type { Findings } from '../../../harness/models/model.ts';
import { raceDetail } from '../../../harness/models/race/race-id.ts';
import type { Raced } from '../../../harness/models/race/raced.ts';
import type { ScheduleExplored } from '../../../harness/models/schedule/schedule-case.ts';
import { deep } from '../../lab/depth.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { MAPPING } from '../../lab/mapping.ts';
import {
  A,
  blocksOf,
  idOf,
  LOAD,
  type RacingStore,
  READER_WHILE_SAVING,
  raceOf,
  raceOnce,
  races,
  racing,
  save,
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

/** The value is in memory that all processes share: a load that reads from there makes no call. */
const MAPPED: RacingStore = {
  top: `${MAPPING}
    const room = (dir) => {
      const fd = fs.openSync(at(dir, 'live'), 'a'); fs.closeSync(fd);
      if (fs.statSync(at(dir, 'live')).size < 4096) fs.truncateSync(at(dir, 'live'), 4096);
    };
    const parsed = (text) => (text === '' ? {} : JSON.parse(text));`,
  save: `
    room(dir);
    const it = map(at(dir, 'live'), 4096);
    it.store(JSON.stringify(value) + '\\0');
    it.sync();
    it.unmap();`,
  load: `return fs.existsSync(at(dir, 'live')) ? parsed(fs.readFileSync(at(dir, 'live'), 'utf8').split('\\0')[0]) : {};`,
  update: `
    room(dir);
    const it = map(at(dir, 'live'), 4096);
    const value = parsed(it.text());
    fs.existsSync(at(dir, 'other'));
    it.store(JSON.stringify(change(value)) + '\\0');
    it.unmap();`,
};

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

interface CheckOptions {
  readonly bound?: number;
  readonly only?: string;
  readonly fake?: boolean;
  /** Limits of kills after a switch, and of crashes. */
  readonly kills?: number;
  readonly crashes?: number;
}

const SYNC_SHARED_TEMP: RacingStore = {
  save: `fs.writeFileSync(at(dir, 'temp'), JSON.stringify(value)); fs.renameSync(at(dir, 'temp'), at(dir, 'live'));`,
};
const SYNC_OWN_TEMP: RacingStore = {
  save: `
    const temp = at(dir, require('node:crypto').randomUUID());
    fs.writeFileSync(temp, JSON.stringify(value));
    fs.renameSync(temp, at(dir, 'live'));`,
};
const SYNC_IN_PLACE: RacingStore = { save: `fs.writeFileSync(at(dir, 'live'), JSON.stringify(value));` };

/** Of one length: a write that is overtaken leaves no more than half of the other value. */
const ALIKE: readonly Task[] = [
  { name: 'saver A', steps: [save({ name: 'B' })] },
  { name: 'saver B', steps: [save({ name: 'D' })] },
];

/** A lock that names its owner, and is taken from a dead one. `asksAgain`: also from one that dies while it is waited for. */
const lockedByPid = (asksAgain: boolean): RacingStore => ({
  top: `
    const isAlive = (pid) => { try { process.kill(pid, 0); return true; } catch { return false; } };
    const tryLock = (dir) => { try { fs.symlinkSync(String(process.pid), at(dir, 'lock')); return true; } catch (error) { if (error.code !== 'EEXIST') throw error; return false; } };
    const ownerOf = (dir) => { try { return Number(fs.readlinkSync(at(dir, 'lock'))); } catch (error) { if (error.code !== 'ENOENT') throw error; } };
    const locked = async (dir, work) => {
      for (let tries = 0; !tryLock(dir); tries += 1) {
        const owner = ownerOf(dir);
        if (owner === undefined) continue;
        if (!isAlive(owner)) {
          if (tries > 0 && !${asksAgain}) throw new Error('its owner is gone');
          fs.unlinkSync(at(dir, 'lock'));
        } else await new Promise((go) => setTimeout(go, 3));
      }
      try { work(); } finally { fs.unlinkSync(at(dir, 'lock')); }
    };`,
  save: `await locked(dir, () => { ${SYNC_OWN_TEMP.save} });`,
});

/** A process keeps what it read, as long as something about the file is the same. Updates are under a lock. */
const remembering = (known: string): RacingStore => ({
  top: `
    let cache;
    const stamp = (dir) => { const stat = fs.statSync(at(dir, 'live'), { bigint: true }); return String(${known}); };
    const read = (dir) => {
      const now = stamp(dir);
      if (cache?.stamp !== now) cache = { stamp: now, text: fs.readFileSync(at(dir, 'live'), 'utf8') };
      return JSON.parse(cache.text);
    };
    const write = (dir, value) => { ${SYNC_OWN_TEMP.save} cache = { stamp: stamp(dir), text: JSON.stringify(value) }; };
    ${lockedByPid(true).top}`,
  save: `write(dir, value);`,
  update: `await locked(dir, () => write(dir, change(read(dir))));`,
});

describe.skipIf(noPtrace !== undefined)('races', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab({ recorder: 'ptrace' });
  });
  afterAll(() => lab.close());

  /** All races of these tasks, or one of them. */
  function check(
    store: RacingStore,
    tasks: readonly Task[],
    { bound = 1, only, fake = false, kills = 0, crashes = 0 }: CheckOptions = {},
  ): Promise<Findings<ScheduleExplored>> {
    const effort = { preemptions: bound, racedKills: kills, racedCrashes: crashes };
    return lab.on(racing(lab, store), { scenario: raceOf(tasks), effort }, ({ bench, check: checkOn }) => {
      // To hold each against the fake file system would take longer than the races.
      const onFake = fake ? bench.fake : { ...bench.fake, bundle: async () => ({ reason: 'not asked for' }) };
      return checkOn<ScheduleExplored>({ model: 'race', ...(only !== undefined && { only }) }, { ...bench, fake: onFake });
    });
  }

  function triedIn({ explored: { tried } }: Findings): { readonly distinct: number; readonly bound?: number | undefined } {
    if (tried?.kind !== 'schedules') throw new Error('no schedules were tried');
    return tried;
  }

  test('a reader in the window of a rename saves back the nothing that it found', async () => {
    const { explored, tally } = await check(RENAME_AWAY, READER_WHILE_SAVING, { fake: true });
    const { minimal, notes } = explored;
    expect(minimal && [idOf(minimal.case), minimal.outcome]).toEqual(['a2.b1', 'empty']);
    expect(minimal && blocksOf(minimal.case)).toMatch(/^a: access live, rename live -> backup \| b: open live failed: ENOENT, /);
    expect(minimal?.case.end.events.find(({ loaded }) => loaded !== undefined)).toMatchObject({
      task: 1,
      step: 0,
      loaded: { value: {} },
      at: 3,
    });
    expect(tally.outcomes.empty).toBeGreaterThan(1);
    expect(notes.filter((note) => note.includes('fake'))).toEqual([]); // there too
  });

  test('an update is lost that another one did not read', async () => {
    const {
      explored: { minimal },
    } = await check(UNLOCKED, TWO_UPDATERS);
    expect(minimal && [idOf(minimal.case), minimal.outcome]).toEqual(['a1.b1', 'false-ack']);
  });

  test('an update of mapped memory is lost that another one did not read', async () => {
    const { explored } = await check(MAPPED, TWO_UPDATERS);
    const { minimal, doubts } = explored;
    expect(minimal?.outcome).toBe('false-ack');
    expect(minimal && blocksOf(minimal.case)).toMatch(/^a: .*mmap live[^:]* \| b: .*mapwrite live.* \| a: .*mapwrite live/);
    expect(doubts).toEqual([]);
  });

  test('updates under a lock are not lost, and a task that waits for it continues', async () => {
    const { tally, explored } = await check(WAITS_FOR_EVER, TWO_UPDATERS, { only: '@4~a3.b1' });
    const [verdict] = explored.verdicts;
    expect(tally.outcomes).toEqual({ new: 1 });
    expect(verdict && blocksOf(verdict.case)).toMatch(
      /^a: open lock, close lock, open live \| b: open lock failed: EEXIST \| a: .* unlink lock \| b: open lock, /,
    );
  });

  test('a temp name that two savers share', async () => {
    const {
      explored: { minimal },
    } = await check(SHARED_TEMP, TWO_SAVERS);
    expect(minimal && [idOf(minimal.case), minimal.outcome]).toEqual(['a1.b1', 'unreadable']);
  });

  test('a temp name that two synchronous savers share: one writes it, the other renames it, and the one is killed', async () => {
    const { explored } = await check(SYNC_SHARED_TEMP, ALIKE, { kills: 12 });
    const { minimal, tried } = explored;
    expect(minimal && [idOf(minimal.case), minimal.outcome]).toEqual(['a2.b1~kill=b', 'unreadable']);
    expect(minimal && blocksOf(minimal.case)).toBe('a: open temp, write temp | b: open temp | a: close temp, rename temp -> live');
    expect(tried).toMatchObject({ crashes: 0 });
    const [again] = (await check(SYNC_SHARED_TEMP, ALIKE, { only: '@3~a2.b1~kill=b' })).explored.verdicts;
    expect(again?.outcome).toBe('unreadable');
  });

  test('a temp name of its own is safe, whoever is killed, and if all are', async () => {
    const { tally, explored } = await check(SYNC_OWN_TEMP, TWO_SAVERS, { kills: 100, crashes: 1_000 });
    expect(Object.keys(tally.outcomes).sort()).toEqual(['new', 'original']);
    const killed = new Set(explored.verdicts.flatMap(({ case: { end } }) => (end.killed === undefined ? [] : [end.killed])));
    expect([...killed].sort()).toEqual([0, 1]);
    expect(explored.verdicts.filter(({ case: { end } }) => end.killed !== undefined && end.schedule.length > 1).length).toBeGreaterThan(1);
  });

  test('a kill after a switch that is left out leaves what the one of the switch before leaves', async () => {
    const { explored } = await check(SYNC_OWN_TEMP, TWO_SAVERS, { kills: 100 });
    const kept = new Set(explored.verdicts.map((verdict) => idOf(verdict.case)));
    let leftOut = 0;
    const killedAfter = (steps: number, later: number) => ({
      schedule: [
        { task: 0, steps },
        { task: 1, steps: later },
      ].filter((turn) => turn.steps > 0),
      kill: 1,
    });
    await races(lab, SYNC_OWN_TEMP, TWO_SAVERS, async (race) => {
      const files = ({ end }: Raced): string[] =>
        [...end.tree]
          .map(([name, entry]) => (name === 'live' ? treeKey(new Map([[name, entry]])) : entry.kind === 'file' ? entry.hash : ''))
          .sort();
      for (const steps of [1, 2, 3])
        for (const later of [1, 2]) {
          const planned = killedAfter(steps, later);
          const one = await race(planned, { fresh: false });
          if (kept.has(idOf(one))) continue;
          expect(files(one)).toEqual(files(await race(killedAfter(steps - 1, later), { fresh: false })));
          leftOut += 1;
        }
    });
    expect(leftOut).toBeGreaterThan(1);
  });

  test('all tasks are killed at once where another crash leaves half a value, and a replay kills them', async () => {
    const { explored } = await check(SYNC_IN_PLACE, ALIKE, { crashes: 1_000 });
    const { tried } = explored;
    const crashed = explored.verdicts.filter(({ case: { end } }) => end.how === 'crashed');
    expect(crashed.length).toBeGreaterThan(4);
    expect(tried).toMatchObject({ crashes: crashed.length });
    expect(explored.minimal && [idOf(explored.minimal.case), explored.minimal.outcome]).toEqual(['a1~kill=all', 'unreadable']);
    await races(lab, SYNC_IN_PLACE, ALIKE, async (race) => {
      for (const { case: one } of crashed) {
        const { end } = await race({ schedule: one.end.schedule, kill: 'all' }, { fresh: false });
        expect([idOf({ end }), treeKey(end.tree)]).toEqual([idOf(one), treeKey(one.end.tree)]); // what was observed there is what a kill leaves
        expect(blocksOf({ end })).toBe(blocksOf(one));
        expect(end.events).toEqual(one.end.events);
      }
    });
    const [again] = (await check(SYNC_IN_PLACE, ALIKE, { only: '@1~a1~kill=all' })).explored.verdicts;
    expect(again?.outcome).toBe('unreadable');
  });

  test('who holds a lock is killed while the other one waits for it', async () => {
    const { explored } = await check(lockedByPid(false), TWO_SAVERS, { kills: 100 });
    const errorsWhere = (turns: number): Set<string> =>
      new Set(
        explored.verdicts.flatMap(({ case: { end } }) =>
          end.killed === 0 && end.schedule[0]?.task === 0 && end.schedule.length === turns
            ? end.events.flatMap(({ error }) => error ?? [])
            : [],
        ),
      );
    expect([...errorsWhere(2)]).toEqual(['its owner is gone']);
    expect([...errorsWhere(1)]).toEqual([]); // it was dead when the other one began
  });

  test('a process that raced is gone before its lock is looked at', async () => {
    const { tally, explored } = await check(lockedByPid(true), TWO_SAVERS, { kills: 100, crashes: 1_000 });
    expect(explored.verdicts.some(({ case: { end } }) => end.how === 'crashed' && end.tree.has('lock'))).toBe(true);
    expect(Object.keys(tally.outcomes).sort()).toEqual(['new', 'original']);
  });

  describe('a process that remembers', () => {
    test('an update is lost that another one made since the file was read', async () => {
      const { explored } = await check(remembering(`stat && ''`), TWO_UPDATERS);
      const { minimal, notes } = explored;
      const id = minimal && raceDetail({ schedule: minimal.case.end.schedule, twice: minimal.case.subject.twice ?? -1 });
      expect([id, minimal?.outcome]).toEqual([expect.stringMatching(/^twice=a~a\d+\.b1$/), 'false-ack']);
      expect(notes.filter((note) => note.includes('again'))).toEqual([]);
      const only = `@${minimal?.case.end.schedule.reduce((sum, { steps }) => sum + steps, 0)}~${id}`;
      const [again] = (await check(remembering(`stat && ''`), TWO_UPDATERS, { only })).explored.verdicts;
      expect(again?.outcome).toBe('false-ack');
    });

    test('no update is lost where what was read is known by its inode', async () => {
      const { tally } = await check(remembering('stat.ino + " " + stat.mtimeNs'), TWO_UPDATERS);
      expect(tally.outcomes).toEqual({ new: expect.any(Number) });
    });

    test('a save is left out that this process made last, though another one has saved since', async () => {
      const skips: RacingStore = {
        top: 'let last;',
        save: `if (JSON.stringify(value) === last) return; ${SYNC_OWN_TEMP.save} last = JSON.stringify(value);`,
      };
      const { explored } = await check(skips, TWO_SAVERS);
      expect(explored.verdicts.filter(({ outcome }) => outcome === 'false-ack').map(({ case: { subject } }) => subject.twice)).toEqual([0]);
    });
  });

  test('kills and crashes beyond the limit are counted', async () => {
    const { explored } = await check(SYNC_SHARED_TEMP, ALIKE, { kills: 1, crashes: 2 });
    expect(explored.tried).toMatchObject({ crashes: 2 });
    expect(explored.notes.filter((note) => / not (?:run|judged): at most /.test(note))).toEqual([
      expect.stringMatching(/^\d+ kills after a switch not run: at most 1 are$/),
      expect.stringMatching(/^\d+ crashes of all tasks not judged: at most 2 are$/),
    ]);
  });

  test('a lock that a killed process leaves behind: the next task waits for ever', async () => {
    const { end } = await raceOnce(lab, WAITS_FOR_EVER, TWO_SAVERS, { schedule: [{ task: 0, steps: 1 }], kill: 0 }, { timeoutMs: 3_000 });
    expect(end.stuck).toBe('saver B did not come to an end within 3 s'); // which is judged as hung, whatever recovery finds
    expect(blocksOf({ end })).toMatch(/^a: open lock \| b: open lock failed: EEXIST, open lock failed: EEXIST, /);
  });

  test('a lock that a killed process leaves behind: no save succeeds any more', async () => {
    const {
      explored: { minimal },
    } = await check(GIVES_UP, TWO_SAVERS);
    expect(minimal && [idOf(minimal.case), minimal.outcome]).toEqual(['a1~kill=a', 'blocked']);
    expect(minimal?.case.end.events.at(-1)).toMatchObject({ task: 1, kind: 'rejected', error: 'locked' });
  });

  test('a switch that is left out leads to what the one before it leads to', async () => {
    const { explored } = await check(OWN_TEMP, READER_WHILE_SAVING);
    const kept = new Set(explored.verdicts.map((verdict) => idOf(verdict.case)));
    const leadsTo = ({ end }: Raced): unknown => [treeKey(end.tree), end.events.map(({ loaded, kind, task }) => [task, kind, loaded])];
    let leftOut = 0;
    await races(lab, OWN_TEMP, READER_WHILE_SAVING, async (race) => {
      for (const task of [0, 1]) {
        const alone = await race({ schedule: [{ task, steps: 1 }] }, { fresh: false });
        const all = alone.end.ops.findIndex((op) => op.task !== task) - 1;
        const schedules = Array.from({ length: all }, (_, at) => switched(task, at + 1));
        const raced = await Promise.all(schedules.map((schedule) => race({ schedule }, { fresh: false })));
        for (const [at, one] of raced.entries()) {
          if (kept.has(idOf(one)) || at === 0) continue;
          expect(leadsTo(one)).toEqual(leadsTo(raced[at - 1] as Raced)); // the one before is there
          leftOut += 1;
        }
      }
    });
    expect(leftOut).toBeGreaterThan(2);
  });

  deep('where the fake file system leads elsewhere, that is reported', async () => {
    const here: RacingStore = { save: `if (fs.existsSync('/proc/self')) { ${OWN_TEMP.save} } else { ${RENAME_AWAY.save} }` };
    const {
      explored: { notes },
    } = await check(here, READER_WHILE_SAVING, { fake: true });
    expect(notes.filter((note) => note.startsWith('fake and real disagree on '))).toHaveLength(1);
  });

  test('each order counts once, and with two switches there are more of them', async () => {
    const findings = [await check(OWN_TEMP, TWO_SAVERS), await check(OWN_TEMP, TWO_SAVERS, { bound: 2 })] as const;
    for (const one of findings) {
      const cases = one.explored.verdicts.map((verdict) => verdict.case);
      const orders = new Set(cases.map(blocksOf)).size + cases.filter(({ end }) => end.killed !== undefined).length;
      expect(orders).toBeGreaterThanOrEqual(triedIn(one).distinct);
    }
    const [one, two] = findings;
    expect(one.tally.outcomes).toEqual({ new: triedIn(one).distinct });
    expect(triedIn(two).distinct).toBeGreaterThan(triedIn(one).distinct);
    expect(triedIn(two).bound).toBe(2);
  });

  test('a store that knows its earlier races is given processes that had none', async () => {
    // The first save of a process is safe; a later one leaves nothing.
    const once: RacingStore = {
      save: `if (globalThis.saved) fs.rmSync(at(dir, 'live')); else fs.writeFileSync(at(dir, 'live'), JSON.stringify(value)); globalThis.saved = true;`,
      load: LOAD,
    };
    const { explored } = await check(once, [
      { name: 'a', steps: [{ kind: 'save', value: A }] },
      { name: 'b', steps: [{ kind: 'load' }] },
    ]);
    const empty = explored.verdicts.filter(({ outcome }) => outcome === 'empty');
    expect(empty.map(({ case: { subject } }) => subject.twice)).toEqual([0]); // where it does save twice
  });

  deep('random histories are raced too, and their failing orders named', async () => {
    const scenario = 'histories';
    await lab.on(racing(lab, RENAME_AWAY), { scenario, effort: { histories: 1 } }, async ({ bench, check: checkOn }) => {
      const fake = { ...bench.fake, bundle: async () => ({ reason: 'not asked for' }) };
      const on = { ...bench, fake };
      const { explored, subjects, cell } = await checkOn<ScheduleExplored>({ model: 'race' }, on);
      expect(subjects).toHaveLength(1);
      const { minimal } = explored;
      const id = minimal && cell.model.id.write(minimal.case);
      expect([id, minimal?.outcome]).toEqual(['@3~history=l+s1.s1~b2.a1', 'empty']);
      const again = await checkOn({ model: 'race', ...(id !== undefined && { only: id }) }, on);
      expect(again.explored.verdicts).toMatchObject([{ outcome: 'empty' }]);
    });
  });
});
