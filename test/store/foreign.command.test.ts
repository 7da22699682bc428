/** Runs of the built command with stores that nobody here wrote, from a directory of their own. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Result } from '../../harness/domain/result.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { cellsOf, killsIn, openPlace, type Place } from '../lab/command.ts';
import { pythonPath } from '../record/ptrace/tracing.ts';

const installation = findInstallation(import.meta.url);

let place: Place;
beforeAll(() => {
  place = openPlace();
});
afterAll(() => place.close());

test('the package write-file-atomic is durable', async () => {
  mkdirSync(join(place.root, 'node_modules'));
  for (const name of ['write-file-atomic', 'signal-exit', 'imurmurhash'])
    symlinkSync(join(installation.root, 'node_modules', name), join(place.root, 'node_modules', name));
  place.write({
    'package.ts': `import { readFile } from 'node:fs/promises'; import { join } from 'node:path'; import writeFileAtomic from 'write-file-atomic';
      export default {
        save: (dir: string, value: unknown) => writeFileAtomic(join(dir, 'value.json'), JSON.stringify(value)),
        load: (dir: string) => readFile(join(dir, 'value.json'), 'utf8').then(JSON.parse),
      };`,
  });
  const { exitCode, result } = await place.result(['--store', './package.ts', '--scenario', 'replace']);
  expect(cellsOf(result, ({ grade }) => grade)).toEqual({ 'package/replace': 'durable' });
  expect(exitCode).toBe(0);
});

/** Imports nothing that takes time: it is started for every load and every save. */
const PYTHON = `
import os, sys
what, directory = sys.argv[1:]
path = os.path.join(directory, 'value.json')
if what == 'load':
    print(open(path).read() if os.path.exists(path) else '')
elif what == 'replace':
    with open(path + '.tmp', 'w') as file:
        file.write(sys.stdin.read())
    os.replace(path + '.tmp', path)
else:
    with open(path, 'w') as file:
        file.write(sys.stdin.read())
`;

test.skipIf(pythonPath === undefined)('programs in Python, as commands', async () => {
  const words = (what: string): string => JSON.stringify([pythonPath, '-I', '-S', join(place.root, 'store.py'), what, '{dir}']);
  const command = (how: string): string => `export default { saveCommand: ${words(how)}, loadCommand: ${words('load')} };`;
  place.write({ 'store.py': PYTHON, 'replaces.ts': command('replace'), 'overwrites.ts': command('overwrite') });
  const { exitCode, result } = await place.result(['--store', './replaces.ts,./overwrites.ts', '--scenario', 'replace']);
  expect(exitCode).toBe(1);
  expect(cellsOf(result, ({ grade, outcomes }) => [grade, 'empty' in outcomes])).toEqual({
    'replaces/replace': ['durable', false],
    'overwrites/replace': ['lossy', true],
  });
  expect(result.cells.every((cell) => killsIn(cell) > 0)).toBe(true);
});

const SYMLINK_LOCK = `
const fs = require('node:fs');
const lives = (pid) => { try { return process.kill(pid, 0) && pid !== process.pid; } catch { return false; } };
const lock = (file) => {
  for (;;) {
    try { return fs.symlinkSync(String(process.pid), file); } catch (error) { if (error.code !== 'EEXIST') throw error; }
    if (lives(Number(fs.readlinkSync(file)))) throw new Error('locked');
    fs.unlinkSync(file);
  }
};
module.exports = {
  save: (dir, value) => {
    const file = dir + '/value.json';
    lock(file + '.lock');
    try {
      fs.writeFileSync(file + '.tmp', JSON.stringify(value), { flush: true });
      fs.renameSync(file + '.tmp', file);
      const fd = fs.openSync(dir, 'r');
      try { fs.fsyncSync(fd); } finally { fs.closeSync(fd); }
    } finally {
      fs.rmSync(file + '.lock', { force: true });
    }
  },
  load: (dir) => {
    try { return JSON.parse(fs.readFileSync(dir + '/value.json', 'utf8')); } catch (error) { if (error.code !== 'ENOENT') throw error; return {}; }
  },
};
`;

/** It writes, and then something in it fails that it does not wait for. */
const LATE = `
const fs = require('node:fs');
module.exports = {
  save: async (dir, value) => {
    fs.writeFileSync(dir + '/value', JSON.stringify(value));
    Promise.reject(new Error('too late'));
  },
  load: (dir) => fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {},
};
`;

describe('under kills, power loss and failing calls', () => {
  let result: Result;
  beforeAll(async () => {
    place.write({ 'symlink-lock.cjs': SYMLINK_LOCK, 'late.cjs': LATE });
    const models = ['--model', 'process-kill,power-loss:ext4,io-error'];
    ({ result } = await place.result(['--store', './symlink-lock.cjs,./late.cjs', '--scenario', 'first-save', ...models]));
  });
  const cellsIn = (store: string): Result['cells'] => result.cells.filter((cell) => cell.store === store);

  test('a lock that is a symlink to the id of its process is taken over', () => {
    expect(cellsIn('symlink-lock').map(({ grade, reason }) => reason ?? grade)).toEqual(['durable', 'durable', 'durable']);
  });

  test('an error that comes when the save has resolved is noted in each cell', () => {
    expect(cellsIn('late')).toHaveLength(3);
    for (const { notes } of cellsIn('late')) expect(notes).toContain('after step 1 resolved, the store threw: Error: too late');
  });
});

test('what the binding recorder cannot see is no pass', async () => {
  place.write({
    'copies.cjs': `
      const fs = require('node:fs'), child = require('node:child_process');
      module.exports = {
        save: (dir, value) => {
          fs.writeFileSync(dir + '/value.tmp', JSON.stringify(value));
          child.execFileSync('cp', [dir + '/value.tmp', dir + '/value']);
        },
        load: (dir) => fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {},
      };`,
  });
  const { exitCode, result } = await place.result(['--store', './copies.cjs', '--scenario', 'first-save', '--recorder', 'binding']);
  expect(result.cells).toMatchObject([{ grade: expect.stringMatching(/^(inconclusive|lossy)$/), status: 'broken' }]);
  expect(exitCode).toBe(1);
});
