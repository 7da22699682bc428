/** Stores whose files belong to others too: who detaches a link is found with its line, and who keeps it is not accused. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bench } from '../../../harness/bench/bench.ts';
import type { Claims } from '../../../harness/domain/store.ts';
import { causesOf } from '../../../harness/explain/causes.ts';
import { type Lab, openLab } from '../../lab/lab.ts';

let lab: Lab;
let bound: Lab;
beforeAll(async () => {
  lab = await openLab();
  bound = await openLab({ recorder: 'binding' });
});
afterAll(async () => {
  await lab.close();
  await bound.close();
});

const dotfile = (save: string): string => `
const fs = require('node:fs');
const rc = (dir) => dir + '/rc.json';
module.exports = {
  load: (dir) => {
    try { return JSON.parse(fs.readFileSync(rc(dir), 'utf8')); } catch (error) { if (error.code === 'ENOENT') return {}; throw error; }
  },
  save: (dir, value) => {
    const text = JSON.stringify(value);
    ${save}
  },
};`;

const RENAMES = `fs.writeFileSync(rc(dir) + '.tmp', text);
    fs.renameSync(rc(dir) + '.tmp', rc(dir));`;
const IN_PLACE = `fs.writeFileSync(rc(dir), text);`;
const RESOLVES = `const at = fs.existsSync(rc(dir)) ? fs.realpathSync(rc(dir)) : rc(dir);
    fs.writeFileSync(at + '.tmp', text);
    fs.renameSync(at + '.tmp', at);`;
const KEEPS_ACCESS = `const old = fs.statSync(rc(dir), { throwIfNoEntry: false });
    fs.writeFileSync(rc(dir) + '.tmp', text);
    if (old !== undefined) { fs.chmodSync(rc(dir) + '.tmp', old.mode); fs.chownSync(rc(dir) + '.tmp', old.uid, old.gid); }
    fs.renameSync(rc(dir) + '.tmp', rc(dir));`;
const NARROWS = RENAMES.replace('text);', 'text, { mode: 0o600 });');
const ROTATES = `if (fs.existsSync(rc(dir))) fs.renameSync(rc(dir), rc(dir) + '.bak');
    fs.writeFileSync(rc(dir), text);`;
const REFUSES = `if (fs.lstatSync(rc(dir), { throwIfNoEntry: false })?.isSymbolicLink()) throw new Error('it is a link');
    ${RENAMES}`;

async function shared(save: string, way: string, on = lab, claims: Claims = {}) {
  const store = on.store(dotfile(save), { claims });
  return on.on(store, { scenario: 'replace' }, async ({ check, result }) => {
    const { cell, cases } = await result(await check({ model: `through-link:${way}` }));
    return { cell, cases, outcome: cases.map(({ outcome }) => outcome).join(), causes: causesOf([cell], cases) };
  });
}

test.each([
  ['a rename replaces the link', RENAMES, 'symlink', 'detached', `fs.renameSync(rc(dir) + '.tmp', rc(dir));`],
  ['and makes a file of its own', RENAMES, 'hard-link', 'detached', `fs.renameSync(rc(dir) + '.tmp', rc(dir));`],
  [
    'a rotation moves the link away',
    ROTATES,
    'symlink',
    'detached',
    `if (fs.existsSync(rc(dir))) fs.renameSync(rc(dir), rc(dir) + '.bak');`,
  ],
  ['who resolves the link keeps it', RESOLVES, 'symlink', 'original', undefined],
  ['but not a second name', RESOLVES, 'hard-link', 'detached', "fs.renameSync(at + '.tmp', at);"],
  ['who writes in place keeps a link', IN_PLACE, 'symlink', 'original', undefined],
  ['and a second name', IN_PLACE, 'hard-link', 'original', undefined],
  ['and a mode', IN_PLACE, 'mode', 'original', undefined],
  ['a new file is readable by all', RENAMES, 'mode', 'exposed', `fs.renameSync(rc(dir) + '.tmp', rc(dir));`],
  ['a new file is readable by its owner alone', NARROWS, 'mode', 'detached', `fs.renameSync(rc(dir) + '.tmp', rc(dir));`],
  ['who gives it the old mode keeps it', KEEPS_ACCESS, 'mode', 'original', undefined],
  ['who refuses a link has changed nothing', REFUSES, 'symlink', 'original', undefined],
])('%s', async (_, save, way, outcome, source) => {
  const found = await shared(save, way);
  expect(found.outcome).toBe(outcome);
  expect(found.causes.map(({ site }) => site?.source)).toEqual(source === undefined ? [] : [source]);
  expect(found.cell.status).toBe(source === undefined ? 'kept' : 'shown');
});

test('a case says what it started with, and what others see', async () => {
  const { cell, cases } = await shared(RENAMES, 'symlink');
  expect(cases).toMatchObject([
    {
      id: expect.stringMatching(/\/replace\/through-link:symlink@0$/),
      start: 'each file is a symlink to one in another directory',
      found: '5 entries, as of 1 save earlier',
      promised: '5 entries',
      blame: { mechanism: 'link-replaced', op: 'rename rc.json.tmp -> rc.json' },
    },
  ]);
  expect(cell).toMatchObject({ grade: 'lossy', claim: 'durable', picture: 'A', tried: { kind: 'starts', tried: 1, of: 1 } });
  const narrowed = await shared(NARROWS, 'mode');
  expect(narrowed.cases).toMatchObject([{ found: 'rc.json has mode 600, which was 640', blame: { mechanism: 'access-lost' } }]);
});

test('a store that says so may narrow, and one that claims to keep links is held to it', async () => {
  expect((await shared(NARROWS, 'mode', lab, { 'through-link:mode': 'lossy' })).cell.status).toBe('kept');
  expect((await shared(RENAMES, 'symlink', lab, { 'through-link:symlink': 'durable' })).cell).toMatchObject({
    status: 'broken',
    heldBy: 'claim',
  });
});

test('the binding recorder finds the same', async () => {
  expect((await shared(RENAMES, 'symlink', bound)).outcome).toBe('detached');
  expect((await shared(RESOLVES, 'symlink', bound)).outcome).toBe('original');
});

test.runIf(process.getuid?.() === 0)('an owner is kept, or not', async () => {
  expect((await shared(RENAMES, 'owner')).cases).toMatchObject([{ outcome: 'detached', found: 'rc.json has another owner than before' }]);
  expect((await shared(KEEPS_ACCESS, 'owner')).outcome).toBe('original');
});

test.runIf(process.platform === 'linux')('an extended attribute is kept, or not', async () => {
  const lost = await shared(RENAMES, 'xattr');
  expect(lost.cases).toMatchObject([
    {
      id: expect.stringMatching(/\/replace\/through-link:xattr@0$/),
      outcome: 'detached',
      found: 'rc.json has no user.crash-matrix, which it had',
      blame: { mechanism: 'access-lost' },
    },
  ]);
  expect((await shared(KEEPS_ACCESS, 'xattr')).outcome).toBe('detached'); // a mode and an owner are not all
  expect((await shared(IN_PLACE, 'xattr')).outcome).toBe('original');
});

test.each(['symlink', 'hard-link', ...(process.getuid?.() === 0 ? [] : ['owner'])])(
  'what the file system refuses is not measured: %s',
  async (way) => {
    await lab.on(lab.store(dotfile(RENAMES)), { scenario: 'replace' }, async ({ bench, check, result }) => {
      const prepareOn: Bench['prepareOn'] = (...args) => {
        const run = bench.prepareOn(...args);
        mkdirSync(join(dirname(run.directory), 'elsewhere')); // which must not be there
        return run;
      };
      const findings = await check({ model: `through-link:${way}` }, { ...bench, prepareOn });
      const reason = expect.stringMatching(/^such files cannot be made here: E(?:EXIST|PERM): [^/]* '(?:elsewhere|store\/[^/]*)'$/);
      expect(findings.explored.unmeasured.map((one) => one.reason)).toEqual([reason]);
      expect((await result(findings)).cell).toMatchObject({
        grade: 'inconclusive',
        reason: expect.stringContaining('cannot be made here'),
      });
    });
  },
);

test('with nothing on disk there is nothing to share', async () => {
  await lab.on(lab.store(dotfile(RENAMES)), { scenario: 'first-save' }, async ({ check }) => {
    await expect(check({ model: 'through-link:symlink' })).rejects.toThrow('its steps start with no file');
  });
});
