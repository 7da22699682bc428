/** After a crash or a fault the save that it ended is carried out once more: a store that trusts what the first attempt left loses it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckedCell } from '../../harness/cell-result.ts';
import type { LoadedStore } from '../../harness/domain/loaded-store.ts';
import { type Lab, openLab } from '../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

interface Shape {
  /** How the blob of a save is written, where no file of its name exists. */
  readonly blob?: string;
  /** What stands around each save. */
  readonly around?: readonly [before: string, after: string];
}

const TORN = 'put(blob, text);';
const WHOLE = "put(blob + '.tmp', text); fs.renameSync(blob + '.tmp', blob);";

/** Values in files that are named by their hashes, and a file that says which one counts. */
const addressed = ({ blob = WHOLE, around: [before, after] = ['', ''] }: Shape): string => `
const fs = require('node:fs'), { createHash } = require('node:crypto');
const force = (path) => { const file = fs.openSync(path, 'r'); fs.fsyncSync(file); fs.closeSync(file); };
const put = (path, text) => fs.writeFileSync(path, text, { flush: true });
const exists = (path) => { try { fs.statSync(path); return true; } catch (error) { if (error.code === 'ENOENT') return false; throw error; } };
let remembered;
exports.default = {
  load: (dir) => exists(dir + '/head') ? JSON.parse(fs.readFileSync(dir + '/' + fs.readFileSync(dir + '/head', 'utf8'), 'utf8')) : {},
  save: (dir, value) => {
    const text = JSON.stringify(value), hash = createHash('sha256').update(text).digest('hex'), blob = dir + '/' + hash;
    ${before}
    if (!exists(blob)) { ${blob} }
    put(dir + '/head.tmp', hash);
    fs.renameSync(dir + '/head.tmp', dir + '/head');
    force(dir);
    ${after}
  },
};`;

interface Found {
  readonly status: string;
  /** Of the violations, without their places. */
  readonly lost: readonly string[];
  readonly mechanisms: readonly (string | undefined)[];
  readonly result: CheckedCell;
}

async function found(
  store: LoadedStore,
  model: string,
  { scenario = 'replace', only }: { readonly scenario?: string; readonly only?: string } = {},
): Promise<Found> {
  const effort = { errnos: 'first', secondFaults: 0, lastingFaults: 0, crashedFaults: 0 } as const;
  return lab.on(store, { scenario, effort }, async (cells) => {
    const result = await cells.result(await cells.check({ model, ...(only !== undefined && { only }) }));
    const lost = result.cases.filter(({ violation }) => violation);
    return {
      status: result.cell.status,
      lost: [...new Set(lost.map(({ outcome, found }) => `${outcome}: ${found}`))],
      mechanisms: [...new Set(lost.map(({ blame }) => blame?.mechanism))],
      result,
    };
  });
}

const MODELS = ['process-kill', 'power-loss:ext4', 'io-error'] as const;
const AGAIN = 'blocked: resolved, but the load after it threw SyntaxError: Unexpected end of JSON input (when the same is saved again)';

test.each(MODELS)('a blob that a first attempt left torn is taken for whole by the next: %s', async (model) => {
  const { status, lost, result } = await found(lab.store(addressed({ blob: TORN })), model);
  expect({ status, lost }).toEqual({ status: 'broken', lost: expect.arrayContaining([AGAIN]) });
  const [one] = result.cases.filter(({ outcome }) => outcome === 'blocked');
  const replayed = await found(lab.store(addressed({ blob: TORN })), model, { only: one?.id.slice(one.id.indexOf('@')) ?? '' });
  expect(replayed.lost).toEqual([AGAIN]);
});

test.each(MODELS)('a blob that is renamed into place is whole: %s', async (model) => {
  expect(await found(lab.store(addressed({})), model)).toMatchObject({ status: 'kept', lost: [] });
});

test.each([
  ['that was to be saved last', 'if (remembered === text) return; remembered = text;', ''],
  ['of which a save has failed', "if (remembered === 'busy') throw new Error('busy'); remembered = 'busy';", "remembered = 'free';"],
])('a process remembers the value %s, and does not save it again', async (_, before, after) => {
  const { status, lost, mechanisms } = await found(lab.store(addressed({ around: [before, after] })), 'io-error');
  expect({ status, mechanisms }).toEqual({ status: 'broken', mechanisms: ['remembers-failure'] });
  expect(lost).toEqual([expect.stringMatching(/^blocked: .* \(when the same is saved again in the same process\)$/)]);
});

/** What is saved stands in the handle, or in the module. `again`: what a save does after one that failed. */
const remembering = (where: 'handle' | 'module', again = 'if (memory.last === text) return;'): string => `
const fs = require('node:fs');
const shared = {};
const read = (dir) => { try { return fs.readFileSync(dir + '/live', 'utf8'); } catch (error) { if (error.code === 'ENOENT') return '{}'; throw error; } };
exports.default = {
  open: (dir) => ({ dir, memory: ${where === 'handle' ? '{}' : 'shared'} }),
  close: () => {},
  load: ({ dir, memory }) => JSON.parse(memory.last ?? read(dir)),
  save: ({ dir, memory }, value) => {
    const text = JSON.stringify(value);
    ${again}
    memory.last = text;
    memory.failed = true;
    fs.writeFileSync(dir + '/temp', text, { flush: true });
    fs.renameSync(dir + '/temp', dir + '/live');
    memory.failed = false;
  },
};`;

test.each([['handle'], ['module']] as const)('a load that is answered from the memory of the %s does not hide it', async (where) => {
  const { status, lost, mechanisms } = await found(lab.store(remembering(where)), 'io-error');
  expect({ status, mechanisms }).toEqual({ status: 'broken', mechanisms: ['remembers-failure'] });
  expect(lost).toContainEqual(expect.stringMatching(/^false-ack: 5 entries, as of 1 save earlier \(after the same was saved again\)$/));
});

test('a handle may refuse all work after a failure until it is reopened', async () => {
  const refuses = remembering('handle', "if (memory.failed) throw new Error('open it anew');").replace(
    'memory.last ?? read(dir)',
    'read(dir)',
  );
  expect(await found(lab.store(refuses), 'io-error')).toMatchObject({ status: 'kept', lost: [] });
});

test('a value that is remembered once it is saved is saved again', async () => {
  const right = addressed({ around: ['if (remembered === text) return;', 'remembered = text;'] });
  expect(await found(lab.store(right), 'io-error')).toMatchObject({ status: 'kept', lost: [] });
});

/** With no crash at all it keeps the old value where nothing is saved over it. */
const KEEPS_OLD = addressed({}).replace("fs.renameSync(dir + '/head.tmp', dir + '/head');", "if (text !== '{}') $&");

test('what a store does not keep with no crash is not held against it when it is saved again', async () => {
  const { lost, result } = await found(lab.store(KEEPS_OLD), 'power-loss:ext4', { scenario: 'reset' });
  expect(result.cell.outcomes).toMatchObject({ stale: expect.any(Number) });
  expect(lost.filter((one) => one.includes('saved again'))).toEqual([]);
});
