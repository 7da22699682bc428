/** Stores with one mistake each: every model that finds it blames the line with the mistake, and no right line. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import { APPENDS, SETS } from '../lab/abilities.ts';
import { type Cells, causesOfStore, FORCING } from '../lab/blamed.ts';
import { type Lab, openLab } from '../lab/lab.ts';
import { LOAD, type RacingStore, racing } from '../lab/races.ts';

/** Writes a file under a name of its own, and forces it. Of bytes, because Node 20 takes a short write of a string for all of it. */
const WRITE = `const temp = at(dir, require('node:crypto').randomUUID() + '.tmp');
      fs.writeFileSync(temp, Buffer.from(JSON.stringify(value)));
      const file = await fsp.open(temp, 'r+'); await file.sync(); await file.close();`;
const PLACE = `await fsp.rename(temp, at(dir, 'live'));`;
const SYNC = `const place = await fsp.open(dir); await place.sync(); await place.close();`;
const READ_AND_SAVE = `await module.exports.save(dir, await change(module.exports.load(dir)));`;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const causesIn = (store: RacingStore, cells: Cells): Promise<string[]> => causesOfStore(lab, racing(lab, store), cells);

test.each<[string, RacingStore, (readonly [string, string])[], string[]]>([
  [
    'writes in place',
    { save: `fs.writeFileSync(at(dir, 'live'), JSON.stringify(value));` },
    [
      ['first-save', 'process-kill'],
      ['replace', 'process-kill'],
      ['save-twice', 'power-loss:posix'],
      ['replace', 'power-loss:xfs'],
      ['replace', 'io-error'],
      ['reader-while-saving', 'interleaving'],
    ],
    [`written-in-place: save: async (dir, value) => { fs.writeFileSync(at(dir, 'live'), JSON.stringify(value)); },`],
  ],
  [
    'forces nothing before its rename',
    { save: `fs.writeFileSync(at(dir, 'temp'), JSON.stringify(value));\nfs.renameSync(at(dir, 'temp'), at(dir, 'live'));\n${SYNC}` },
    [
      ['replace', 'power-loss:posix'],
      ['save-twice', 'power-loss:ext4-noauto'],
    ],
    [`renamed-unsynced: fs.renameSync(at(dir, 'temp'), at(dir, 'live'));`],
  ],
  [
    'forgets its directory',
    { save: `${WRITE}\n${PLACE}` },
    [
      ['replace', 'power-loss:posix'],
      ['save-twice', 'power-loss:xfs'],
    ],
    [`not-forced: ${PLACE} },`],
  ],
  [
    'moves its file away first',
    { save: `${WRITE}\nif (fs.existsSync(at(dir, 'live')))\nawait fsp.rename(at(dir, 'live'), at(dir, 'old'));\n${PLACE}\n${SYNC}` },
    [
      ['replace', 'process-kill'],
      ['replace', 'io-error'],
      ['replace', 'power-loss:ext4'],
      ['reader-while-saving', 'interleaving'],
    ],
    [`moved-away: await fsp.rename(at(dir, 'live'), at(dir, 'old'));`],
  ],
  [
    'takes every failed read for an empty store',
    {
      save: `${WRITE}\n${PLACE}\n${SYNC}`,
      load: `try {\nreturn JSON.parse(fs.readFileSync(at(dir, 'live'), 'utf8'));\n} catch { return {}; }`,
      update: READ_AND_SAVE,
    },
    [['update', 'io-error']],
    [`read-failure-taken-for-empty: return JSON.parse(fs.readFileSync(at(dir, 'live'), 'utf8'));`],
  ],
  [
    'swallows what its rename says',
    { save: `${WRITE}\nawait fsp.rename(temp, at(dir, 'live')).catch(() => {});\n${SYNC}` },
    [['replace', 'io-error']],
    [`error-swallowed: await fsp.rename(temp, at(dir, 'live')).catch(() => {});`],
  ],
  [
    'takes a write that a full disk cuts short for all of it',
    {
      save: `const temp = at(dir, require('node:crypto').randomUUID() + '.tmp'); const file = await fsp.open(temp, 'w');
        await file.write(Buffer.from(JSON.stringify(value)));\nawait file.sync(); await file.close();\n${PLACE}\n${SYNC}`,
    },
    [['replace', 'io-error']],
    ['short-write: await file.write(Buffer.from(JSON.stringify(value)));'],
  ],
  [
    'shares its temporary name',
    { save: `await fsp.writeFile(at(dir, 'temp'), JSON.stringify(value));\nawait fsp.rename(at(dir, 'temp'), at(dir, 'live'));` },
    [['two-savers', 'interleaving']],
    [`temp-shared: save: async (dir, value) => { await fsp.writeFile(at(dir, 'temp'), JSON.stringify(value));`],
  ],
  [
    'holds no lock from its read to its write',
    { save: `${WRITE}\n${PLACE}\n${SYNC}`, load: LOAD, update: READ_AND_SAVE },
    [['two-updaters', 'interleaving']],
    [`not-locked: ${PLACE}`],
  ],
  [
    'places its index before what it refers to',
    {
      save: `const item = require('node:crypto').randomUUID() + '.item';\nfs.writeFileSync(at(dir, 'temp'), item, { flush: true });
fs.renameSync(at(dir, 'temp'), at(dir, 'index'));\nfs.writeFileSync(at(dir, item), JSON.stringify(value), { flush: true });\n${SYNC}`,
      load: `return fs.existsSync(at(dir, 'index')) ? JSON.parse(fs.readFileSync(at(dir, fs.readFileSync(at(dir, 'index'), 'utf8')), 'utf8')) : {};`,
    },
    [['replace', 'process-kill']],
    [`placed-too-early: fs.renameSync(at(dir, 'temp'), at(dir, 'index'));`],
  ],
  [
    'loses without any fault',
    { save: `${WRITE}\nif (!fs.existsSync(at(dir, 'live')))\n${PLACE}\n${SYNC}` },
    [
      ['replace', 'process-kill'],
      ['replace', 'io-error'],
    ],
    ['not-what-was-saved: -'],
  ],
  [
    'forgets to force its slot, which it writes in place by design',
    {
      save: `const other = fs.existsSync(at(dir, 'slot')) && fs.readFileSync(at(dir, 'slot'), 'utf8') === 'a' ? 'b' : 'a';
fs.writeFileSync(at(dir, other), JSON.stringify(value));\nfs.writeFileSync(at(dir, 'temp'), other, { flush: true });
fs.renameSync(at(dir, 'temp'), at(dir, 'slot'));\n${SYNC}`,
      load: `return fs.existsSync(at(dir, 'slot')) ? JSON.parse(fs.readFileSync(at(dir, fs.readFileSync(at(dir, 'slot'), 'utf8')), 'utf8')) : {};`,
    },
    [
      ['replace', 'process-kill'],
      ['save-twice', 'power-loss:ext4'],
    ],
    ['not-forced: fs.writeFileSync(at(dir, other), JSON.stringify(value));'],
  ],
  [
    'leaves its lock behind',
    {
      save: `const lock = at(dir, 'lock');\nfs.closeSync(fs.openSync(lock, 'wx'));\n${WRITE}\n${PLACE}\n${SYNC}\nawait fsp.unlink(lock).catch(() => {});`,
    },
    [
      ['replace', 'process-kill'],
      ['replace', 'power-loss:ext4'],
      ['replace', 'io-error'],
      ['two-savers', 'race'],
    ],
    [`blocks: fs.closeSync(fs.openSync(lock, 'wx'));`],
  ],
  [
    'writes when nobody waits for it any more',
    { save: `fs.readdirSync(dir); setTimeout(() => fs.writeFileSync(at(dir, 'live'), JSON.stringify(value)), 3_600_000).unref();` },
    [
      ['replace', 'process-kill'],
      ['save-twice', 'power-loss:ext4'],
    ],
    ['promised-unwritten: -'],
  ],
  [
    'brings back what was emptied on purpose',
    {
      save: `if (fs.existsSync(at(dir, 'live'))) fs.copyFileSync(at(dir, 'live'), at(dir, 'old'));\n${WRITE}\n${PLACE}\n${SYNC}`,
      load: `const read = (name) => (fs.existsSync(at(dir, name)) ? JSON.parse(fs.readFileSync(at(dir, name), 'utf8')) : {});
        const value = read('live'); return Object.keys(value).length > 0 ? value : read('old');`,
    },
    [['reset', 'process-kill']],
    ['not-what-was-saved: -'],
  ],
])('a store that %s', async (_, store, cells, expected) => {
  expect(await causesIn(store, cells)).toEqual(expected);
});

/** A rollback journal, forced or not before the file is written in place, and the file before the journal goes. */
const journalled = (forced: { readonly journal: boolean; readonly file: boolean }): LoadedStore =>
  lab.store(`const fs = require('node:fs'), { join } = require('node:path');
const at = (dir, name) => join(dir, name);
const sync = (path) => { const fd = fs.openSync(path, 'r'); fs.fsyncSync(fd); fs.closeSync(fd); };
const read = (path) => (fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : '');
const sumOf = (text) => require('node:crypto').createHash('md5').update(text).digest('base64');
const put = (dir, text) => {
  const fd = fs.openSync(at(dir, 'db'), fs.constants.O_RDWR | fs.constants.O_CREAT);
  fs.writeSync(fd, Buffer.from(text.padEnd(20000)), 0, 20000, 0);
  ${forced.file ? 'fs.fsyncSync(fd);' : ''}
  fs.closeSync(fd);
};
const rollBack = (dir) => {
  if (!fs.existsSync(at(dir, 'journal'))) return;
  const [sum, ...old] = read(at(dir, 'journal')).split(' ');
  if (sumOf(old.join(' ')) !== sum) return;
  put(dir, old.join(' '));
  sync(at(dir, 'db'));
  fs.unlinkSync(at(dir, 'journal'));
};
module.exports = {
  save: (dir, value) => {
    rollBack(dir);
    const old = read(at(dir, 'db')).trimEnd();
    fs.writeFileSync(at(dir, 'journal'), sumOf(old) + ' ' + old${forced.journal ? ', { flush: true }' : ''});
    sync(dir);
    put(dir, JSON.stringify(value));
    fs.unlinkSync(at(dir, 'journal'));
    sync(dir);
  },
  load: (dir) => { rollBack(dir); const text = read(at(dir, 'db')).trim(); return text === '' ? {} : JSON.parse(text); },
};`);

test.each([
  [{ journal: false, file: true }, `not-forced: fs.writeFileSync(at(dir, 'journal'), sumOf(old) + ' ' + old);`],
  [{ journal: true, file: false }, `not-forced: fs.writeSync(fd, Buffer.from(text.padEnd(20000)), 0, 20000, 0);`],
])('what a rollback journal needs on disk is one cause, and not that the file is written in place: %o', async (forced, cause) => {
  expect(await causesOfStore(lab, journalled(forced), [['replace', 'power-loss:ext4']])).toEqual([cause]);
});

test('a file for each key that is written in place is not one that is written too late', async () => {
  const store = lab.store(
    `const fs = require('node:fs'), { join } = require('node:path');
const of = (key) => encodeURIComponent(key) + '.json';
module.exports = {
  set: (dir, key, value) => {
    fs.writeFileSync(join(dir, of(key)), JSON.stringify(value));
  },
  delete: (dir, key) => fs.rmSync(join(dir, of(key)), { force: true }),
  load: (dir) => Object.fromEntries(fs.readdirSync(dir).map((name) => [decodeURIComponent(name.slice(0, -5)), JSON.parse(fs.readFileSync(join(dir, name), 'utf8'))])),
};`,
    { abilities: SETS, empty: {} },
  );
  const cells = ['first-save', 'replace', 'save-twice'].map((scenario) => [scenario, 'process-kill'] as const);
  expect(await causesOfStore(lab, store, [...cells, ['replace', 'power-loss:ext4']])).toEqual([
    'written-in-place: fs.writeFileSync(join(dir, of(key)), JSON.stringify(value));',
  ]);
});

/** Answers at once, and writes a moment later: no op comes before what it promises. `more`: of its save. */
const later = (more = ''): string => `const fs = require('node:fs'), { join } = require('node:path');
const pending = new Map();
const put = (dir) => { const text = pending.get(dir); pending.delete(dir); fs.writeFileSync(join(dir, 'temp'), text, { flush: true }); fs.renameSync(join(dir, 'temp'), join(dir, 'live')); };
module.exports = {
  save: (dir, value) => { ${more}
    if (!pending.has(dir)) setTimeout(put, 400, dir);
    pending.set(dir, JSON.stringify(value));
  },
  load: (dir) => { try { return JSON.parse(fs.readFileSync(join(dir, 'live'), 'utf8')); } catch (error) { if (error.code === 'ENOENT') return {}; throw error; } },
};`;

test('a save that is acknowledged before anything is touched is one cause, under every model that has a crash or a reader', async () => {
  const cells = [
    ...['first-save', 'replace', 'reset', 'save-twice'].map((scenario) => [scenario, 'process-kill'] as const),
    ['replace', 'power-loss:ext4'],
    ['replace', 'quit'],
    ['two-savers', 'interleaving'],
    ['reader-while-saving', 'race'],
  ] as const;
  const [cause, ...others] = await causesOfStore(lab, lab.store(later()), cells);
  expect(cause).toMatch(/^promised-unwritten: const put = /);
  expect(others).toEqual([]);
});

const INSTEAD = {
  'has nothing to do': later(`const text = JSON.stringify(value), isSaved = pending.get('last') === text;
    pending.set('last', text);
    return isSaved ? undefined : fs.writeFileSync(join(dir, 'live'), text);`),
  'keeps it elsewhere': later(`return fs.writeFileSync(dir + '.elsewhere', JSON.stringify(value));`).replace(
    "join(dir, 'live'), 'utf8'",
    "dir + '.elsewhere', 'utf8'",
  ),
};

/** A deleted key is there again, as it was before it was set last. */
const RESURRECTED = `${FORCING}const name = (key) => encodeURIComponent(key);
module.exports = {
  set: (dir, key, value) => {
    const file = join(dir, name(key) + '.json');
    if (fs.existsSync(file)) fs.copyFileSync(file, join(dir, name(key) + '.prev'));
    put(file + '.temp', JSON.stringify([key, value]));
    fs.renameSync(file + '.temp', file);
    force(dir);
  },
  delete: (dir, key) => { fs.rmSync(join(dir, name(key) + '.json'), { force: true }); force(dir); },
  load: (dir) => {
    const names = new Set(fs.readdirSync(dir).filter((file) => /(json|prev)$/.test(file)).map((file) => file.slice(0, -5)));
    return Object.fromEntries([...names].map((one) => JSON.parse(read(join(dir, one + '.json')) || read(join(dir, one + '.prev')))));
  },
};`;

test('what a delete removes is no loss of its line: that the key is there again is one with no crash', async () => {
  const store = lab.store(RESURRECTED, { abilities: SETS, empty: {} });
  expect(
    await causesOfStore(lab, store, [
      ['reset', 'process-kill'],
      ['reset', 'power-loss:ext4'],
    ]),
  ).toEqual(['not-what-was-saved: -']);
});

const UNCHANGED = ['process-kill', 'power-loss:ext4', 'io-error'] as const;

test.each(UNCHANGED)('a store that keeps it elsewhere is inconclusive: nobody knows what a crash would do (%s)', async (model) => {
  const cell = lab.on(lab.store(INSTEAD['keeps it elsewhere']), { scenario: 'save-unchanged' }, ({ check }) => check({ model }));
  await expect(cell).rejects.toThrow(/never touched its directory/);
});

test.each(UNCHANGED)(
  'a store that has nothing to do, because an earlier save left the value there, keeps it, and that is said (%s)',
  async (model) => {
    const store = lab.store(INSTEAD['has nothing to do']);
    const { cell } = await lab.on(store, { scenario: 'save-unchanged' }, async ({ check, result }) => result(await check({ model })));
    expect(cell).toMatchObject({ grade: 'durable', status: 'kept', outcomes: { original: 1 }, violations: 0 });
    expect(cell.notes).toContain('the steps changed nothing and had nothing to do: what they saved was there already');
  },
);

/** A log whose records are written one by one, each at the place that the size says. */
const LOG_BY_POSITION = `const fs = require('node:fs'), { join } = require('node:path');
const read = (dir) => { try { return fs.readFileSync(join(dir, 'log'), 'utf8'); } catch (error) { if (error.code === 'ENOENT') return ''; throw error; } };
module.exports = {
  append: (dir, record) => {
    const file = fs.openSync(join(dir, 'log'), fs.constants.O_RDWR | fs.constants.O_CREAT);
    fs.writeSync(file, JSON.stringify(record) + '\\n', fs.fstatSync(file).size);
    fs.fsyncSync(file);
    fs.closeSync(file);
  },
  load: (dir) => read(dir).split('\\n').filter((line) => line !== '').map((line) => JSON.parse(line)),
};`;

test.each([
  ['is not loaded', LOG_BY_POSITION],
  ['hides the next', LOG_BY_POSITION.replace("filter((line) => line !== '')", 'slice(0, -1)')],
])('a record that is written at the end of a log is appended, by its position too: a torn one %s', async (_, source) => {
  const cells = [
    ['replace', 'power-loss:ext4'],
    ['large', 'process-kill'],
  ] as const;
  expect(await causesOfStore(lab, lab.store(source, { abilities: APPENDS, empty: [] }), cells)).toEqual([
    "appended: fs.writeSync(file, JSON.stringify(record) + '\\n', fs.fstatSync(file).size);",
  ]);
});

/** A file for each content, and one that says which of them counts. `linked`: by a temporary name first. */
const byContent = (put: 'linked' | 'directly'): LoadedStore =>
  lab.store(`const fs = require('node:fs'), { join } = require('node:path');
const nameOf = (text) => require('node:crypto').createHash('sha1').update(text).digest('hex');
const sync = (path) => { const fd = fs.openSync(path, 'r'); fs.fsyncSync(fd); fs.closeSync(fd); };
module.exports = {
  save: (dir, value) => {
    const text = JSON.stringify(value), object = join(dir, nameOf(text));
    ${
      put === 'directly'
        ? `fs.writeFileSync(object, Buffer.from(text));`
        : `fs.writeFileSync(join(dir, 'temp'), Buffer.from(text));
    try { fs.linkSync(join(dir, 'temp'), object); } catch (error) { if (error.code !== 'EEXIST') throw error; }
    fs.unlinkSync(join(dir, 'temp'));`
    }
    fs.writeFileSync(join(dir, 'next'), nameOf(text), { flush: true });
    fs.renameSync(join(dir, 'next'), join(dir, 'ref'));
    sync(dir);
    fs.writeFileSync(join(dir, 'message'), 'saved');
  },
  load: (dir) => fs.existsSync(join(dir, 'ref')) ? JSON.parse(fs.readFileSync(join(dir, fs.readFileSync(join(dir, 'ref'), 'utf8')), 'utf8')) : {},
};`);

test.each([
  [
    'linked',
    [`renamed-unsynced: try { fs.linkSync(join(dir, 'temp'), object); } catch (error) { if (error.code !== 'EEXIST') throw error; }`],
  ],
  ['directly', ['not-forced: fs.writeFileSync(object, Buffer.from(text));']],
] as const)('a file that another one refers to, and that is not forced, is one cause, wherever the power goes: %s', async (put, causes) => {
  expect(await causesOfStore(lab, byContent(put), [['replace', 'power-loss:xfs']])).toEqual(causes);
});
