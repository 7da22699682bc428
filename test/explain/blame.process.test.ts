/** Stores with one mistake each: every model that finds it blames the line with the mistake, and no right line. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import type { CaseResult, CellResult } from '../../harness/domain/result.ts';
import { causesOf } from '../../harness/explain/causes.ts';
import { APPENDS, SAVES, SETS } from '../lab/abilities.ts';
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

/** `mechanism at the source of its line` of each cause; a line that is not known is `-`. */
type Cells = readonly (readonly [scenario: string, model: string])[];

const causesIn = (store: RacingStore, cells: Cells): Promise<string[]> => causesOfStore(racing(lab, store), cells);

async function causesOfStore(store: LoadedStore, cells: Cells, recoveries = 0): Promise<string[]> {
  const loaded: LoadedStore = { ...store, claims: { 'power-loss': 'durable' } };
  const [all, cases]: [CellResult[], CaseResult[]] = [[], []];
  for (const [scenario, model] of cells) {
    await lab.on(loaded, { scenario, effort: { recoveries } }, async ({ check, result }) => {
      const checked = await result(await check({ model, heldBy: 'strict' }));
      all.push(checked.cell);
      cases.push(...checked.cases);
    });
  }
  expect(cases.some(({ violation }) => violation)).toBe(true);
  return causesOf(all, cases).map(({ mechanism, site }) => `${mechanism}: ${site?.source ?? '-'}`);
}

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
  expect(await causesOfStore(journalled(forced), [['replace', 'power-loss:ext4']])).toEqual([cause]);
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
  expect(await causesOfStore(store, [...cells, ['replace', 'power-loss:ext4']])).toEqual([
    'written-in-place: fs.writeFileSync(join(dir, of(key)), JSON.stringify(value));',
  ]);
});

const WHOLE = `const fs = require('node:fs'), { join } = require('node:path');
const force = (path) => { const file = fs.openSync(path, 'r'); try { fs.fsyncSync(file); } finally { fs.closeSync(file); } };
const put = (path, text) => fs.writeFileSync(path, Buffer.from(text), { flush: true });
const read = (path) => { try { return fs.readFileSync(path, 'utf8'); } catch (error) { if (error.code === 'ENOENT') return ''; throw error; } };
`;

/** A log with a snapshot; what follows is done when there are four records. */
const LOGGED = `${WHOLE}const load = (dir) => {
  const state = JSON.parse(read(join(dir, 'snapshot')) || '{}');
  for (const line of read(join(dir, 'log')).split('\\n').slice(0, -1)) { const [key, value] = JSON.parse(line); state[key] = value; }
  return state;
};
module.exports = { load, set: (dir, key, value) => {
  const log = join(dir, 'log'), whole = read(log).lastIndexOf('\\n') + 1;
  if (whole < read(log).length) fs.truncateSync(log, whole);
  fs.appendFileSync(log, Buffer.from(JSON.stringify([key, value]) + '\\n'), { flush: true });
  force(dir);
  if (read(log).split('\\n').length < 4) return;
`;

/** A log that is emptied before the snapshot of it is in place. */
const COMPACTED = `${LOGGED}  const state = JSON.stringify(load(dir));
  fs.truncateSync(log, 0);
  put(join(dir, 'temp'), state);
  fs.renameSync(join(dir, 'temp'), join(dir, 'snapshot'));
  force(dir);
} };`;

/** The same, with the record written after that. */
const COMPACTED_FIRST = COMPACTED.replace(/ {2}fs.appendFileSync\(log.*\n {2}force\(dir\);\n/, '')
  .replace('length < 4) return;', 'length >= 3) {')
  .replace(
    /} };$/,
    "  }\n  fs.appendFileSync(log, Buffer.from(JSON.stringify([key, value]) + '\\n'), { flush: true });\n  force(dir);\n} };",
  );

/** The log is emptied last. `snapshot` and `log`: what stands behind what is done to each of them. */
const emptiedLast = (
  snapshot: string,
  log: string,
): string => `${LOGGED}  fs.writeFileSync(join(dir, 'temp'), Buffer.from(JSON.stringify(load(dir))));
  ${snapshot}
  fs.renameSync(join(dir, 'temp'), join(dir, 'snapshot'));
  force(dir);
  fs.truncateSync(log, 0);
  ${log}
} };`;

test.each([
  ['a snapshot', '', 'force(log);', `renamed-unsynced: fs.renameSync(join(dir, 'temp'), join(dir, 'snapshot'));`],
  ['the end of a log', `force(join(dir, 'temp'));`, '', 'not-forced: fs.truncateSync(log, 0);'],
])('%s that is not forced is one cause, also where a second crash shows it', async (_, snapshot, log, cause) => {
  const store = lab.store(emptiedLast(snapshot, log), { abilities: SETS, empty: {} });
  const cells = (['replace', 'save-twice'] as const).map((scenario) => [scenario, 'power-loss:posix'] as const);
  expect(await causesOfStore(store, cells, 6)).toEqual([cause]);
});

/** It undoes a save that was cut short, and forgets how before that is on disk. */
const UNDONE = `${WHOLE}const sync = force;
const undo = (dir, old) => {
  fs.writeFileSync(join(dir, 'data'), old);
  fs.unlinkSync(join(dir, 'journal'));
  sync(join(dir, 'data'));
  sync(dir);
};
const orUndefined = (path) => fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : undefined;
module.exports = { load: (dir) => JSON.parse(orUndefined(join(dir, 'journal')) ?? orUndefined(join(dir, 'data')) ?? '{}'),
save: (dir, value) => {
  const old = orUndefined(join(dir, 'journal'));
  if (old !== undefined) undo(dir, old);
  put(join(dir, 'new'), orUndefined(join(dir, 'data')) ?? '{}');
  fs.renameSync(join(dir, 'new'), join(dir, 'journal'));
  sync(dir);
  put(join(dir, 'data'), JSON.stringify(value));
  sync(dir);
  fs.unlinkSync(join(dir, 'journal'));
  sync(dir);
} };`;

test('what only recovery does is blamed on the line of recovery, not on the one of the save that does the same', async () => {
  const store = lab.store(UNDONE, { abilities: SAVES, empty: {} });
  expect(await causesOfStore(store, [['replace', 'power-loss:xfs']], 6)).toEqual([`reordered: fs.unlinkSync(join(dir, 'journal'));`]);
});

test('both of them are two causes', async () => {
  const store = lab.store(emptiedLast('', ''), { abilities: SETS, empty: {} });
  expect(await causesOfStore(store, [['save-twice', 'power-loss:posix']], 6)).toEqual([
    `renamed-unsynced: fs.renameSync(join(dir, 'temp'), join(dir, 'snapshot'));`,
    'not-forced: fs.truncateSync(log, 0);',
  ]);
});

/** It says which generation counts before that is there. */
const POINTED = `${WHOLE}module.exports = { save: (dir, value) => {
  const number = Number(read(join(dir, 'current')) || 0) + 1;
  put(join(dir, 'current.temp'), String(number));
  fs.renameSync(join(dir, 'current.temp'), join(dir, 'current'));
  force(dir);
  put(join(dir, 'temp'), JSON.stringify(value));
  fs.renameSync(join(dir, 'temp'), join(dir, 'generation-' + number));
  force(dir);
},
load: (dir) => { const number = read(join(dir, 'current')); return number === '' ? {} : JSON.parse(fs.readFileSync(join(dir, 'generation-' + number), 'utf8')); } };`;

/** It notes which value it has, and skips that one, before it has it. */
const NOTED = `${WHOLE}module.exports = { save: (dir, value) => {
  const text = JSON.stringify(value), sum = require('node:crypto').createHash('sha1').update(text).digest('base64');
  if (read(join(dir, 'noted')) === sum) return;
  put(join(dir, 'noted.temp'), sum);
  fs.renameSync(join(dir, 'noted.temp'), join(dir, 'noted'));
  force(dir);
  put(join(dir, 'temp'), text);
  fs.renameSync(join(dir, 'temp'), join(dir, 'live'));
  force(dir);
},
load: (dir) => JSON.parse(read(join(dir, 'live')) || '{}') };`;

test.each([
  ['empties the log before its snapshot is in place', COMPACTED, SETS, 'removed: fs.truncateSync(log, 0);'],
  ['does that, and then writes its record', COMPACTED_FIRST, SETS, 'removed: fs.truncateSync(log, 0);'],
  [
    'points to a file before it is there',
    POINTED,
    SAVES,
    `placed-too-early: fs.renameSync(join(dir, 'current.temp'), join(dir, 'current'));`,
  ],
  ['notes a value before it is there', NOTED, SAVES, `placed-too-early: fs.renameSync(join(dir, 'noted.temp'), join(dir, 'noted'));`],
])('a store that %s has that one cause, whatever kills it or fails after it', async (_, source, abilities, cause) => {
  const store = lab.store(source, { abilities, empty: {} });
  const cells = ['process-kill', 'io-error'].flatMap((model) => ['replace', 'save-twice'].map((scenario) => [scenario, model] as const));
  expect(await causesOfStore(store, cells)).toEqual([cause]);
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
  const [cause, ...others] = await causesOfStore(lab.store(later()), cells);
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

/** One failure makes all later saves of the process fail. What it leaves blocks nobody. */
const POISONED = `${WHOLE}let tail = Promise.resolve(), count = 0;
const write = (dir, value) => {
  const temp = join(dir, 'q.' + process.pid + '.' + count++);
  put(temp, JSON.stringify(value));
  fs.renameSync(temp, join(dir, 'live'));
  force(dir);
};
module.exports = { load: (dir) => JSON.parse(read(join(dir, 'live')) || '{}'), save: (dir, value) => (tail = tail.then(() => write(dir, value))) };`;

test('a process that saves nothing more after a failure is one cause, whatever the failed save left', async () => {
  expect(await causesOfStore(lab.store(POISONED, { abilities: SAVES, empty: {} }), [['replace', 'io-error']])).toEqual([
    'remembers-failure: -',
  ]);
});

/** A deleted key is there again, as it was before it was set last. */
const RESURRECTED = `${WHOLE}const name = (key) => encodeURIComponent(key);
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
    await causesOfStore(store, [
      ['reset', 'process-kill'],
      ['reset', 'power-loss:ext4'],
    ]),
  ).toEqual(['not-what-was-saved: -']);
});

const afterError = (
  place: string,
): string => `${WHOLE}module.exports = { load: (dir) => JSON.parse(read(join(dir, 'live')) || '{}'), save: (dir, value) => {
  put(join(dir, 'temp'), JSON.stringify(value));
  ${place}
} };`;
/** When the directory cannot be forced, `target` is the file that is there. */
const CLEANS_UP = afterError(`let target = join(dir, 'temp');
  try {
    fs.renameSync(target, join(dir, 'live'));
    target = join(dir, 'live');
    force(dir);
  } catch (error) {
    fs.rmSync(target, { force: true });
    throw error;
  }`);
const FALLS_BACK = afterError(`try {
    fs.renameSync(join(dir, 'temp'), join(dir, 'live'));
  } catch {
    fs.copyFileSync(join(dir, 'temp'), join(dir, 'live'));
    force(join(dir, 'live'));
  }
  force(dir);`);

test.each([
  ['removes what is good', CLEANS_UP, 'removed-on-error: fs.rmSync(target, { force: true });'],
  ['writes in place what it could not rename', FALLS_BACK, `written-in-place: fs.copyFileSync(join(dir, 'temp'), join(dir, 'live'));`],
])('what a store does only after a fault is blamed on its line: it %s', async (_, source, cause) => {
  expect(await causesOfStore(lab.store(source, { abilities: SAVES, empty: {} }), [['replace', 'io-error']])).toEqual([cause]);
});

/** A map that is kept in memory, too. A set that fails is taken back there by removing its key, whatever value it had. */
const TAKEN_BACK = `${WHOLE}const known = new Map();
const of = (dir) => known.get(dir) ?? known.set(dir, JSON.parse(read(join(dir, 'live')) || '{}')).get(dir);
module.exports = { load: (dir) => JSON.parse(read(join(dir, 'live')) || '{}'), set: (dir, key, value) => {
  const all = of(dir);
  all[key] = value;
  try {
    put(join(dir, 'temp'), JSON.stringify(all));
  } catch (error) {
    delete all[key];
    throw error;
  }
  fs.renameSync(join(dir, 'temp'), join(dir, 'live'));
  force(dir);
} };`;

test('what a failed set takes from memory, and the next one from the disk, is one cause', async () => {
  const store = lab.store(TAKEN_BACK, { abilities: { ...SETS, deletes: false }, empty: {} });
  expect(await causesOfStore(store, [['save-twice', 'io-error']])).toEqual(['remembers-failure: -']);
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
  expect(await causesOfStore(lab.store(source, { abilities: APPENDS, empty: [] }), cells)).toEqual([
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
  expect(await causesOfStore(byContent(put), [['replace', 'power-loss:xfs']])).toEqual(causes);
});
