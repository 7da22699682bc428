import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { RecoveredTree } from '../../harness/domain/recovery.ts';
import type { Entry, Tree } from '../../harness/domain/trace.ts';
import { buildTree } from '../../harness/domain/tree.ts';
import { memoryDirectory } from '../../harness/machine/memory-directory.ts';
import { discard, openWorkspace, type Workspace } from '../../harness/machine/workspace.ts';
import type { RecoveryPool } from '../../harness/recover/pool.ts';
import { recoveryOf, type StoreRecovery } from '../../harness/recover/recovery-of.ts';
import { loadedStore } from '../lab/lab.ts';
import { temporaryDirectory } from '../lab/temporary.ts';
import { directoryWith, isRepeated, NEXT, poolIn, works, writeStore } from './recovering.ts';

/** Enough for what comes before a store hangs, on a busy machine. */
const LIMIT_MS = 2_000;

let root: string;
let workspace: Workspace;
let pool: RecoveryPool;
/** With one process, which so knows all that was found before. */
let single: RecoveryPool;
let impatient: RecoveryPool;
beforeAll(() => {
  root = temporaryDirectory();
  workspace = openWorkspace(root, process.pid, memoryDirectory());
  pool = poolIn(root, { workers: 2 });
  single = poolIn(root, { workers: 1 });
  impatient = poolIn(root, { workers: 2, timeoutMs: LIMIT_MS });
});
afterAll(async () => {
  await Promise.all([pool, single, impatient].map((one) => one.close()));
  workspace.close();
  rmSync(root, { recursive: true, force: true });
});

let stores = 0;
function recoveryThat(text: string, { top = '', by = pool }: { top?: string; by?: RecoveryPool } = {}): Promise<StoreRecovery> {
  stores += 1;
  const bundle = writeStore(join(root, `store-${stores}.cjs`), text, top);
  return recoveryOf(
    loadedStore(bundle),
    by,
    () => directoryWith(root),
    () => workspace.directoryInMemory('recover'),
  );
}

/** A store that also notes each save in a file of its own. */
function notingSaves(): { readonly text: string; readonly saves: () => number } {
  const log = join(root, `saves-${stores}`);
  writeFileSync(log, '');
  return {
    text: `save: (dir, value) => { fs.appendFileSync(${JSON.stringify(log)}, '.'); fs.writeFileSync(file(dir), JSON.stringify(value)); }`,
    saves: () => readFileSync(log, 'utf8').length,
  };
}

const kept = (number: number): Tree => treeOf({ value: JSON.stringify({ kept: number }) });
const keptOnes = (count: number): Tree[] => Array.from({ length: count }, (_, number) => kept(number));
const recovered = (recovery: RecoveredTree['recovery'], left: readonly string[] = ['value']): RecoveredTree => ({ recovery, left });

function withModes(tree: Tree, modes: { readonly [path: string]: number }): Tree {
  return new Map(
    [...tree].map(([path, entry]): [string, Entry] => [
      path,
      entry.kind === 'file' ? { ...entry, mode: modes[path] ?? entry.mode } : entry,
    ]),
  );
}

test('each answer is what a fresh process finds', async () => {
  const recovery = await recoveryThat(
    `load: (dir) => fs.readdirSync(dir).sort().map((name) => { const stat = fs.lstatSync(dir + '/' + name);
       return [name, stat.mode, stat.isFile() ? fs.readFileSync(dir + '/' + name, 'latin1') : stat.isSymbolicLink() ? fs.readlinkSync(dir + '/' + name) : fs.readdirSync(dir + '/' + name)]; })`,
  );
  const trees: Tree[] = [
    treeOf({}),
    treeOf({ value: '' }),
    withModes(treeOf({ value: '{}', open: 'x' }), { value: 0o666, open: 0o4755 }),
    withModes(treeOf({ value: '{}' }), { value: 0o444 }),
    treeOf({ value: 'x'.repeat(100_000) }),
    new Map<string, Entry>([
      ['inner', { kind: 'directory', mode: 0o500 }],
      ...[...treeOf({ 'inner/file': 'y' })],
      ['link', { kind: 'symlink', target: '../away' }],
    ]),
  ];
  const answers = await recovery.recoverTrees(trees, NEXT);
  const confirmed = await Promise.all(trees.map((tree) => recovery.confirm(tree, NEXT)));
  // What is refused, as to all but root, is said with the path of the directory.
  expect(answers.map((answer) => answer.recovery)).toEqual(
    JSON.parse(JSON.stringify(confirmed).replaceAll(/(?<=')[^' ]*\/recover-\d+/g, '<dir>')),
  );
  expect(answers.at(-1)?.left).toEqual(['inner', 'inner/file', 'link', 'value']);
});

test('a store that removes its own directory has left nothing', async () => {
  const recovery = await recoveryThat(`save: (dir) => { fs.rmSync(dir, { recursive: true }); throw new Error('gone'); }`);
  const { load } = works({ kept: 1 });
  const found = recovered({ load, save: { kind: 'threw', error: 'Error: gone' } }, []);
  expect(await recovery.recoverTrees([kept(1)], NEXT)).toEqual([found]);
  expect((await recovery.confirm(kept(1), NEXT)).save).toEqual(found.recovery.save);
});

test('a store given as commands is recovered as well', async () => {
  const recovery = await recoveryThat(`saveCommand: ['sh', '-c', 'cat > "$0"/value', '{dir}'], loadCommand: ['cat', '{dir}/value']`);
  expect(await recovery.recoverTrees([kept(1), kept(2)], NEXT)).toEqual([1, 2].map((number) => recovered(works({ kept: number }))));
});

test('each tree is recovered once for each value that is saved next, and the count of those done is reported', async () => {
  const { text, saves } = notingSaves();
  const recovery = await recoveryThat(text);
  const before = saves();
  const counts: number[] = [];
  const [one, again, two] = await recovery.recoverTrees([kept(1), kept(1), kept(2)], NEXT, (done) => counts.push(done));
  expect(one).toEqual(recovered(works({ kept: 1 })));
  expect(again).toBe(one);
  expect(two).toEqual(recovered(works({ kept: 2 })));
  expect(counts).toEqual([1, 2, 3]);
  expect(await recovery.recoverTrees([kept(2)], NEXT)).toEqual([two]);
  expect(saves() - before).toBe(2);

  const other = { other: 1 };
  const [otherwise] = await recovery.recoverTrees([kept(1)], other);
  expect(otherwise?.recovery).toEqual({ ...works({ kept: 1 }), secondLoad: { kind: 'loaded', value: other } });
  expect(saves() - before).toBe(3);
});

describe.skipIf(memoryDirectory() === undefined)('a load is carried out once for trees that it cannot distinguish', () => {
  /** A store that notes each of its loads in a file of its own. */
  const notingLoads = (body: string): { readonly text: string; readonly loads: () => number } => {
    const log = join(root, `loads-${stores}`);
    writeFileSync(log, '');
    const text = `load: (dir) => { fs.appendFileSync(${JSON.stringify(log)}, '.'); ${body} }`;
    return { text, loads: () => readFileSync(log, 'utf8').length };
  };
  const value = '{"kept":1}';

  test('files that nobody reads may differ in their contents', async () => {
    const { text, loads } = notingLoads('return read(dir);');
    const recovery = await recoveryThat(text, { by: single });
    const before = loads();
    const trees = Array.from({ length: 40 }, (_, junk) => treeOf({ value, junk: String(100 + junk) }));
    expect(await recovery.recoverTrees(trees, NEXT)).toEqual(trees.map(() => recovered(works({ kept: 1 }), ['junk', 'value'])));
    // The trees come in four batches, each to a process of its own on a busy machine: a first load there, and one after the save.
    expect(loads() - before).toBeLessThanOrEqual(8);
  });

  test.each<{ what: string; body: string; trees: Tree[]; found: object[] }>([
    {
      what: 'in their exact size',
      body: `return { kept: fs.statSync(dir + '/junk').size };`,
      trees: ['a', 'ab', 'abc', 'xyz'].map((junk) => treeOf({ value, junk })),
      found: [{ kept: 1 }, { kept: 2 }, { kept: 3 }, { kept: 3 }],
    },
    {
      what: 'in what is read where another file says so',
      body: `return { kept: fs.readFileSync(dir + '/look', 'utf8') === 'yes' ? fs.readFileSync(dir + '/junk', 'utf8') : 'nothing' };`,
      trees: [
        ['nay', 'a'],
        ['nay', 'b'],
        ['yes', 'a'],
        ['yes', 'b'],
        ['nay', 'b'],
      ].map(([look = '', junk = '']) => treeOf({ value, look, junk })),
      found: ['nothing', 'nothing', 'a', 'b', 'nothing'].map((kept) => ({ kept })),
    },
    {
      what: 'in what a save after them reads',
      body: `return { kept: 1 }; }, save: (dir, next) => { fs.writeFileSync(file(dir), JSON.stringify(next)); if (fs.readFileSync(dir + '/junk', 'utf8') === 'b') throw new Error('b');`,
      trees: ['a', 'b', 'a', 'b'].map((junk) => treeOf({ value, junk })),
      found: ['saved', 'threw', 'saved', 'threw'].map((kind) => ({ kind })),
    },
  ])('but none that differ $what', async ({ what, body, trees, found }) => {
    const { text } = notingLoads(body);
    const recovery = await recoveryThat(text, { by: single });
    const answers = await recovery.recoverTrees(trees, NEXT);
    const of = ({ recovery: { load, save } }: RecoveredTree): object =>
      what.includes('save') ? { kind: save?.kind } : load.kind === 'loaded' ? (load.value as object) : load;
    expect(answers.map(of)).toEqual(found);
  });

  test('a load that changes the directory is carried out for each', async () => {
    const { text, loads } = notingLoads(`fs.writeFileSync(dir + '/seen', ''); return read(dir);`);
    const recovery = await recoveryThat(text, { by: single });
    const before = loads();
    await recovery.recoverTrees(
      ['a', 'b'].map((junk) => treeOf({ value, junk })),
      NEXT,
    );
    expect(loads() - before).toBe(6);
  });
});

describe('the next save is made once for trees that it cannot distinguish', () => {
  const held = `if (fs.existsSync(dir + '/lock') && fs.readFileSync(dir + '/lock', 'utf8').startsWith('held')) throw new Error('held');`;
  const refuses = (when: string): string => `save: (dir, value) => { ${when} fs.writeFileSync(file(dir), JSON.stringify(value)); }`;
  const refused = (error: string): RecoveredTree['recovery'] => ({
    load: works({ kept: 1 }).load,
    save: { kind: 'threw', error: `Error: ${error}` },
  });
  const fine = works({ kept: 1 });
  const value = '{"kept":1}';
  const padding = 'x'.repeat(50_000);

  test.each<{ what: string; when: string; trees: Tree[]; found: RecoveredTree['recovery'][] }>([
    {
      what: 'a small file that it reads',
      when: held,
      trees: ['free', 'held', 'idle', 'held'].map((lock) => treeOf({ value, lock })),
      found: [fine, refused('held'), fine, refused('held')],
    },
    {
      what: 'a large file that it reads',
      when: held,
      trees: ['free', 'held', 'idle'].map((lock) => treeOf({ value, lock: lock + padding })),
      found: [fine, refused('held'), fine],
    },
    {
      what: 'a file that it copies, and reads from there',
      when: `fs.copyFileSync(dir + '/lock', dir + '/copy'); if (fs.readFileSync(dir + '/copy', 'utf8') === 'held') throw new Error('held');`,
      trees: ['free', 'held'].map((lock) => treeOf({ value, lock })),
      found: [fine, refused('held')],
    },
    {
      what: 'a file that it reads in another process',
      when: `if (child.spawnSync('grep', ['-q', 'held', dir + '/lock']).status === 0) throw new Error('held');`,
      trees: ['free', 'held'].map((lock) => treeOf({ value, lock })),
      found: [fine, refused('held')],
    },
    {
      what: 'a file that it reads only if another says so',
      when: `if (fs.readFileSync(dir + '/look', 'utf8') === 'yes') { ${held} }`,
      trees: [
        ['nay', 'free'],
        ['yes', 'free'],
        ['yes', 'held'],
        ['nay', 'held'],
      ].map(([look = '', lock = '']) => treeOf({ value, look, lock })),
      found: [fine, fine, refused('held'), fine],
    },
    {
      what: 'the size of a file that it only looks at, by orders of magnitude: whether it is empty, and whether it is large',
      when: `const { size } = fs.statSync(dir + '/journal'); if (size === 0 || size > 255) throw new Error('size ' + size);`,
      trees: ['abc', '', 'a'.repeat(256)].map((journal) => treeOf({ value, journal })),
      found: [fine, refused('size 0'), refused('size 256')],
    },
    {
      what: 'the name of a file',
      when: `if (fs.existsSync(dir + '/lock')) throw new Error('locked');`,
      trees: [treeOf({ value, lack: '' }), treeOf({ value, lock: '' })],
      found: [fine, refused('locked')],
    },
    {
      what: 'the mode of a file',
      when: `if (fs.statSync(dir + '/lock').mode & 0o100) throw new Error('program');`,
      trees: [0o600, 0o700].map((mode) => withModes(treeOf({ value, lock: '' }), { lock: mode })),
      found: [fine, refused('program')],
    },
  ])('but not for those that differ in $what', async ({ when, trees, found }) => {
    const recovery = await recoveryThat(refuses(when), { by: single });
    const answers = await recovery.recoverTrees(trees, NEXT);
    expect(answers.map((answer) => answer.recovery)).toEqual(found);
  });

  test('nor for those that differ in what load remembers in its module', async () => {
    const recovery = await recoveryThat(
      `load: (dir) => { seen = fs.readFileSync(dir + '/hint', 'utf8'); return read(dir); },
       save: (dir, value) => { if (seen === 'no') throw new Error('no'); fs.writeFileSync(file(dir), JSON.stringify(value)); }`,
      { top: `let seen = '';`, by: single },
    );
    const answers = await recovery.recoverTrees([treeOf({ value, hint: 'on' }), treeOf({ value, hint: 'no' })], NEXT);
    expect(answers.map((answer) => answer.recovery)).toEqual([fine, refused('no')]);
  });

  test('nor where load has changed the directory, whatever made it do so', async () => {
    const recovery = await recoveryThat(
      `load: (dir) => {
         const value = read(dir);
         if (value.kept === 1) fs.writeFileSync(dir + '/lock', (turn.number += 1) % 2 === 0 ? 'held' : 'free');
         return value;
       },
       ${refuses(held)}`,
      { top: 'const turn = (globalThis.turn ??= { number: 0 });', by: single },
    );
    const trees = ['one', 'two', 'six'].map((unread) => treeOf({ value, lock: 'idle', unread }));
    const answers = await recovery.recoverTrees(trees, NEXT);
    expect(answers.map((answer) => answer.recovery)).toEqual([fine, refused('held'), fine]);
  });

  test.skipIf(memoryDirectory() === undefined)('and only once for those that differ in what nobody reads', async () => {
    const { text, saves } = notingSaves();
    const recovery = await recoveryThat(text, { by: single });
    const before = saves();
    const trees = Array.from({ length: 20 }, (_, number) => treeOf({ value, 'value.tmp': `torn ${100 + number}` }));
    const answers = await recovery.recoverTrees(trees, NEXT);
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toEqual(recovered(fine, ['value', 'value.tmp']));
    expect(saves() - before).toBe(1);
  });
});

describe('a store that', () => {
  test('remembers values of other directories is caught, and fresh processes answer then', async () => {
    const recovery = await recoveryThat(`load: (dir) => (memory.value ??= read(dir))`, {
      top: 'const memory = (globalThis.trees ??= {});',
    });
    const loads: unknown[] = [];
    const found = await recovery.controlled(async () => {
      const answers = await recovery.recoverTrees(keptOnes(4), NEXT);
      loads.push(answers.map((answer) => answer.recovery.load));
      return answers;
    });
    const right = keptOnes(4).map((_, number) => works({ kept: number }).load);
    expect(loads).toEqual([expect.not.arrayContaining(right), right]);
    expect(found.map((answer) => answer.recovery.load)).toEqual(right);
  });

  test('keeps values by directory is not fooled', async () => {
    const recovery = await recoveryThat(`load: (dir) => (memory[dir] ??= read(dir)), save: (dir, value) => { memory[dir] = value; }`, {
      top: 'const memory = (globalThis.byDirectory ??= {});',
    });
    const all = async (): Promise<void> =>
      expect((await recovery.recoverTrees(keptOnes(50), NEXT)).map((answer) => answer.recovery)).toEqual(
        keptOnes(50).map((_, number) => works({ kept: number })),
      );
    expect(await isRepeated(recovery, all)).toBe(false);
  });

  test.each([
    ['hangs on one tree', 'for (;;);', { load: { kind: 'hung', afterMs: LIMIT_MS } }],
    ['waits on one tree', 'return new Promise(() => {});', { load: { kind: 'hung', afterMs: LIMIT_MS } }],
    ['exits on one tree', 'process.exit(3);', { load: { kind: 'ended', how: 'exit code 3' } }],
    ['kills itself on one tree', `process.kill(process.pid, 'SIGKILL');`, { load: { kind: 'ended', how: 'SIGKILL' } }],
  ])('%s', async (_, then, found) => {
    const recovery = await recoveryThat(`load: (dir) => { const value = read(dir); if (value.kept === 5) { ${then} } return value; }`, {
      by: impatient,
    });
    const answers = await recovery.recoverTrees(keptOnes(30), NEXT);
    expect(answers.map((answer) => answer.recovery)).toEqual(
      keptOnes(30).map((_, number) => (number === 5 ? found : works({ kept: number }))),
    );
  });

  test('exits on most trees', async () => {
    const recovery = await recoveryThat(
      `save: (dir, value) => { if (read(dir).kept > 1) process.exit(4); fs.writeFileSync(file(dir), JSON.stringify(value)); }`,
    );
    const ended = (number: number) => ({ load: works({ kept: number }).load, save: { kind: 'ended', how: 'exit code 4' } });
    const answers = await recovery.recoverTrees(keptOnes(8), NEXT);
    expect(answers.map((answer) => answer.recovery)).toEqual(
      keptOnes(8).map((_, number) => (number > 1 ? ended(number) : works({ kept: number }))),
    );
  });

  test('ends its process between two calls is reported so, and no other tree is', async () => {
    const recovery =
      await recoveryThat(`load: (dir) => { const value = read(dir); if (value.kept === 5) setImmediate(() => process.exit(3)); return value; },
       save: async (dir, value) => { await new Promise(setImmediate); await new Promise(setImmediate); fs.writeFileSync(file(dir), JSON.stringify(value)); }`);
    const answers = await recovery.recoverTrees(keptOnes(30), NEXT);
    const others = answers.filter((_, number) => number !== 5);
    expect(others.map((answer) => answer.recovery)).toEqual(
      keptOnes(30).flatMap((_, number) => (number === 5 ? [] : [works({ kept: number })])),
    );
    expect(answers[5]?.recovery.save).toEqual({ kind: 'ended', how: 'exit code 3' });
  });

  test('waits on one tree does not keep the others waiting', async () => {
    const patient = poolIn(root, { timeoutMs: 1e6 }); // the limit must not be what lets the others go on
    onTestFinished(() => patient.close());
    const gate = join(root, `trees-gate-${stores}`);
    const recovery = await recoveryThat(
      `load: async (dir) => { const value = read(dir); while (value.kept === 5 && !fs.existsSync(${JSON.stringify(gate)})) await new Promise(setImmediate); return value; }`,
      { by: patient },
    );
    const trees = keptOnes(30);
    const answers = await recovery.recoverTrees(trees, NEXT, (done) => {
      if (done === trees.length - 1) writeFileSync(gate, '');
    });
    expect(answers.map((answer) => answer.recovery)).toEqual(trees.map((_, number) => works({ kept: number })));
  });

  test('names its directory in an error says the same for each tree', async () => {
    const recovery = await recoveryThat(`load: (dir) => { throw new Error('no value in ' + dir + '/value'); }`);
    const [one, two] = await recovery.recoverTrees([treeOf({ a: '' }), treeOf({ b: '' })], NEXT);
    expect(one?.recovery.load).toEqual({ kind: 'threw', error: 'Error: no value in <dir>/value' });
    expect(two?.recovery.load).toBe(one?.recovery.load);
  });
});

describe('the answer of a load that finds nothing or throws names what it opened:', () => {
  const tree = treeOf({ value: '', half: '{"a', whole: '{}', temp: '' });
  test.each<[string, string, readonly string[] | undefined]>([
    ['no file', '() => ({})', []],
    ['not one whose name it has seen, or that it knows to be there', `(dir) => { fs.readdirSync(dir); fs.existsSync(file(dir)); }`, []],
    ['not the size of a file that has one', `(dir) => { if (fs.statSync(dir + '/half').size === 0) throw new Error('no'); }`, []],
    ['not one that it would have made', `(dir) => { try { fs.openSync(dir + '/temp', 'wx'); } catch {} }`, []],
    ['an empty file', `(dir) => { try { JSON.parse(fs.readFileSync(file(dir), 'utf8')); } catch { return {}; } }`, ['value']],
    ['an empty file that it has only looked at', `(dir) => (fs.statSync(file(dir)).size === 0 ? {} : read(dir))`, ['value']],
    ['an empty file by a promise', `async (dir) => (await fs.promises.readFile(file(dir), 'utf8')) || null`, ['value']],
    ['a file by another path', `(dir) => { fs.closeSync(fs.openSync(dir + '/../' + dir.split('/').at(-1) + '/./half')); }`, ['half']],
    ['half a file, before it throws', `(dir) => JSON.parse(fs.readFileSync(dir + '/half', 'utf8'))`, ['half']],
    ['half a file, which it then removes', `(dir) => { fs.readFileSync(dir + '/half'); fs.unlinkSync(dir + '/half'); }`, ['half']],
    ['not one that it removes unread', `(dir) => fs.unlinkSync(dir + '/temp')`, []],
    ['a file by another program', `(dir) => { child.execFileSync('cat', [dir + '/half']); return {}; }`, ['half']],
    ['nothing of a load that finds something', `(dir) => fs.readFileSync(dir + '/whole', 'utf8') + '.'`, undefined],
  ])('%s', async (_, load, opened) => {
    const recovery = await recoveryThat(`load: ${load}`);
    const [answer] = await recovery.recoverTrees([tree], NEXT);
    const directory = workspace.directoryInMemory('recover');
    buildTree(tree, directory);
    const real = await recovery.recover(directory, NEXT);
    discard(directory);
    expect([answer?.recovery, await recovery.confirm(tree, NEXT), real].map((found) => found?.opened)).toEqual([opened, opened, opened]);
  });
});

test('nothing stays behind', async () => {
  const recovery = await recoveryThat('');
  await recovery.recoverTrees(keptOnes(3), NEXT);
  const made = workspace.directoryInMemory('look');
  expect(readdirSync(join(made, '..')).filter((name) => name.startsWith('recover'))).toEqual([]);
});

test('a closed pool answers those who wait', async () => {
  const own = poolIn(root, { workers: 1 });
  const recovery = await recoveryThat('', { by: own });
  await own.close();
  await expect(recovery.recoverTrees(keptOnes(3), NEXT)).rejects.toThrow('the pool was closed');
});
