/** Runs of the built command: bugs that are planted in built-in stores are found, and every way to come by the states finds the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Result } from '../../harness/domain/result.ts';
import { cellsOf, copyInstallation, killsIn, openPlace, type Place, TEN_LINES, UNSYNCED } from '../lab/command.ts';
import { noPtrace } from '../record/ptrace/tracing.ts';

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

test.skipIf(noPtrace !== undefined)('a store of ten lines with one mistake: sixty lines say what every model finds', async () => {
  place.write({ 'ten.cjs': TEN_LINES });
  const { exitCode, stdout } = await place.run(['run', '--store', './ten.cjs'], { env: { COLUMNS: '80' } });
  const lines = stdout.split('\n');
  const at = (start: string): number => lines.findIndex((line) => line.startsWith(start));
  expect(exitCode).toBe(1);
  expect(lines.length).toBeLessThanOrEqual(60);
  expect(lines.filter((line) => line.length > 80 && !line.includes('crash-matrix replay '))).toEqual([]);
  const inOrder = [
    '1 cause, ',
    '1  ten: ten.cjs:5 ',
    'process-kill ',
    'power-loss ',
    'io-error ',
    'race ',
    'only shown',
    'notes',
    '66 cells',
  ].map(at);
  expect(inOrder).not.toContain(-1);
  expect(inOrder).toEqual(inOrder.toSorted((one, other) => one - other));
  expect(lines.at(-1)).toMatch(/^\d+ claims broken$/);
});

test('in a copy of the project, a copy turned into a rename is found, with its line; a known bug that is gone is missed', async () => {
  const { root, edit } = copyInstallation(place.root);
  edit('src/strategies/copy-then-replace.ts', 'fs.promises.copyFile(', 'fs.promises.rename(');
  edit('src/strategies/rename-away.ts', 'fs.promises.rename(', 'fs.promises.copyFile(');
  const stores = ['--store', 'copy-then-replace,rename-away', '--scenario', 'replace,save-unchanged'];
  const { exitCode, result } = await place.result(stores, { root, cwd: root });
  expect(exitCode).toBe(1);
  expect(cellsOf(result, ({ grade, status }) => `${grade} ${status}`)).toEqual({
    'copy-then-replace/replace': 'lossy broken',
    'copy-then-replace/save-unchanged': 'lossy broken',
    'rename-away/replace': 'durable missed-bug',
    'rename-away/save-unchanged': 'durable missed-bug',
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

/** Renames its file away before it writes the new one. */
const RENAMES_AWAY = `
  const fs = require('node:fs');
  module.exports = {
    save: (dir, value) => {
      if (fs.existsSync(dir + '/value')) fs.renameSync(dir + '/value', dir + '/backup');
      fs.writeFileSync(dir + '/value.tmp', JSON.stringify(value));
      fs.renameSync(dir + '/value.tmp', dir + '/value');
    },
    load: (dir) => fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {},
  };`;

describe('a store that renames its file away', () => {
  const cells = ['--store', './renames-away.cjs', '--scenario', 'first-save,replace'];
  const verdicts = (result: Result): { [cell: string]: string } =>
    cellsOf(result, ({ grade, status, outcomes }) => {
      const losses = Object.keys(outcomes).filter((outcome) => outcome !== 'original' && outcome !== 'new');
      return `${grade} ${status} ${losses.join(' ')}`;
    });
  const pictures = (result: Result): unknown =>
    cellsOf(result, ({ picture, folds, distinct, grade }) => ({ picture, folds, distinct, grade }));

  let killed: Result;
  beforeAll(async () => {
    place.write({ 'renames-away.cjs': RENAMES_AWAY });
    const { exitCode, result } = await place.result(cells);
    expect(exitCode).toBe(1);
    killed = result;
  });

  test('loses what it had, when it is killed in between', () => {
    expect(verdicts(killed)).toEqual({ 'renames-away/first-save': 'durable kept ', 'renames-away/replace': 'lossy broken empty' });
    expect(Math.min(...killed.cells.map(killsIn))).toBeGreaterThan(0);
  });

  test('gives the same picture with --observe, which kills nobody', async () => {
    const { exitCode, result } = await place.result([...cells, '--observe']);
    expect(exitCode).toBe(1);
    expect(pictures(result)).toEqual(pictures(killed));
    expect(Math.max(...result.cells.map(killsIn))).toBe(0);
  });

  test.skipIf(noPtrace !== undefined)('gets the same grades with the binding recorder', async () => {
    const { exitCode, result } = await place.result([...cells, '--recorder', 'binding']);
    expect(exitCode).toBe(1);
    expect(result.recorder).toBe('binding');
    expect(verdicts(result)).toEqual(verdicts(killed));
  });
});

test('a quick run starts with what is the likeliest to lose something', async () => {
  place.write({ 'unsynced.cjs': UNSYNCED });
  const models = ['--store', './unsynced.cjs', '--scenario', 'replace', '--model', 'process-kill,power-loss:xfs', '--bail'];
  const cellsWith = async (effort: string): Promise<string[]> => {
    const { result } = await place.result([...models, '--effort', effort]);
    return result.cells.map(({ model, status }) => `${model} ${status}`);
  };
  expect(await cellsWith('quick')).toEqual(['power-loss broken']);
  expect(await cellsWith('standard')).toEqual(['process-kill kept', 'power-loss broken']);
});
