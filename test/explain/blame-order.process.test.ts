/** Logs with snapshots, journals and pointers, each with one thing that is done or forced too late: one cause, at its line. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SAVES, SETS } from '../lab/abilities.ts';
import { causesOfStore, FORCING } from '../lab/blamed.ts';
import { type Lab, openLab } from '../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

/** A log with a snapshot; what follows is done when there are four records. */
const LOGGED = `${FORCING}const load = (dir) => {
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
  expect(await causesOfStore(lab, store, cells, 6)).toEqual([cause]);
});

/** It undoes a save that was cut short, and forgets how before that is on disk. */
const UNDONE = `${FORCING}const sync = force;
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
  expect(await causesOfStore(lab, store, [['replace', 'power-loss:xfs']], 6)).toEqual([`reordered: fs.unlinkSync(join(dir, 'journal'));`]);
});

test('both of them are two causes', async () => {
  const store = lab.store(emptiedLast('', ''), { abilities: SETS, empty: {} });
  expect(await causesOfStore(lab, store, [['save-twice', 'power-loss:posix']], 6)).toEqual([
    `renamed-unsynced: fs.renameSync(join(dir, 'temp'), join(dir, 'snapshot'));`,
    'not-forced: fs.truncateSync(log, 0);',
  ]);
});

/** It says which generation counts before that is there. */
const POINTED = `${FORCING}module.exports = { save: (dir, value) => {
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
const NOTED = `${FORCING}module.exports = { save: (dir, value) => {
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
  expect(await causesOfStore(lab, store, cells)).toEqual([cause]);
});
