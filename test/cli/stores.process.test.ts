/** Which cells a command line chooses, and the words where it chooses none. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Selection, selectCells } from '../../harness/cli/stores.ts';
import { cellName } from '../../harness/domain/case-id.ts';
import { modelName } from '../../harness/domain/model-names.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { thisMachine } from '../../harness/machine/machine.ts';
import { openWorkspace, type Workspace } from '../../harness/machine/workspace.ts';
import { PTRACE } from '../../harness/record/ptrace/recorder.ts';
import { stopBundling } from '../../harness/store/bundle.ts';
import { BUILT_IN_STORES } from '../../harness/store/catalogue.ts';
import { TEN_LINES } from '../lab/command.ts';
import { temporaryDirectory } from '../lab/temporary.ts';

const NOW = Date.UTC(2026, 10, 22);
const installation = findInstallation(import.meta.url);
/** Nothing is run: it only says what it could do. */
const recorder = { inFlight: 1, run: () => Promise.reject(), race: () => Promise.reject(), close: async () => {}, ...PTRACE };

let root: string;
let workspace: Workspace;
beforeAll(() => {
  root = temporaryDirectory();
  workspace = openWorkspace(root, process.pid);
  const files = {
    'ten.cjs': TEN_LINES,
    'other-ten.cjs': TEN_LINES.replace('module.exports = {', `module.exports = { name: 'ten',`),
    'none.cjs': TEN_LINES.replace('module.exports = {', 'module.exports = { scenarios: [],'),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
});
afterAll(async () => {
  await stopBundling();
  workspace.close();
  rmSync(root, { recursive: true, force: true });
});

function selected(words: Partial<Selection>): ReturnType<typeof selectCells> {
  const session = {
    installation,
    workspace,
    machine: { ...thisMachine(''), recorder },
    cwd: root,
    env: { PATH: process.env.PATH ?? '' },
  };
  const selection = { stores: [], scenarios: [], models: [], holds: 'named', timeoutMs: 60_000, ...words } as const;
  return selectCells(session, selection, NOW);
}

/** The names of the cells. */
async function select(words: Partial<Selection>): Promise<string[]> {
  return (await selected(words)).cells.map(cellName);
}

test('each store with the scenarios that it supports, under the models that were asked for', async () => {
  const chosen = { stores: ['./ten.cjs', 'rename-away'], scenarios: ['replace', 'update'], models: ['process-kill', 'power-loss:xfs'] };
  expect(await select(chosen)).toEqual(
    ['ten/replace', 'rename-away/replace', 'rename-away/update'].flatMap((cell) => [`${cell}/process-kill`, `${cell}/power-loss:xfs`]),
  );
});

test.each<[string, Partial<Selection>, string[]]>([
  ['a profile by name', { models: ['power-loss:posix'] }, ['power-loss:posix name']],
  ['a profile beside its model', { models: ['power-loss', 'power-loss:posix'] }, ['power-loss:posix name', 'power-loss:ext4-noauto -']],
  ['a model', { models: ['power-loss'] }, ['power-loss:posix -', 'power-loss:ext4-noauto -']],
  ['nothing', {}, ['power-loss:posix -', 'power-loss:ext4-noauto -', 'at-rest -', 'through-link:symlink -', 'through-link:mode -']],
  ['all', { models: ['power-loss'], holds: 'all' }, ['power-loss:posix strict', 'power-loss:ext4-noauto strict']],
  ['a case', { models: ['power-loss:posix'], holds: 'none' }, ['power-loss:posix -']],
])('what the command line holds to its claim: %s', async (_, words, expected) => {
  const { cells } = await selected({ stores: ['./ten.cjs'], scenarios: ['replace'], ...words });
  const shown = cells.filter(({ model, profile }) => model.profiles.some(({ name, gates }) => name === profile && !gates));
  expect(shown.map((cell) => `${modelName(cell)} ${cell.heldBy ?? '-'}`)).toEqual(expected);
});

test('everything, where nothing is asked for', async () => {
  const [steps, tasks, histories] = [8 * 7, 3 * 2, 8]; // scenarios and the models that they run under
  const withoutUpdate = 7 * 7 + 2 * 2 + 8; // result-writer
  const starts = 3; // with the plain scenario alone
  const quits = 2; // replace and save-twice
  expect(await select({})).toHaveLength(
    (BUILT_IN_STORES.length - 1) * (steps + tasks + histories) + withoutUpdate + BUILT_IN_STORES.length * (starts + quits),
  );
});

describe('nothing is chosen', () => {
  test.each<[string, Partial<Selection>, string]>([
    ['of an unknown store', { stores: ['renam-away'] }, 'unknown store "renam-away"; did you mean rename-away?'],
    ['of a directory', { stores: ['..'] }, 'store .. is no file'],
    ['of two stores with one name', { stores: ['./ten.cjs', './other-ten.cjs'] }, 'two stores are named "ten"'],
    ['of an unknown scenario', { stores: ['./ten.cjs'], scenarios: ['replac'] }, 'unknown scenario "replac"; did you mean replace?'],
    [
      'of a scenario that no store supports',
      { stores: ['./ten.cjs'], scenarios: ['update'] },
      'scenario update runs with none of the chosen stores',
    ],
    ['of an unknown model', { stores: ['./ten.cjs'], models: ['power'] }, 'unknown model "power"'],
    [
      'of a model that does not run with the scenario',
      { stores: ['./ten.cjs'], models: ['race'], scenarios: ['replace'] },
      'there is nothing to run with --scenario replace --model race',
    ],
    ['of a store without scenarios', { stores: ['./none.cjs'] }, 'there is nothing to run: the chosen stores support no scenario'],
  ])('%s', async (_, words, message) => {
    await expect(select(words)).rejects.toThrow(new RegExp(`^${message.replace(/[?.]/g, '\\$&')}`));
  });
});
