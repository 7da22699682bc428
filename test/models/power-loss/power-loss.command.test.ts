/** Whole runs of the built command under power loss: what a missing fsync costs, what mends it, and what a second crash adds. */
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Result } from '../../../harness/domain/result.ts';
import { findInstallation } from '../../../harness/machine/installation.ts';
import { copyInstallation, openPlace, type Place } from '../../lab/command.ts';

const installation = findInstallation(import.meta.url);

let place: Place;
beforeAll(() => {
  place = openPlace();
});
afterAll(() => place.close());

const grades = ({ cells }: Result): { [profile: string]: string } =>
  Object.fromEntries(cells.map(({ store, profile, grade, status }) => [`${store} ${profile}`, `${grade} ${status}`]));

/** A store of ten lines that replaces its file, with what its name says in between. */
const store = ({ file = false, directory = false, claim = 'atomic' }): string => `
  const fs = require('node:fs');
  const synced = (path) => { const fd = fs.openSync(path, 'r'); fs.fsyncSync(fd); fs.closeSync(fd); };
  module.exports = {
    claims: { 'power-loss': '${claim}' },
    save: (dir, value) => {
      fs.writeFileSync(dir + '/value.tmp', JSON.stringify(value));
      ${file ? `synced(dir + '/value.tmp');` : ''}
      fs.renameSync(dir + '/value.tmp', dir + '/value');
      ${directory ? 'synced(dir);' : ''}
    },
    load: (dir) => fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {},
  };`;

describe('a store in ten lines', () => {
  test('needs one fsync to be atomic everywhere, and two to be durable', async () => {
    place.write({
      'neither.cjs': store({}),
      'file.cjs': store({ file: true }),
      'both.cjs': store({ file: true, directory: true, claim: 'durable' }),
      'file-durable.cjs': store({ file: true, claim: 'durable' }),
    });
    const stores = ['neither', 'file', 'both', 'file-durable'].map((name) => `./${name}.cjs`).join(',');
    const { exitCode, result } = await place.result(['--store', stores, '--scenario', 'replace', '--model', 'power-loss']);
    expect(exitCode).toBe(1);
    expect(grades(result)).toEqual({
      'neither posix': 'lossy shown',
      'neither ext4': 'atomic kept',
      'neither ext4-noauto': 'lossy shown',
      'neither xfs': 'lossy broken',
      'neither btrfs': 'atomic kept',
      'file posix': 'atomic kept',
      'file ext4': 'atomic kept',
      'file ext4-noauto': 'atomic kept',
      'file xfs': 'atomic kept',
      'file btrfs': 'atomic kept',
      'both posix': 'durable kept',
      'both ext4': 'durable kept',
      'both ext4-noauto': 'durable kept',
      'both xfs': 'durable kept',
      'both btrfs': 'durable kept',
      'file-durable posix': 'atomic shown',
      'file-durable ext4': 'atomic broken',
      'file-durable ext4-noauto': 'atomic shown',
      'file-durable xfs': 'atomic broken',
      'file-durable btrfs': 'atomic broken',
    });
    const explained = (id: string): Result['cases'][number] | undefined =>
      result.cases.find((one) => one.id.startsWith(id) && one.missingBarrier !== undefined);
    expect(explained('neither/replace/power-loss:xfs')).toMatchObject({
      outcome: 'unreadable',
      lost: [expect.stringMatching(/^op 2 write value\.tmp/)],
      landed: expect.stringMatching(/^op 4 rename value\.tmp -> value landed without op 2/),
      missingBarrier: expect.stringMatching(/^fsync value\.tmp after op 2 .*, before op 4 /),
    });
    expect(explained('file-durable/replace/power-loss:ext4')?.missingBarrier).toMatch(
      /^fsync the directory after op \d+ \(rename value\.tmp -> value\), before step 1 is acknowledged/,
    );
    const spared = result.cells.filter(({ tried }) => tried?.kind === 'states' && tried.barriers?.some(({ needed }) => needed === 'no'));
    // On ext4 a rename over the old file writes the data, whatever comes after. On btrfs only a commit does, and fsync of the directory is not one.
    expect(spared.map(({ store, profile }) => `${store} ${profile}`)).toEqual([
      'file ext4',
      'file btrfs',
      'both ext4',
      'file-durable ext4',
    ]);
  });

  test('is replayed: what was lost is shown, and the directory is kept as the cut left it', async () => {
    place.write({ 'neither.cjs': store({}) });
    const keep = join(place.root, 'kept');
    const { exitCode, stdout } = await place.run([
      'replay',
      'neither/replace/power-loss:xfs@4~lost=2',
      '--store',
      './neither.cjs',
      '--keep',
      keep,
    ]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^ +lost +\* +2 +write value\.tmp/m);
    expect(stdout).toContain('the power went here, after op 4');
    expect(stdout).toContain('*  changed what is on disk');
    expect(readdirSync(keep)).toEqual(['value']);
    expect(readFileSync(join(keep, 'value'), 'utf8')).toBe('');
  });

  test('replay refuses a state that cannot occur', async () => {
    place.write({ 'neither.cjs': store({}) });
    expect(await place.run(['replay', 'neither/replace/power-loss:xfs@4~lost=3', '--store', './neither.cjs'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('op 3 has nothing to lose at boundary 4'),
    });
  });
});

/** `load` takes nothing for a store that nobody has saved to, and whatever else `forgives` says. */
const firstSaves = (save: string, forgives: string): string => `
  const fs = require('node:fs');
  const writeFileAtomic = require('write-file-atomic');
  module.exports = {
    save: (dir, value) => { ${save} },
    load: (dir) => {
      try { return JSON.parse(fs.readFileSync(dir + '/value', 'utf8')); } catch (error) { if (${forgives}) return {}; throw error; }
    },
  };`;
const IN_PLACE = `fs.writeFileSync(dir + '/value', JSON.stringify(value));`;
const RENAMES = `fs.writeFileSync(dir + '/temp', JSON.stringify(value), { flush: true }); fs.renameSync(dir + '/temp', dir + '/value');`;
const MISSING = `error.code === 'ENOENT'`;

test('a first save that is lost as a whole is stale; what is left of it and taken for nothing is empty', async () => {
  symlinkSync(join(installation.root, 'node_modules'), join(place.root, 'node_modules'));
  place.write({
    'package.cjs': firstSaves(`return writeFileAtomic(dir + '/value', JSON.stringify(value));`, MISSING),
    'renames.cjs': firstSaves(RENAMES, MISSING),
    'in-place.cjs': firstSaves(IN_PLACE, `${MISSING} || fs.statSync(dir + '/value').size === 0`),
    'in-place-looks.cjs': firstSaves(IN_PLACE, MISSING).replace(
      'load: (dir) => {',
      `$&
      if (fs.existsSync(dir + '/value') && fs.statSync(dir + '/value').size === 0) return {};`,
    ),
    'swallows.cjs': firstSaves(IN_PLACE, 'true'),
  });
  const names = ['package', 'renames', 'in-place', 'in-place-looks', 'swallows'];
  const stores = names.map((name) => `./${name}.cjs`).join(',');
  const models = ['--model', 'power-loss:posix,power-loss:xfs'];
  const { result } = await place.result(['--store', stores, '--scenario', 'first-save', ...models]);
  const found = (name: string): string[] => [
    ...new Set(
      result.cells
        .filter(({ store }) => store === name)
        .map(({ grade, outcomes }) => `${grade} ${'stale' in outcomes} ${'empty' in outcomes}`),
    ),
  ];
  expect(Object.fromEntries(names.map((name) => [name, found(name)]))).toEqual({
    package: ['atomic true false'],
    renames: ['atomic true false'],
    'in-place': ['lossy true true'],
    'in-place-looks': ['lossy true true'],
    swallows: ['lossy true true'],
  });
});

/** Its load puts a leftover aside, by two renames: a crash between them leaves nothing, once a crash has left the leftover. */
const REPAIRS = `
  const fs = require('node:fs');
  const there = (path) => fs.existsSync(path);
  module.exports = {
    claims: { 'power-loss': 'lossy' },
    save: (dir, value) => {
      fs.writeFileSync(dir + '/journal', JSON.stringify(value));
      fs.copyFileSync(dir + '/journal', dir + '/value.tmp');
      fs.renameSync(dir + '/value.tmp', dir + '/value');
      fs.unlinkSync(dir + '/journal');
    },
    load: (dir) => {
      if (there(dir + '/journal') && there(dir + '/value')) {
        fs.unlinkSync(dir + '/journal');
        fs.renameSync(dir + '/value', dir + '/repaired');
        fs.renameSync(dir + '/repaired', dir + '/value');
      }
      return there(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {};
    },
  };`;

test('a recovery that loses when it is crashed in its turn is found, and replayed', async () => {
  place.write({ 'repairs.cjs': REPAIRS });
  const { exitCode, result } = await place.result(['--store', './repairs.cjs', '--scenario', 'replace', '--depth', '2']);
  expect(exitCode).toBe(1);
  const violations = result.cases.filter(({ violation }) => violation);
  expect(violations.map(({ outcome, again }) => [outcome, again?.after?.text])).toContainEqual(['empty', 'rename value -> repaired']);
  // The first crash alone loses nothing.
  expect(violations.every(({ id }) => id.includes('~then='))).toBe(true);
  const [first] = violations;
  const replayed = await place.run(['replay', first?.id ?? '', '--store', './repairs.cjs']);
  expect(replayed.stdout).toContain('then recovery: load, save');
  expect(replayed.exitCode).toBe(1);
});

test('planted in a copy of the project: an fsync taken out of the hardened store breaks its claim, with the line to mend', async () => {
  const { root, edit } = copyInstallation(place.root);
  edit('src/temp-file.ts', 'await handle.sync()', 'await handle.datasync; void 0');
  const { exitCode, result } = await place.result(['--store', 'hardened', '--scenario', 'replace', '--model', 'power-loss:xfs'], {
    root,
    cwd: root,
  });
  expect(exitCode).toBe(1);
  expect(result.cases.find(({ missingBarrier }) => missingBarrier !== undefined)?.missingBarrier).toMatch(
    /^fsync sessions\.json\.<uuid>\.tmp after op \d+/,
  );
});
