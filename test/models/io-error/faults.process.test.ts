/** Calls that fail, in whole cells: planted bugs are found, and a store that does it right is not accused. */
import { describe, expect, test } from 'vitest';
import { EFFORTS } from '../../../harness/domain/effort.ts';
import { type Checked, faultLabs, ids, instead, RIGHT } from '../../lab/fault-cells.ts';
import type { FaultStore } from '../../lab/faults.ts';

const labs = faultLabs();
const { check } = labs;

const IN_PLACE: FaultStore = { save: `fs.writeFileSync(at('live'), text);` };

test('a store that does it right is durable, whatever fails', async () => {
  const found = await check(RIGHT);
  expect(found.cell).toMatchObject({ grade: 'durable', violations: 0, picture: 'ooooo' });
  expect(Object.values(found.cell.met ?? {}).every((count) => (count ?? 0) > 0)).toBe(true);
  expect([...found.outcomes.keys()]).toEqual(
    expect.arrayContaining(['@1~EMFILE', '@2~short=29', '@2~ENOSPC+', '@2~ENOSPC+29', '@3~EIO', '@3~EIO~dropped', '@5~EACCES']),
  );
  const { tried } = found.cell;
  if (tried?.kind !== 'faults') throw new Error('no faults were tried');
  expect(tried.twice.tried).toBeGreaterThan(10);
  expect(tried.twice.tried).toBe(tried.twice.of);
  // A disk that lies loses data in any store; that is shown, and held against none.
  expect(tried.lying).toMatchObject({ grade: 'lossy', outcomes: { unreadable: expect.any(Number) } });
});

test('a store that goes on, whatever fails, is said to', async () => {
  const { cell } = await check({ save: `try { ${IN_PLACE.save} } catch {}` });
  expect(cell.met).toEqual({ 'failed-step': 0, 'went-on': cell.met?.['went-on'] });
  expect(cell.notes).toContain('no step failed of any fault: the store goes on, and says nothing');
});

test('runs that are observed op by op, and those that are not, find the same', async () => {
  const store = instead('fs.fsyncSync(fd);', `fs.fsyncSync(fd); if (fs.existsSync(at('live'))) fs.copyFileSync(at('live'), at('kept'));`);
  const [whole, lean] = [await check(store, { whole: true }), await check(store)];
  expect([...lean.outcomes]).toEqual([...whole.outcomes]);
});

test('a lie of the disk can be named', async () => {
  const { cases } = await check(RIGHT, { only: '@3~lie=xfs.5.lost=2' });
  expect(cases).toMatchObject([
    { outcome: 'unreadable', fault: 'op 3 fsync temp does nothing and says that it did; the power goes after op 5 (xfs); step 1 resolved' },
  ]);
});

test.each([
  ['a file that is emptied before its contents are written', IN_PLACE, 'lossy', 'oUU'],
  [
    'one that is put in place when it is whole',
    { save: `fs.writeFileSync(at('temp'), text); fs.renameSync(at('temp'), at('live'));` },
    'durable',
    'oooo',
  ],
] as const)('both recorders find the same of %s', async (_, store, grade, picture) => {
  const [one, other] = [await check(store), await check(store, { lab: labs.bound })];
  for (const { cell } of [one, other]) expect(cell).toMatchObject({ grade, picture });
  expect([...other.outcomes]).toEqual([...one.outcomes]);
});

describe('is caught:', () => {
  test.each([
    ['a failed fsync that is ignored', 'try { fs.fsyncSync(fd); } catch {}', 'unreadable'],
    ['one that is tried again without writing again', 'try { fs.fsyncSync(fd); } catch { fs.fsyncSync(fd); }', 'unreadable'],
    [
      'one after which the new content is read back, which is in memory alone',
      `try { fs.fsyncSync(fd); } catch (error) { if (fs.readFileSync(at('temp'), 'utf8') !== text) throw error; }`,
      'unreadable',
    ],
    ['(and not if all is written again)', 'try { fs.fsyncSync(fd); } catch { fs.writeSync(fd, text, 0); fs.fsyncSync(fd); }', 'original'],
  ])('%s', async (_, by, outcome) => {
    const store = instead('fs.fsyncSync(fd);', by);
    const { outcomes, cases } = await check(store, { only: '@3~EIO~dropped' });
    const id = [...outcomes.keys()][0] ?? '';
    expect([...outcomes.values()]).toEqual([outcome]);
    if (outcome === 'original') return;
    expect(id).toMatch(/^@3~EIO~dropped=ext4\.\d+\.lost=2/);
    expect(cases[0]?.fault).toMatch(
      /^op 3 fsync temp fails with EIO and drops its dirty pages; the power goes after op \d+ \(ext4\); step 1 resolved$/,
    );
    const replayed = await check(store, { only: id });
    expect([...replayed.outcomes]).toEqual([[id, outcome]]);
  });

  test('(and reading back does help where a failed fsync gives the old content back at once)', async () => {
    const reads = `try { fs.fsyncSync(fd); } catch (error) { if (fs.readFileSync(at('temp'), 'utf8') !== text) throw error; }`;
    const { outcomes } = await check(instead('fs.fsyncSync(fd);', reads), { only: '@3~EIO~lost=2' });
    expect([...outcomes]).toEqual([['@3~EIO~lost=2', 'original']]);
  });

  test('a fallback that is wrong: only EXDEV leads to it, and only a second fault shows it', async () => {
    const store = instead(
      `fs.renameSync(at('temp'), at('live'));`,
      `try { fs.renameSync(at('temp'), at('live')); } catch (error) {
        if (error.code !== 'EXDEV') throw error;
        fs.writeFileSync(at('live'), text);
      }`,
    );
    const { outcomes, cases } = await check(store, { only: '@5~EXDEV~then=7~EIO' });
    expect([...outcomes.values()]).toEqual(['unreadable']);
    expect(cases[0]?.fault).toMatch(/^op 5 rename temp -> live fails with EXDEV, and then op 7 write live fails with EIO; step 1 rejected/);
    const found = await check(store, { effort: EFFORTS.standard });
    expect(ids(found, 'unreadable')).toContain('@5~EXDEV~then=7~EIO');
  });

  test.each(['ptrace', 'binding'])(
    'a close whose error is swallowed, where what was written is gone, by the %s recorder',
    async (recorder) => {
      const lab = recorder === 'ptrace' ? labs.real : labs.bound;
      const store: FaultStore = {
        save: `
        const fd = fs.openSync(at('temp'), 'w');
        fs.writeSync(fd, text);
        try { fs.closeSync(fd); } catch {}
        fs.renameSync(at('temp'), at('live'));`,
      };
      const { cases } = await check(store, { lab, only: '@3~EIO~lost=2' });
      expect(cases).toMatchObject([
        {
          outcome: 'unreadable',
          fault: 'op 3 close temp fails with EIO, and what was written since op 2 is taken back; step 1 resolved',
          blame: { mechanism: 'error-swallowed', op: 'close temp' },
        },
      ]);
      const checked = { save: store.save.replace('try { fs.closeSync(fd); } catch {}', 'fs.closeSync(fd);') };
      expect((await check(checked, { lab, only: '@3~EIO~lost=2' })).cell.grade).toBe('durable');
    },
  );

  test('a short write that is not continued', async () => {
    const store = instead('fs.writeFileSync(fd, text);', 'fs.writeSync(fd, text);');
    // libuv itself goes on after a short write: only a disk that is full by then shows it to the store.
    expect([...(await check(store, { only: '@2~short=29' })).outcomes.values()]).toEqual(['original']);
    expect([...(await check(store, { only: '@2~ENOSPC+29' })).outcomes.values()]).toEqual(['unreadable']);
  });

  test('a full disk that is taken for success', async () => {
    const { cases } = await check({ save: `try { ${RIGHT.save} } catch {}` }, { only: '@2~ENOSPC+' });
    expect(cases).toMatchObject([
      { fault: 'the disk is full from op 2 write temp 0..59 on; step 1 resolved', outcome: 'false-ack', grade: 'lossy', violation: true },
    ]);
  });

  test('what fails in the clean-up after a failure', async () => {
    const found = await check({
      save: `
        const had = fs.existsSync(at('live'));
        if (had) fs.renameSync(at('live'), at('kept'));
        try { ${RIGHT.save} } catch (error) { if (had) fs.renameSync(at('kept'), at('live')); throw error; }`,
    });
    expect(found.cell.grade).toBe('lossy');
    // A full disk may have no room for the old name either, and what is read-only takes no name back; nothing else that fails alone does harm.
    expect(
      ids(found, 'unreadable')
        .filter((id) => !id.includes('~then='))
        .every((id) => id.includes('~ENOSPC+') || id.includes('~EROFS+')),
    ).toBe(true);
    const twice = found.cases.filter(({ id, outcome }) => outcome === 'unreadable' && id.includes('~EMFILE~then='));
    expect(found.cases.filter(({ id, outcome }) => outcome === 'unreadable' && id.includes('~then=')).length).toBeGreaterThan(2);
    for (const { fault } of twice) expect(fault).toMatch(/^op 3 open .*, and then op \d+ rename kept -> live fails with EIO/);
  });

  test('a process that is of no use after a failure: its load, and its next save', async () => {
    const forgets: FaultStore = {
      top: 'let cache;',
      save: `cache = {}; ${RIGHT.save}; cache = value;`,
      load: `return cache ?? JSON.parse(fs.readFileSync(at('live'), 'utf8'));`,
    };
    expect((await check(forgets, { only: '@1~EMFILE' })).cases).toMatchObject([{ outcome: 'empty', found: '{} (in the same process)' }]);
    const refuses: FaultStore = {
      top: 'let broken = false;',
      save: `if (broken) throw new Error('broken'); broken = true; ${RIGHT.save}; broken = false;`,
    };
    const [blocked] = (await check(refuses, { only: '@1~EMFILE' })).cases;
    expect(blocked).toMatchObject({ outcome: 'blocked', found: 'threw Error: broken (when the same is saved again in the same process)' });
  });

  test('a step that never settles, within its limit, and one in which the process dies', async () => {
    const waits = await check({ save: `try { ${RIGHT.save} } catch { await new Promise(() => {}); }` }, { only: '@1~EMFILE' });
    expect(waits.cases).toMatchObject([
      { outcome: 'hung', fault: expect.stringMatching(/step 1 never settled, and nothing was left that could$/) },
    ]);
    const polls = await check(
      { save: `try { ${RIGHT.save} } catch { await new Promise(() => setInterval(() => {}, 100)); }` },
      { timeoutMs: 3_000, only: '@1~EMFILE' },
    );
    expect(polls.cases).toMatchObject([{ outcome: 'hung', fault: expect.stringMatching(/step 1 did not settle within 3 s$/) }]);
    const dies = await check(
      { save: `await new Promise((done) => setImmediate(() => { ${RIGHT.save}; done(); }));` },
      { only: '@1~EMFILE' },
    );
    expect(dies.cases).toMatchObject([
      {
        grade: 'durable',
        fault: expect.stringMatching(
          /^op 1 open temp .* fails with EMFILE; the process ended in step 1 \(exit code [17]\), which counts as a rejection: Error: EMFILE/,
        ),
      },
    ]);
  });
});

describe('a crash after a fault', () => {
  const withFallback = (fallback: string, before = ''): FaultStore =>
    instead(
      `fs.renameSync(at('temp'), at('live'));`,
      `${before}try { fs.renameSync(at('temp'), at('live')); } catch (error) { if (error.code !== 'EXDEV') throw error; ${fallback} }`,
    );
  const crashesIn = ({ cases }: Checked): string[] => cases.map(({ id }) => id).filter((id) => /~(?:kill|cut)=/.test(id));

  test('is charged where the fallback is what cannot stand it, held to the claim of its own model, and replayed by its id', async () => {
    const removes = withFallback(`fs.unlinkSync(at('live')); fs.renameSync(at('temp'), at('live'));`);
    const found = await check(removes);
    expect(crashesIn(found)).toEqual([expect.stringMatching(/@5~EXDEV~kill=6$/)]);
    const [replayed] = (await check(removes, { only: '@5~EXDEV~kill=6' })).cases;
    expect(replayed).toMatchObject({
      outcome: 'unreadable',
      violation: true,
      fault: 'op 5 rename temp -> live fails with EXDEV; the process is killed after op 6 unlink live',
      blame: { mechanism: 'removed', op: 'unlink live' },
    });
    expect(crashesIn(await check(removes, { claims: { 'process-kill': 'lossy', 'power-loss': 'lossy' } }))).toEqual([]);
  });

  test('is a power cut where nothing else shows it', async () => {
    const copies = `fs.writeFileSync(at('copy'), text, { mode: 0o600 }); fs.renameSync(at('copy'), at('live')); fs.unlinkSync(at('temp'));`;
    const [id, ...others] = crashesIn(await check(withFallback(copies)));
    expect([id, others]).toEqual([expect.stringMatching(/@5~EXDEV~cut=xfs\.\d+\.lost=/), []]);
    const forced = `const copy = fs.openSync(at('copy'), 'w', 0o600); fs.writeSync(copy, text); fs.fsyncSync(copy); fs.closeSync(copy); fs.renameSync(at('copy'), at('live')); fs.unlinkSync(at('temp'));`;
    expect(crashesIn(await check(withFallback(forced)))).toEqual([]);
  });

  test('is not charged with what the same crash takes with no fault', async () => {
    const away = withFallback(
      `fs.unlinkSync(at('temp')); fs.writeFileSync(at('live'), text);`,
      `if (fs.existsSync(at('live'))) fs.renameSync(at('live'), at('kept')); `,
    );
    expect(crashesIn(await check(away))).toEqual([]);
  });

  test('at a boundary that is not there names nothing', async () => {
    await expect(check(RIGHT, { only: '@5~EXDEV~kill=99' })).rejects.toThrow('after that fault there is no boundary 99');
  });
});

test('io-error:windows: a rename that is refused there and taken for done', async () => {
  const store = instead(
    `fs.renameSync(at('temp'), at('live'));`,
    `try { fs.renameSync(at('temp'), at('live')); } catch (error) { if (process.platform !== 'win32') throw error; }`,
  );
  const found = await check(store, { model: 'io-error:windows' });
  expect([...found.outcomes]).toEqual([
    ['@5~EPERM', 'false-ack'],
    ['@5~EPERM+', 'false-ack'],
  ]);
  expect(found.cases[1]?.fault).toBe(
    'op 5 rename temp -> live is refused with EPERM, as is all that replaces or removes live after it; step 1 resolved',
  );
  expect([...(await check(store, { only: '@5~EPERM' })).outcomes.values()]).toEqual(['original']);
});

test('a failed read inside an update replaces the whole store, but not in hardened', async () => {
  const [lossy] = (await check('copy-then-replace', { scenario: 'update', only: '@8~EMFILE' })).cases;
  expect(lossy).toMatchObject({
    id: 'copy-then-replace/update/io-error@8~EMFILE',
    outcome: 'mixed',
    fault: 'op 8 open sessions.json fails with EMFILE; step 1 resolved',
    promised: '6 entries',
    found: '1 entry that nobody saved',
  });
  const [durable] = (await check('hardened', { scenario: 'update', only: '@8~EMFILE' })).cases;
  expect(durable?.grade).toBe('durable');
});

test('a fault at an op that is not there is refused', async () => {
  await expect(check(RIGHT, { only: '@99~EIO' })).rejects.toThrow('there is no op 99');
});
