/** Faults that last, and reads that return few bytes: planted bugs that no single failure shows, and right stores that are not accused. */
import { describe, expect, test } from 'vitest';
import { EFFORTS } from '../../../harness/domain/effort.ts';
import type { Scenario } from '../../../harness/domain/scenario.ts';
import { faultLabs, ids, instead, RIGHT } from '../../lab/fault-cells.ts';
import { type FaultStore, REPLACE } from '../../lab/faults.ts';

const labs = faultLabs();
const { check } = labs;

/** What `run` tries without options, but neither second faults nor crashes after a fault. */
const LASTING = { effort: { ...EFFORTS.standard, secondFaults: 0, crashedFaults: 0 } };

const TWICE: Scenario = { ...REPLACE, name: 'twice', steps: [...REPLACE.steps, { kind: 'save', value: { is: 'C'.repeat(50) } }] };

const RENAME = `fs.renameSync(at('temp'), at('live'));`;
/** Tries the rename so often, and then does something else. */
const retrying = (attempts: number, otherwise: string, codes = ['EBUSY', 'EPERM', 'EACCES']): FaultStore =>
  instead(
    RENAME,
    `for (let attempt = 1; ; attempt += 1) {
      try { fs.renameSync(at('temp'), at('live')); break; } catch (error) {
        if (!${JSON.stringify(codes)}.includes(error.code)) throw error;
        if (attempt < ${attempts}) continue;
        ${otherwise}
        break;
      }
    }`,
  );

describe('a call that is tried again', () => {
  const COPIES = `fs.rmSync(at('live')); throw error;`;

  test.each([
    [2, '@5~EACCES~times=2'],
    [3, '@5~EACCES~times=4'],
    [7, '@5~EACCES~times=8'],
  ])('fails up to the attempt at which the store gives up: %i', async (attempts, id) => {
    const store = retrying(attempts, COPIES);
    const found = await check(store, LASTING);
    expect(ids(found, 'unreadable')).toEqual([id]);
    expect(found.cases.filter(({ violation }) => violation)).toMatchObject([
      {
        outcome: 'unreadable',
        violation: true,
        fault: expect.stringMatching(/^op 5 rename temp -> live fails with EACCES, and so do(es)? the next/),
      },
    ]);
    expect([...(await check(store, { only: id })).outcomes]).toEqual([[id, 'unreadable']]);
    expect(found.cell.tried).toMatchObject({ lasting: { tried: expect.any(Number), of: expect.any(Number) } });
  });

  test('is followed no further than eight failures, and a store that gives up in the right way is durable', async () => {
    const endless = await check(retrying(1000, COPIES), LASTING);
    expect([...endless.outcomes.keys()].filter((id) => id.includes('~times='))).toEqual(
      [2, 4, 8].map((times) => `@5~EACCES~times=${times}`),
    );
    expect(endless.cell.grade).toBe('durable');
    const right = await check(retrying(3, 'throw error;'), LASTING);
    expect([right.cell.grade, right.outcomes.get('@5~EACCES~times=4')]).toEqual(['durable', 'original']);
  });

  test('by both recorders alike', async () => {
    const store = retrying(3, COPIES);
    const [one, other] = [
      await check(store, { only: '@5~EBUSY~times=3' }),
      await check(store, { lab: labs.bound, only: '@5~EBUSY~times=3' }),
    ];
    expect([...one.outcomes]).toEqual([['@5~EBUSY~times=3', 'unreadable']]);
    expect([...other.outcomes]).toEqual([...one.outcomes]);
  });

  test('is no hang where the store waits longer and longer between its attempts: that was not judged, and is said', async () => {
    const patient = instead(
      RENAME,
      `for (let wait = 1; ; wait *= 600) {
        try { fs.renameSync(at('temp'), at('live')); break; } catch (error) {
          if (error.code !== 'EBUSY') throw error;
          await new Promise((done) => setTimeout(done, wait));
        }
      }`,
    );
    const found = await check(patient, { ...LASTING, timeoutMs: 3_000 });
    expect([found.cell.grade, ids(found, 'hung')]).toEqual(['durable', []]);
    expect(found.cell.notes).toContain('@5~EBUSY~times=4 was not judged: when its limit was over, the store still tried the call again');
  });

  test('names nothing where the store does not try it again, or not like this', async () => {
    await expect(check(RIGHT, { only: '@5~EBUSY~times=2' })).rejects.toThrow('after op 5 failed, the store does not try it again');
    await expect(check(RIGHT, { only: '@5~EMFILE~times=2' })).rejects.toThrow('op 5, rename temp, does not fail like this');
    await expect(check(RIGHT, { only: '@9~EBUSY~times=2' })).rejects.toThrow('there is no op 9');
  });
});

describe('a disk that is full for one step', () => {
  /** A log whose records stand behind each other: the half of one that had no room spoils the next. */
  const log = (isCut: boolean): FaultStore => ({
    save: `
      const fd = fs.openSync(at('live'), 'a', 0o600);
      const had = fs.fstatSync(fd).size;
      try {
        fs.writeFileSync(fd, text + '\\n');
        fs.fsyncSync(fd);
      } catch (error) {
        ${isCut ? 'fs.ftruncateSync(fd, had);' : ''}
        throw error;
      } finally { fs.closeSync(fd); }`,
    load: `
      const lines = fs.readFileSync(at('live'), 'utf8').split('\\n');
      for (const line of lines.reverse()) { try { return JSON.parse(line); } catch {} }
      return {};`,
  });

  test.each(['ptrace', 'binding'])(
    'has room in the next, which a half record of the first spoils, by the %s recorder',
    async (recorder) => {
      const lab = recorder === 'ptrace' ? labs.real : labs.bound;
      const { outcomes } = await check(log(false), { lab, scenario: TWICE, ...LASTING });
      const freed = [...outcomes].filter(([id]) => id.endsWith('~freed'));
      expect(freed).toContainEqual([expect.stringMatching(/^@\d~ENOSPC\+\d+~freed$/), 'false-ack']);
      const cut = await check(log(true), { lab, scenario: TWICE, ...LASTING });
      expect([...cut.outcomes].filter(([id, outcome]) => id.endsWith('~freed') && outcome !== 'original')).toEqual([]);
    },
  );

  test('is in words, and names nothing in the last step', async () => {
    const found = await check(log(false), { scenario: TWICE, only: '@3~ENOSPC+30~freed' });
    expect(found.cases).toMatchObject([
      {
        outcome: 'false-ack',
        fault: expect.stringMatching(
          /^the disk is full after 30 bytes of op 3 write live .*, and has room again when the step has settled; step 1 rejected, step 2 resolved$/,
        ),
      },
    ]);
    await expect(check(RIGHT, { only: '@2~ENOSPC+~freed' })).rejects.toThrow('no step follows that of op 2');
  });
});

describe('a file system that is read-only from an op on', () => {
  /** Moves the old file aside, and back if anything fails. */
  const MOVES: FaultStore = {
    save: `
      const had = fs.existsSync(at('live'));
      if (had) fs.renameSync(at('live'), at('kept'));
      try { ${RIGHT.save} } catch (error) { if (had) fs.renameSync(at('kept'), at('live')); throw error; }`,
  };

  test('refuses the clean-up too, so that an undo is no way back', async () => {
    const found = await check(MOVES, LASTING);
    expect(ids(found, 'unreadable')).toContain('@3~EROFS+');
    const [one] = (await check(MOVES, { only: '@3~EROFS+' })).cases;
    expect(one).toMatchObject({
      outcome: 'unreadable',
      fault: expect.stringMatching(/^the file system is read-only from op 3 open temp .* on; step 1 rejected/),
    });
    expect((await check(MOVES, { lab: labs.bound, only: '@3~EROFS+' })).cases).toMatchObject([{ outcome: 'unreadable' }]);
  });

  test('does no harm to a store that leaves the old file in its place', async () => {
    const { cell, outcomes } = await check(RIGHT, LASTING);
    expect(cell.grade).toBe('durable');
    expect([...outcomes.keys()]).toContain('@2~EROFS+');
  });

  test('names nothing where an op changes nothing', async () => {
    await expect(check(MOVES, { only: '@1~EROFS+' })).rejects.toThrow('op 1, access live, changes nothing');
  });
});

describe('a read that returns one byte', () => {
  const ADDS: Scenario = {
    ...REPLACE,
    name: 'add',
    before: [{ kind: 'save', value: { kept: 'A'.repeat(50) } }],
    steps: [{ kind: 'update', add: { is: 'B' } }],
  };
  /** Adds to what `read` returns, and takes what cannot be parsed for nothing; what throws with a code is thrown. */
  const adding = (read: string): FaultStore => ({
    save: `put(text);`,
    update: `let old = {}; const text = await (${read})(); try { old = JSON.parse(text); } catch {} put(JSON.stringify(change(old)));`,
    top: `const put = (text) => { fs.writeFileSync(at('temp'), text, { mode: 0o600 }); fs.renameSync(at('temp'), at('live')); };`,
  });
  const oneRead = (read: string): string => `async () => {
    const file = await fs.promises.open(at('live')); const buffer = Buffer.alloc(1024);
    try { return buffer.toString('utf8', 0, ${read}); } finally { await file.close(); } }`;

  test.each([
    ['readSync', oneRead('fs.readSync(file.fd, buffer)')],
    ['read of a handle', oneRead('(await file.read(buffer)).bytesRead')],
    ['readv', oneRead('(await file.readv([buffer.subarray(0, 2), buffer.subarray(2)])).bytesRead')],
  ])('is taken for the whole: %s, by both recorders', async (_, read) => {
    for (const lab of [labs.real, labs.bound]) {
      const found = await check(adding(read), { lab, scenario: ADDS, ...LASTING });
      const [id = ''] = ids(found, 'mixed').filter((one) => one.endsWith('~short=1'));
      const [one] = (await check(adding(read), { lab, scenario: ADDS, only: id })).cases;
      expect(one).toMatchObject({
        outcome: 'mixed',
        violation: true,
        fault: expect.stringMatching(/^op \d read live.* carries out 1 byte only; step 1 resolved$/),
        blame: { mechanism: 'short-read', op: 'read live' },
      });
    }
  });

  test.each([
    ['readFileSync', `() => fs.readFileSync(at('live'), 'utf8')`],
    ['readFileSync of bytes', `() => String(fs.readFileSync(at('live')))`],
    [
      'readFile with a callback',
      `() => new Promise((done, fail) => fs.readFile(at('live'), 'utf8', (error, text) => error ? fail(error) : done(text)))`,
    ],
    [
      'a stream',
      `async () => { let all = ''; for await (const part of fs.createReadStream(at('live'), 'utf8')) all += part; return all; }`,
    ],
    [
      'a loop',
      oneRead(
        '(() => { let all = 0; for (let read = -1; read !== 0; all += read) read = fs.readSync(file.fd, buffer, all, 1024 - all); return all; })()',
      ),
    ],
  ])('is continued by %s, which is durable', async (_, read) => {
    for (const lab of [labs.real, labs.bound]) {
      const { outcomes, cell } = await check(adding(read), { lab, scenario: ADDS, ...LASTING });
      const short = [...outcomes].filter(([id]) => id.endsWith('~short=1'));
      expect([short.map(([, outcome]) => outcome), cell.grade]).toEqual([['original'], 'durable']);
    }
  });

  test('is not tried of what fs.promises.readFile reads, which takes the first read for the whole itself', async () => {
    const reads = [
      `() => fs.promises.readFile(at('live'), 'utf8')`,
      `async () => { const file = await fs.promises.open(at('live')); try { return String(await file.readFile()); } finally { await file.close(); } }`,
    ];
    for (const read of reads)
      for (const lab of [labs.real, labs.bound]) {
        const { outcomes, cell } = await check(adding(read), { lab, scenario: ADDS, ...LASTING });
        expect([[...outcomes.keys()].filter((id) => id.endsWith('~short=1')), cell.grade]).toEqual([[], 'durable']);
      }
  });
});
