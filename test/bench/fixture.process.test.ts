/** Scenarios that bring files: a migration that loses when it is killed is found with its line, and a right one is not accused. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Scenario } from '../../harness/domain/scenario.ts';
import type { Json } from '../../harness/domain/trace.ts';
import { hashBytes } from '../../harness/domain/tree.ts';
import { causesOf } from '../../harness/explain/causes.ts';
import { type Lab, openLab } from '../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const OLD = Buffer.from('[{"name":"a","n":1},{"name":"b","n":2}]');
const migrate = (more: { readonly holds?: Json; readonly bytes?: Uint8Array } = {}): Scenario => {
  const { bytes = OLD, ...rest } = more;
  return {
    name: 'migrate',
    catches: 'a migration',
    before: [],
    steps: [{ kind: 'save', value: { c: 3 } }],
    next: { d: 4 },
    files: { directory: './v1', tree: new Map([['v1.json', { kind: 'file', mode: 0o644, bytes, hash: hashBytes(bytes) }]]), ...rest },
  };
};

const notes = (migration: string): string => `
const fs = require('node:fs');
const v1 = (dir) => dir + '/v1.json';
const v2 = (dir) => dir + '/v2.json';
const read = (file) => {
  try { return JSON.parse(fs.readFileSync(file, 'utf8')); } catch (error) { if (error.code === 'ENOENT') return undefined; throw error; }
};
const force = (path) => { const fd = fs.openSync(path); try { fs.fsyncSync(fd); } finally { fs.closeSync(fd); } };
const save = (dir, value) => {
  fs.writeFileSync(v2(dir) + '.tmp', Buffer.from(JSON.stringify(value)));
  force(v2(dir) + '.tmp');
  fs.renameSync(v2(dir) + '.tmp', v2(dir));
  force(dir);
};
module.exports = {
  save,
  load: (dir) => {
    const old = read(v1(dir));
    if (old !== undefined) {
      const value = Object.fromEntries(old.map(({ name, n }) => [name, n]));
      ${migration}
    }
    return read(v2(dir)) ?? {};
  },
};`;
const WRONG = `fs.unlinkSync(v1(dir));
      fs.writeFileSync(v2(dir), JSON.stringify(value));`;
const RIGHT = `if (read(v2(dir)) === undefined) save(dir, value);
      fs.unlinkSync(v1(dir));
      force(dir);`;

async function migrated(migration: string, model: string, scenario = migrate()) {
  return lab.on(lab.store(notes(migration)), { scenario }, async ({ check, result }) => {
    const { cell, cases } = await result(await check({ model }));
    const causes = causesOf([cell], cases).map(({ mechanism, site, outcomes }) => `${mechanism}: ${site?.source} (${outcomes.join()})`);
    return { cell, cases, causes };
  });
}

test('a migration that removes the old file first loses when it is killed', async () => {
  const { cell, causes, cases } = await migrated(WRONG, 'process-kill');
  expect(causes).toEqual(['removed: fs.unlinkSync(v1(dir)); (empty,unreadable)']);
  expect(cell).toMatchObject({ grade: 'lossy', status: 'broken' });
  expect(cases.find(({ outcome }) => outcome === 'empty')).toMatchObject({ promised: '2 entries or 1 entry', found: '{}' });
});

test.each(['process-kill', 'power-loss:ext4', 'power-loss:posix', 'io-error'])(
  'one that removes it last loses nothing: %s',
  async (model) => {
    const { cell, causes } = await migrated(RIGHT, model);
    expect(causes).toEqual([]);
    expect(cell.violations).toBe(0);
    expect(cell.points).toBeGreaterThan(10);
  },
);

test('what is stored in the files may be said, where load gives back something else', async () => {
  const { causes } = await migrated(RIGHT, 'process-kill', migrate({ holds: { a: 1, b: 2, c: 3 } }));
  expect(causes.join()).toContain('(mixed)');
});

test('files that load cannot read are no start: nothing is judged', async () => {
  await expect(migrated(RIGHT, 'process-kill', migrate({ bytes: Buffer.from('{') }))).rejects.toThrow(
    /^load cannot read the files of the scenario, in \.\/v1: it threw SyntaxError/,
  );
});

test('nor are files in which it finds nothing', async () => {
  await expect(migrated(RIGHT, 'process-kill', migrate({ bytes: Buffer.from('[]') }))).rejects.toThrow(
    'load finds nothing in the files of the scenario, in ./v1, so that nothing can be lost',
  );
});

test('others who have the old file by a link see what is saved, or not', async () => {
  const { cases } = await migrated(RIGHT, 'through-link:symlink');
  expect(cases).toMatchObject([{ outcome: 'detached', promised: '1 entry' }]);
});
