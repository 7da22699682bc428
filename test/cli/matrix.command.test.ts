/** Whole runs of the built command: bugs that were planted are found, and what does harm to a run has a clear outcome. */
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Result } from '../../harness/domain/result.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { copyInstallation, expectNothingLeft, openPlace, type Place, TEN_LINES } from '../lab/command.ts';
import { processesRunning } from '../lab/processes.ts';
import { hasPython, noPtrace } from '../record/ptrace/tracing.ts';

const installation = findInstallation(import.meta.url);

let place: Place;
beforeAll(() => {
  place = openPlace();
});
afterAll(() => place.close());

/** The number of the only line that has this text. */
function lineOf(file: string, text: string): number {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.findIndex((line) => line.includes(text)) + 1;
}

const killsIn = ({ tried }: Result['cells'][number]): number => (tried?.kind === 'kills' ? tried.kills : Number.NaN);

/** `store/scenario` -> what stands in the cell. */
function cells<T>({ cells }: Result, what: (cell: Result['cells'][number]) => T): { [cell: string]: T } {
  return Object.fromEntries(cells.map((cell) => [`${cell.store}/${cell.scenario}`, what(cell)]));
}

describe('in a copy of the project', () => {
  test('a copy turned into a rename is found, with its line; a known bug that is gone is missed', async () => {
    const { root, edit } = copyInstallation(place.root);
    edit('src/strategies/copy-then-replace.ts', 'fs.promises.copyFile(', 'fs.promises.rename(');
    edit('src/strategies/rename-away.ts', 'fs.promises.rename(', 'fs.promises.copyFile(');
    const stores = ['--store', 'copy-then-replace,rename-away,in-place', '--scenario', 'replace,save-unchanged'];
    const { exitCode, result } = await place.result(stores, { root, cwd: root });
    expect(exitCode).toBe(1);
    expect(cells(result, ({ grade, status }) => `${grade} ${status}`)).toEqual({
      'copy-then-replace/replace': 'lossy broken',
      'copy-then-replace/save-unchanged': 'lossy broken',
      'rename-away/replace': 'durable missed-bug',
      'rename-away/save-unchanged': 'durable missed-bug',
      'in-place/replace': 'lossy known-bug',
      'in-place/save-unchanged': 'durable kept',
    });
    const violations = result.cases.filter(({ id, violation }) => violation && id.startsWith('copy-then-replace/'));
    const [first] = violations;
    expect(new Set(violations.map(({ outcome }) => outcome))).toEqual(new Set(['empty']));
    expect(first?.after).toMatchObject({
      text: 'rename sessions.json -> sessions.json.bak.<time>',
      site: {
        file: 'src/strategies/copy-then-replace.ts',
        line: lineOf(join(root, 'src/strategies/copy-then-replace.ts'), 'fs.promises.rename('),
      },
    });
    // Unchanged entries are not written: the store is gone for good, with no crash.
    expect(violations.filter(({ end }) => end)).toMatchObject([{ id: expect.stringMatching(/^copy-then-replace\/save-unchanged\//) }]);
    expect(result.cells.find(({ status }) => status === 'missed-bug')?.reason).toBe('known to be lossy here, but found durable');
  });
});

describe('built-in stores', () => {
  const stores = ['--store', 'rename-away,recover-when-empty,hardened', '--scenario', 'replace,reset'];
  const EXPECTED = {
    'rename-away/replace': 'lossy known-bug empty',
    'rename-away/reset': 'durable kept ',
    'recover-when-empty/replace': 'durable missed-bug ', // it is lossy only when its recovery is killed in its turn
    'recover-when-empty/reset': 'lossy known-bug stale',
    'hardened/replace': 'durable kept ',
    'hardened/reset': 'durable kept ',
  };
  const verdicts = (result: Result): { [cell: string]: string } =>
    cells(result, ({ grade, status, outcomes }) => {
      const losses = Object.keys(outcomes).filter((outcome) => outcome !== 'original' && outcome !== 'new');
      return `${grade} ${status} ${losses.sort().join(' ')}`;
    });

  test('killed and observed give the same picture, and it is the expected one', async () => {
    const [killed, observed] = [await place.result(stores), await place.result([...stores, '--observe'])];
    expect([killed.exitCode, observed.exitCode]).toEqual([1, 1]);
    expect(verdicts(killed.result)).toEqual(EXPECTED);
    const picture = ({ result }: { result: Result }): unknown =>
      cells(result, ({ picture, folds, distinct, grade }) => ({ picture, folds, distinct, grade }));
    expect(picture(observed)).toEqual(picture(killed));
    expect(Math.min(...killed.result.cells.map(killsIn))).toBeGreaterThan(0);
    expect(Math.max(...observed.result.cells.map(killsIn))).toBe(0);
  });

  test.skipIf(noPtrace !== undefined)('the binding recorder gives the same grades', async () => {
    const { exitCode, result } = await place.result([...stores, '--recorder', 'binding']);
    expect(result.recorder).toBe('binding');
    expect(verdicts(result)).toEqual(EXPECTED);
    expect(exitCode).toBe(1);
  });
});

const PYTHON = `
import json, os, sys
what, directory = sys.argv[1:]
path = os.path.join(directory, 'value.json')
if what == 'load':
    print(open(path).read() if os.path.exists(path) else '')
elif what == 'replace':
    with open(path + '.tmp', 'w') as file:
        json.dump(json.load(sys.stdin), file)
    os.replace(path + '.tmp', path)
else:
    with open(path, 'w') as file:
        json.dump(json.load(sys.stdin), file)
`;

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

describe('stores that nobody here wrote, from a directory of their own', () => {
  test('write-file-atomic is durable; ten lines with writeFileSync are not', async () => {
    mkdirSync(join(place.root, 'node_modules'));
    for (const name of ['write-file-atomic', 'signal-exit', 'imurmurhash'])
      symlinkSync(join(installation.root, 'node_modules', name), join(place.root, 'node_modules', name));
    place.write({
      'ten.cjs': TEN_LINES,
      'package.ts': `import { readFile } from 'node:fs/promises'; import { join } from 'node:path'; import writeFileAtomic from 'write-file-atomic';
        export default {
          save: (dir: string, value: unknown) => writeFileAtomic(join(dir, 'value.json'), JSON.stringify(value)),
          load: (dir: string) => readFile(join(dir, 'value.json'), 'utf8').then(JSON.parse),
        };`,
    });
    const { exitCode, result } = await place.result(['--store', './ten.cjs,./package.ts', '--scenario', 'first-save,replace']);
    expect(exitCode).toBe(1);
    expect(cells(result, ({ grade }) => grade)).toEqual({
      'ten/first-save': 'lossy',
      'ten/replace': 'lossy',
      'package/first-save': 'durable',
      'package/replace': 'durable',
    });
  });

  test.skipIf(!hasPython)('programs in Python, as commands', async () => {
    const command = (how: string): string =>
      `export default { saveCommand: ['python3', '${place.root}/store.py', '${how}', '{dir}'], loadCommand: ['python3', '${place.root}/store.py', 'load', '{dir}'] };`;
    place.write({ 'store.py': PYTHON, 'replaces.ts': command('replace'), 'overwrites.ts': command('overwrite') });
    const { exitCode, result } = await place.result(['--store', './replaces.ts,./overwrites.ts', '--scenario', 'replace']);
    expect(exitCode).toBe(1);
    expect(cells(result, ({ grade, outcomes }) => [grade, 'empty' in outcomes])).toEqual({
      'replaces/replace': ['durable', false],
      'overwrites/replace': ['lossy', true],
    });
    expect(result.cells.every((cell) => killsIn(cell) > 0)).toBe(true);
  });
});

test('a lock that is a symlink to the id of its process', { timeout: 120_000 }, async () => {
  place.write({ 'symlink-lock.cjs': SYMLINK_LOCK });
  const models = ['process-kill', 'power-loss:ext4', 'io-error'].flatMap((model) => ['--model', model]);
  const { exitCode, result } = await place.result(['--store', './symlink-lock.cjs', '--scenario', 'first-save', ...models]);
  expect(result.cells.map(({ grade, reason }) => reason ?? grade)).toEqual(['durable', 'durable', 'durable']);
  expect(exitCode).toBe(0);
});

test('an error that comes when the save has resolved is noted in each cell', async () => {
  place.write({
    'late.cjs': `
      const fs = require('node:fs');
      module.exports = {
        save: async (dir, value) => {
          fs.writeFileSync(dir + '/value', JSON.stringify(value));
          Promise.reject(new Error('too late'));
        },
        load: (dir) => fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {},
      };`,
  });
  const models = ['process-kill', 'power-loss:ext4', 'io-error'].flatMap((model) => ['--model', model]);
  const { result } = await place.result(['--store', './late.cjs', '--scenario', 'first-save', ...models]);
  expect(result.cells).toHaveLength(3);
  for (const { notes } of result.cells) expect(notes).toContain('after step 1 resolved, the store threw: Error: too late');
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

describe('stores that do harm', () => {
  /** A store of ten lines with something else in its second save, or in its load of what was saved. */
  const harmful = (save: string, load = ''): string => `
    const fs = require('node:fs'), child = require('node:child_process');
    let saves = 0;
    module.exports = {
      save: async (dir, value) => {
        saves += 1;
        fs.writeFileSync(dir + '/temp', JSON.stringify(value));
        fs.renameSync(dir + '/temp', dir + '/value');
        if (saves > 1) { ${save} }
      },
      load: async (dir) => {
        if (!fs.existsSync(dir + '/value')) return {};
        ${load}
        return JSON.parse(fs.readFileSync(dir + '/value', 'utf8'));
      },
    };`;
  const print = `for (const to of [1, 2]) fs.writeSync(to, 'x'.repeat(1e6));`;
  const daemon = `child.spawn('sh', ['-c', '(setsid sleep 1000 &) ; exec sleep 1000'], { detached: true, stdio: 'ignore' }).unref();`;
  const STORES: {
    readonly [name: string]: {
      readonly text: string;
      readonly grade: string;
      readonly reason?: string | RegExp;
      readonly outcome?: string;
    };
  } = {
    'save-blocks': {
      text: harmful('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'),
      grade: 'inconclusive',
      reason: /^step 1 did not settle within [\d.]+ s, with no crash$/,
    },
    'save-waits': {
      text: harmful('await new Promise((resolve) => setTimeout(resolve, 1e6));'),
      grade: 'inconclusive',
      reason: /^step 1 did not settle/,
    },
    'save-exits': {
      text: harmful('process.exit(7);'),
      grade: 'inconclusive',
      reason: 'the store ended its process in step 1 (exit code 7)',
    },
    'save-throws': { text: harmful(`throw new Error('no');`), grade: 'inconclusive', reason: 'step 1 rejected with no crash: Error: no' },
    'save-never-settles': {
      text: harmful('await new Promise(() => {});'),
      grade: 'inconclusive',
      reason: 'step 1 never settled, and nothing was left that could',
    },
    'first-save-throws': {
      text: `module.exports = { save() { throw new Error('no'); }, load: () => ({}) };`,
      grade: 'inconclusive',
      reason: 'a step before the crash failed: Error: no',
    },
    'save-aborts': { text: harmful('process.abort();'), grade: 'inconclusive', reason: /^the store's process died in step 1/ },
    'save-prints': { text: harmful(print), grade: 'durable' },
    'save-does-nothing': {
      text: `module.exports = { save() {}, load: () => ({}) };`,
      grade: 'inconclusive',
      reason: 'the store never touched its directory: there is no place to crash',
    },
    'load-waits': { text: harmful('', 'await new Promise((resolve) => setTimeout(resolve, 1e6));'), grade: 'lossy', outcome: 'hung' },
    'load-exits': { text: harmful('', 'process.exit(3);'), grade: 'lossy', outcome: 'unreadable' },
    'load-prints': { text: harmful('', print), grade: 'durable' },
    'load-starts-a-daemon': { text: harmful('', daemon), grade: 'durable' },
  };

  // Those that wait are given less time; loading the others takes a moment where all cores are busy.
  test.each([
    ['wait', (name: string) => /-(blocks|waits)$/.test(name), ['--timeout', '2']],
    ['do anything else', (name: string) => !/-(blocks|waits)$/.test(name), []],
  ] as const)('have a clear outcome, and leave nothing: those that %s', async (_, chosen, more) => {
    const stores = Object.entries(STORES).filter(([name]) => chosen(name));
    place.write(Object.fromEntries(stores.map(([name, { text }]) => [`${name}.cjs`, text])));
    const tmp = place.tmp();
    const files = stores.map(([name]) => `./${name}.cjs`);
    const { exitCode, result } = await place.result(['--store', files.join(','), '--scenario', 'replace', ...more], { tmp });
    expect(exitCode).toBe(1);
    expect(cells(result, ({ grade }) => grade)).toEqual(Object.fromEntries(stores.map(([name, { grade }]) => [`${name}/replace`, grade])));
    for (const cell of result.cells) {
      const { reason, outcome } = STORES[cell.store] ?? {};
      if (reason !== undefined) expect(cell.reason).toMatch(reason);
      if (outcome !== undefined) expect(Object.keys(cell.outcomes)).toContain(outcome);
    }
    await expectNothingLeft(tmp);
  });

  // A process is known as the run's by its environment. (Under ptrace a save's daemon is ended, but the run that tells the lines is not traced.)
  test.each([
    ['save', '1000.25'],
    ['load', '1000.75'],
  ])('a daemon that %s starts without an environment is ended too', async (where, time) => {
    const daemon = `child.spawn('sleep', ['${time}'], { detached: true, stdio: 'ignore', env: {} }).unref();`;
    place.write({ [`hides-in-${where}.cjs`]: where === 'save' ? harmful(daemon) : harmful('', daemon) });
    await place.result(['--store', `./hides-in-${where}.cjs`, '--scenario', 'replace']);
    const left = processesRunning(time);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    expect(left).toEqual([]);
  });
});
