/** What is reused and what is not: each way in which a kept cell could be wrong is planted. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { CellCache, type CellCacheOptions } from '../../harness/cache/cell-cache.ts';
import { hashOf } from '../../harness/cache/hashes.ts';
import type { CheckedCell } from '../../harness/cell-result.ts';
import { EFFORTS, type Effort } from '../../harness/domain/effort.ts';
import type { CellResult } from '../../harness/domain/result.ts';
import type { Scenario } from '../../harness/domain/scenario.ts';
import { Stopwatch } from '../../harness/domain/stages.ts';
import type { Cell } from '../../harness/models/model.ts';
import type { Outside } from '../../harness/record/outside.ts';
import { type CellParts, cellOf } from '../lab/cells.ts';
import { freshDirectory } from '../lab/temporary.ts';

const NOW = Date.UTC(2026, 10, 29);
/** After everything that a test writes. */
const LATER = Date.UTC(2126, 0, 1);
const EFFORT: Effort = { name: 'standard', seed: 0, ...EFFORTS.standard };
const NOTHING: Outside = { paths: [], listed: [], unseen: [] };

let root: string;
let options: CellCacheOptions;
beforeEach(() => {
  root = freshDirectory();
  writeFileSync(join(root, 'store.cjs'), 'bundle');
  options = {
    directory: join(root, 'cache'),
    surroundings: { Node: 'v20', environment: 'one' },
    effort: EFFORT,
    timeoutMs: 10_000,
    allCases: false,
    replay: (_, id) => `replay ${id}`,
    now: NOW,
    own: [join(root, 'own')],
    programs: [],
    startedMs: LATER,
    clock: () => LATER,
    notesOf: () => [],
    onNote: () => {},
  };
});

const cell = (parts: CellParts = {}, model = 'process-kill'): Cell =>
  cellOf(model, { ...parts, store: { bundle: join(root, 'store.cjs'), ...parts.store } });

function checked(more: Partial<CellResult> = {}): CheckedCell {
  const counts = { points: 1, states: 1, distinct: 1, violations: 0, outcomes: { original: 1 }, picture: 'o', notes: ['a note'] };
  const names = { store: 'a', scenario: 'replace', model: 'process-kill' };
  return { cell: { ...names, claim: 'durable', grade: 'durable', status: 'kept', ...counts, durationMs: 12, ...more }, cases: [] };
}

async function kept(outside: Partial<Outside> = {}, one = cell(), what = checked()): Promise<CellCache> {
  const cache = new CellCache(options);
  cache.keep(one, what, async () => ({ ...NOTHING, ...outside }));
  await cache.close();
  return cache;
}

/** Whether another run would reuse the cell, and else what it says of the change. */
function foundIn(changes: Partial<CellCacheOptions> = {}, one = cell()): true | string[] {
  const cache = new CellCache({ ...options, ...changes });
  return cache.find(one) !== undefined || [...cache.changed.keys()];
}

function entryFile(): string {
  const [directory = ''] = readdirSync(options.directory);
  const [name = ''] = readdirSync(join(options.directory, directory));
  return join(options.directory, directory, name);
}

describe('a cell that was kept', () => {
  test('is found as it was, without the stages that it went through then, and says that it was reused', async () => {
    await kept({}, cell(), checked({ stages: new Stopwatch(() => 0).times() }));
    const cache = new CellCache(options);
    const { cell: result, cases } = checked();
    expect(cache.find(cell())).toEqual({ cell: { ...result, reused: true }, cases });
    expect(cache.reused).toBe(1);
    expect(cache.find(cell({ scenario: { name: 'other' } }))).toBeUndefined();
    expect(cache.changed.size).toBe(0); // it never ran
  });

  test('without evidence is not one with it, but one with it serves a run without', async () => {
    const evidence = { lines: {}, runs: {}, trees: {}, contents: {}, values: {}, cuts: {}, cases: {}, sources: {} };
    await kept();
    options = { ...options, evidence: true };
    expect(foundIn()).toEqual(['report']);
    await kept({}, cell(), { ...checked(), evidence });
    expect(new CellCache(options).find(cell())?.evidence).toEqual(evidence);
    options = { ...options, evidence: false };
    const found = new CellCache(options).find(cell());
    expect(found?.cell.reused).toBe(true);
    expect(found).not.toHaveProperty('evidence');
  });

  test('brings back what was noted of its store', async () => {
    options = { ...options, notesOf: (store) => [`${store} starts timers`, 'and files'] };
    await kept();
    const notes: string[] = [];
    new CellCache({ ...options, onNote: (...note) => notes.push(note.join(': ')) }).find(cell());
    expect(notes).toEqual(['a: a starts timers', 'a: and files']);
  });

  test('lies where only its owner can write', async () => {
    await kept();
    expect(statSync(options.directory).mode & 0o777).toBe(0o700);
  });
});

describe('a change of', () => {
  const other = { effort: { ...EFFORT, states: 11 } };
  test.each<[string, Partial<CellCacheOptions>, string]>([
    ['the environment', { surroundings: { Node: 'v20', environment: 'two' } }, 'environment'],
    ['Node', { surroundings: { Node: 'v22', environment: 'one' } }, 'Node'],
    ['something that one of them does not have', { surroundings: { Node: 'v20', environment: 'one', more: '' } }, 'more'],
    ['the seed', { effort: { ...EFFORT, seed: 1 } }, 'how much is tried'],
    ...Object.keys(EFFORTS.standard).map((limit): [string, Partial<CellCacheOptions>, string] => [
      `the limit of ${limit}`,
      { effort: { ...EFFORT, [limit]: 'other' } },
      'how much is tried',
    ]),
    ['the faults that are tried', { effort: { ...EFFORT, faults: ['rename:*.tmp'] } }, 'how much is tried'],
    ['the effort alone', { effort: { ...EFFORT, name: 'deep' } }, 'how much is tried'],
    ['the time limit', { timeoutMs: 9_000 }, 'time limit'],
    ['the cases that are shown', { allCases: true }, 'report'],
    ['the command that replays', { replay: (_, id) => `replay --seed 1 ${id}` }, 'report'],
    ['several', { ...other, timeoutMs: 1 }, 'how much is tried, time limit'],
  ])('%s runs it again', async (_, changes, why) => {
    await kept();
    expect(foundIn(changes)).toEqual([why]);
    expect(foundIn()).toBe(true);
  });

  test.each<[string, CellParts, string]>([
    ['its claims', { store: { claims: { 'process-kill': 'atomic' } } }, 'claims'],
    ['its known bugs', { store: { knownBugs: { replace: { 'process-kill': { grade: 'lossy' } } } } }, 'claims'],
    ['its own environment', { store: { env: { MODE: 'x' } } }, 'claims'],
    ['what it calls nothing', { store: { empty: null } }, 'claims'],
    ['a value', { scenario: { steps: [{ kind: 'save', value: 2 }] } }, 'scenario'],
    ['what recovery saves', { scenario: { next: 2 } }, 'scenario'],
  ])('%s runs it again', async (_, parts, why) => {
    await kept();
    expect(foundIn({}, cell(parts))).toEqual([why]);
  });

  test('what holds it to its claim runs it again, where that makes a difference', async () => {
    const named = (model: string): Cell => cell({ heldBy: 'name' }, model);
    await kept({}, cell({}, 'power-loss:posix'));
    expect(foundIn({}, named('power-loss:posix'))).toEqual(['claims']);
    await kept({}, cell({}, 'power-loss:xfs'));
    expect(foundIn({}, named('power-loss:xfs'))).toBe(true);
  });

  test.each(['store.cjs', 'store.cjs.map', 'source.ts'])('the bundle, its map or a source runs it again: %s', async (file) => {
    writeFileSync(join(root, 'store.cjs.map'), JSON.stringify({ sources: ['source.ts', 'made-up.js'] }));
    writeFileSync(join(root, 'source.ts'), '// source');
    await kept();
    expect(foundIn({}, cell())).toBe(true);
    writeFileSync(join(root, file), file.endsWith('.map') ? JSON.stringify({ sources: [] }) : 'changed');
    expect(foundIn({}, cell())).toEqual(['store']);
  });

  test('the time alone does not, though values are dated', async () => {
    const dated = (now: number, before: number): Partial<Scenario> => ({ steps: [{ kind: 'save', value: { updatedAt: now - before } }] });
    await kept({}, cell({ scenario: dated(NOW, 1000) }));
    const later = NOW + 86_400_000;
    expect(foundIn({ now: later }, cell({ scenario: dated(later, 1000) }))).toBe(true);
    expect(foundIn({ now: later }, cell({ scenario: dated(later, 2000) }))).toEqual(['scenario']);
    expect(foundIn({ now: later }, cell({ scenario: dated(NOW, 1000) }))).toEqual(['scenario']);
  });
});

describe('what was used outside', () => {
  let beside: string;
  beforeEach(() => {
    beside = join(root, 'beside');
    mkdirSync(join(beside, 'names'), { recursive: true });
    writeFileSync(join(beside, 'package.js'), 'one');
    writeFileSync(join(beside, 'other.js'), 'one');
    symlinkSync('package.js', join(beside, 'link.js'));
  });
  const at = (name: string): string => join(beside, name);

  test.each<[string, string, () => void]>([
    ['a file with other contents', 'package.js', () => writeFileSync(at('package.js'), 'two')],
    ['the same size and times', 'package.js', () => writeFileSync(at('package.js'), 'eno')],
    ['a file that is gone', 'package.js', () => rmSync(at('package.js'))],
    ['a file that was not there', 'none', () => writeFileSync(at('none'), '')],
    ['another mode', 'package.js', () => chmodSync(at('package.js'), 0o600)],
    ['a directory in its place', 'none', () => mkdirSync(at('none'))],
    ['what a link leads to', 'link.js', () => writeFileSync(at('package.js'), 'two')],
    [
      'where a link leads',
      'link.js',
      () => {
        rmSync(at('link.js'));
        symlinkSync('other.js', at('link.js'));
      },
    ],
    [
      'a link in the place of a file',
      'package.js',
      () => {
        renameSync(at('package.js'), at('moved.js'));
        symlinkSync('moved.js', at('package.js'));
      },
    ],
  ])('runs the cell again: %s', async (_, path, change) => {
    const paths = [at('other.js'), at(path)];
    await kept({ paths });
    expect(foundIn()).toBe(true);
    change();
    expect(foundIn()).toEqual([at(path)]);
  });

  test('names in a directory count where they were read, and only there', async () => {
    await kept({ paths: [at('names')] });
    writeFileSync(at('names/new'), '');
    expect(foundIn()).toBe(true);
    await kept({ paths: [at('names')], listed: [at('names')] });
    expect(foundIn()).toBe(true);
    writeFileSync(at('names/newer'), '');
    expect(foundIn()).toEqual([at('names')]);
  });

  test('counts by its content, not by its time: it may have been copied here', async () => {
    await kept({ paths: [at('package.js')] });
    rmSync(at('package.js'));
    writeFileSync(at('package.js'), 'one');
    expect(foundIn()).toBe(true);
  });

  test.each<[string, Partial<Outside>, string]>([
    ['a program', { unseen: ['starts programs'] }, 'a starts programs'],
    ['state of the kernel', { paths: ['/proc/loadavg'] }, 'a reads /proc/loadavg'],
    ['a name that cannot be written down', { paths: ['/\ufffd'] }, 'a uses /\ufffd, which is not UTF-8'],
    ['state of a device', { paths: ['/sys/block'] }, 'a reads /sys/block'],
  ])('keeps no cell that depends on %s', async (_, outside, why) => {
    expect([...(await kept(outside)).notKept]).toEqual([[why, 1]]);
    expect(foundIn()).toEqual([]);
  });

  test('does not count where it is the harness or passes', async () => {
    const passing = [
      '/proc/self/fd',
      `/proc/${process.pid}/stat`,
      '/proc/sys/kernel/random/boot_id',
      '/dev/urandom',
      '/proc/sys/vm/overcommit_memory',
      '/crash-matrix-mark/finished',
    ];
    await kept({ paths: [...passing, join(root, 'own/1/store'), '/dev/null'] });
    mkdirSync(join(root, 'own/1/store'), { recursive: true });
    expect(foundIn()).toBe(true);
  });

  test('keeps no cell if it changed after the run began', async () => {
    const after = Date.now() - 60_000;
    options = { ...options, startedMs: after };
    expect([...(await kept({ paths: [at('none'), at('package.js')] })).notKept.keys()]).toEqual([
      `a uses ${at('package.js')}, which changed during the run`,
    ]);
    expect([...(await kept({ listed: [at('names')] })).notKept.keys()]).toEqual([`a uses ${at('names')}, which changed during the run`]);
    options = { ...options, programs: [at('other.js')] };
    expect([...(await kept()).notKept.keys()]).toEqual(['a ran with programs that changed during the run']);
  });

  test('keeps no cell if something else came to its place, with an old date', async () => {
    const cache = new CellCache(options);
    cache.keep(cell(), checked(), async () => ({ ...NOTHING, paths: [at('package.js'), at('none')] }));
    await cache.close();
    renameSync(at('other.js'), at('none'));
    cache.keep(cell({ store: { empty: null } }), checked(), async () => ({ ...NOTHING, paths: [at('none')] }));
    await cache.close();
    expect([...cache.notKept.keys()]).toEqual([`a uses ${at('none')}, which changed during the run`]);
  });
});

describe('not kept', () => {
  test.each<[string, Partial<CellResult>]>([
    ['what is inconclusive', { grade: 'inconclusive', reason: 'nondeterministic' }],
    ['what was lost beside something that could not be measured', { grade: 'lossy', status: 'broken', reason: 'a run timed out' }],
    [
      'a bug that was missed beside that',
      { grade: 'lossy', status: 'missed-bug', reason: 'known to end empty here, but that was not found' },
    ],
  ])('%s', async (_, more) => {
    await kept({}, cell(), checked(more));
    expect(foundIn()).toEqual([]);
  });

  test('a model that says so', async () => {
    const cut = cell({}, 'power-cut:ext4');
    await kept({}, cut);
    expect(foundIn({}, cut)).toEqual([]);
  });

  test.each<[string, Partial<CellResult>]>([
    ['a broken claim is', { grade: 'lossy', status: 'broken', violations: 1 }],
    ['a bug that was missed is', { status: 'missed-bug', reason: 'known to be lossy here, but found durable' }],
  ])('but %s', async (_, more) => {
    await kept({}, cell(), checked(more));
    expect(new CellCache(options).find(cell())?.cell).toMatchObject(more);
  });
});

describe('an entry is refused', () => {
  const REFUSED = (why: string): string[] => [`the entry was refused: ${why}`];

  test('of another bundle, under the right name', async () => {
    await kept();
    const first = entryFile();
    writeFileSync(join(root, 'store.cjs'), 'another bundle');
    await kept({}, cell(), checked({ notes: ['of the other'] }));
    const files = readdirSync(join(first, '..')).map((name) => join(first, '..', name));
    const second = files.find((file) => file !== first) ?? '';
    copyFileSync(first, second);
    expect(foundIn()).toEqual(REFUSED('it belongs to another cell'));
  });

  /** Where an entry that is damaged there is believed all the same. */
  async function believed(damage: (text: Buffer, at: number) => Buffer): Promise<number[]> {
    await kept();
    const [path, text] = [entryFile(), readFileSync(entryFile())];
    const [cache, one] = [new CellCache(options), cell()];
    const places = [...text.keys()].filter((at) => {
      writeFileSync(path, damage(text, at));
      return cache.find(one) !== undefined;
    });
    writeFileSync(path, text);
    expect(cache.find(one)).toBeDefined();
    return places;
  }

  test('wherever it is cut off', async () => {
    expect(await believed((text, length) => text.subarray(0, length))).toEqual([]);
  });

  test('whichever bit is flipped', async () => {
    const flipped = (text: Buffer, at: number): Buffer => {
      const other = Buffer.from(text);
      other[at] = (text[at] ?? 0) ^ (1 << (at % 8));
      return other;
    };
    expect(await believed(flipped)).toEqual([]);
  });

  test('with a right checksum and no JSON, or with other parts than its own', async () => {
    await kept();
    const [, body = ''] = readFileSync(entryFile(), 'utf8').split('\n');
    for (const wrong of [
      '{',
      body.replace('"environment":"one"', '"environment":"two"'),
      body.replace('a/replace/process-kill', 'b/replace/process-kill'),
    ]) {
      writeFileSync(entryFile(), `${hashOf(wrong)}\n${wrong}\n`);
      expect(foundIn()).toEqual([expect.stringContaining('the entry was refused')]);
    }
  });

  test('that others could have written', async () => {
    await kept();
    chmodSync(entryFile(), 0o664);
    expect(foundIn()).toEqual(REFUSED('another user could have written it'));
  });

  test.skipIf(process.getuid?.() !== 0)('that another user owns', async () => {
    await kept();
    chownSync(entryFile(), 65534, 65534);
    expect(foundIn()).toEqual(REFUSED('another user could have written it'));
  });

  test('that is a link', async () => {
    await kept();
    renameSync(entryFile(), join(root, 'elsewhere.json'));
    await kept({}, cell());
    const path = entryFile();
    rmSync(path);
    symlinkSync(join(root, 'elsewhere.json'), path);
    expect(foundIn()).toEqual(REFUSED('it cannot be read (ELOOP)'));
  });

  test('and a run that was killed while it wrote leaves none', async () => {
    await kept();
    const path = entryFile();
    renameSync(path, `${path}.1b4e28ba-2fa1-41d2-883f-0016d3cca427.tmp`); // written whole, and not renamed yet
    expect(foundIn()).toEqual([]);
  });
});

describe('the directory', () => {
  const scenarios = ['one', 'two', 'three', 'four'];
  const named = (name: string): Cell => cell({ scenario: { name } });

  test('holds no more than its bounds: the entries that were of no use for the longest time go first', async () => {
    let clock = Date.now() - 1_000_000; // before any entry is written
    const at = (): number => (clock += 10_000);
    for (const name of scenarios) await kept({}, named(name)).then(() => new CellCache({ ...options, clock: at }).find(named(name)));
    new CellCache({ ...options, clock: at }).find(named('one'));
    options = { ...options, bounds: { entries: 3, bytes: 1 << 20 }, clock: at };
    await kept({}, named('four'));
    const found = scenarios.filter((name) => foundIn({}, named(name)) === true);
    expect(found).toEqual(['one', 'three', 'four']);
  });

  test('nor more bytes than that', async () => {
    for (const name of scenarios) await kept({}, named(name));
    options = { ...options, bounds: { entries: 100, bytes: 10 } };
    await kept({}, named('five'));
    expect(readdirSync(options.directory)).toEqual([]);
  });

  test('that cannot be made is an error', () => {
    writeFileSync(options.directory, 'a file');
    expect(() => new CellCache(options)).toThrow('EEXIST');
  });
});
