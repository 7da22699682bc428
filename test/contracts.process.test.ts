/** Stores of maps and logs: a right one of each has no loss under any model, and one with a mistake has the loss of that mistake. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../harness/domain/outcomes.ts';
import type { Abilities } from '../harness/domain/store.ts';
import { scenarioFor } from '../harness/scenario/contracts.ts';
import { builtInScenarios } from '../scenarios/all.ts';
import { APPENDS, SAVES, SETS } from './lab/abilities.ts';
import { casesOf } from './lab/depth.ts';
import { type Lab, openLab } from './lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const HEAD = `
  const fs = require('node:fs');
  const { join } = require('node:path');
  const sync = (file) => { const fd = fs.openSync(file, 'r'); try { fs.fsyncSync(fd); } finally { fs.closeSync(fd); } };
  const writeWhole = (file, text) => {
    const bytes = Buffer.from(text);
    const fd = fs.openSync(file, 'w');
    try { for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at); fs.fsyncSync(fd); } finally { fs.closeSync(fd); }
  };
`;

/** A file for each key; `nameOf` makes its name. */
const map = (set: string, nameOf = 'encodeURIComponent(key)'): string => `${HEAD}
  const fileOf = (dir, key) => join(dir, ${nameOf} + '.json');
  exports.set = (dir, key, value) => { const record = JSON.stringify({ key, value }); ${set} };
  exports.delete = (dir, key) => { fs.rmSync(fileOf(dir, key), { force: true }); sync(dir); };
  exports.load = (dir) => Object.fromEntries(fs.readdirSync(dir).filter((name) => name.endsWith('.json')).map((name) => {
    const { key, value } = JSON.parse(fs.readFileSync(join(dir, name), 'utf8'));
    return [key, value];
  }));
`;
const REPLACES = `
  const temp = join(dir, '.' + require('node:crypto').randomUUID() + '.tmp');
  try { writeWhole(temp, record); fs.renameSync(temp, fileOf(dir, key)); }
  catch (error) { fs.rmSync(temp, { force: true }); throw error; }
  sync(dir);
`;

/** One line for each record. */
const log = (append: string, load = 'return whole(bytesOf(dir)).records;'): string => `${HEAD}
  const file = (dir) => join(dir, 'log');
  const bytesOf = (dir) => fs.existsSync(file(dir)) ? fs.readFileSync(file(dir)) : Buffer.alloc(0);
  /** Up to the first line that is not whole, or is not what was written: zeros, after a power loss. */
  const whole = (bytes) => {
    const records = [];
    let length = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, length)) {
      try { records.push(JSON.parse(bytes.subarray(length, end).toString())); } catch { break; }
      length = end + 1;
    }
    return { records, length };
  };
  exports.append = (dir, record) => { const line = JSON.stringify(record) + '\\n'; ${append} };
  exports.load = (dir) => { ${load} };
`;
const APPENDS_WHOLE = `
  const bytes = bytesOf(dir);
  const { length } = whole(bytes);
  if (length < bytes.length) fs.truncateSync(file(dir), length);
  const fd = fs.openSync(file(dir), 'a');
  try {
    const wanted = Buffer.from(line);
    try { for (let at = 0; at < wanted.length;) at += fs.writeSync(fd, wanted, at); fs.fsyncSync(fd); }
    catch (error) { fs.ftruncateSync(fd, length); throw error; }
  } finally { fs.closeSync(fd); }
  sync(dir);
`;

/** What was lost in one cell. */
async function lossesIn(
  source: string,
  abilities: Abilities,
  scenario: string,
  model: string,
  ignore: readonly string[] = [],
): Promise<Outcome[]> {
  const scenarios = builtInScenarios(0).flatMap((one) => scenarioFor(one, abilities) ?? []);
  const store = lab.store(source, {
    abilities,
    ignore,
    scenarios,
    claims: { 'process-kill': 'durable', 'power-loss': 'durable', 'io-error': 'durable' },
  });
  return lab.on(store, { scenario, effort: { secondFaults: 0 } }, async ({ check, result }) => {
    const { cell } = await result(await check({ model, heldBy: 'strict' }));
    expect(cell.reason).toBeUndefined();
    return (Object.keys(cell.outcomes) as Outcome[]).filter((outcome) => outcome !== 'original' && outcome !== 'new').sort();
  });
}

/** A right store that adds defaults when it loads, to the whole and to each key. */
const ADDS = (change = ''): string => `${HEAD}
  exports.save = (dir, value) => {
    const temp = join(dir, 'temp');
    writeWhole(temp, JSON.stringify(value)); fs.renameSync(temp, join(dir, 'live')); sync(dir);
  };
  exports.load = (dir) => {
    const file = join(dir, 'live');
    const value = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
    for (const one of Object.values(value)) { one.loadedAt = Date.now(); ${change} }
    return { version: 1, ...value };
  };
`;

const CELLS = [
  ['save-twice', 'process-kill'],
  ['rotate-often', 'power-loss:posix'],
  ['large', 'power-loss:ext4'],
  ['replace', 'io-error'],
  ['two-savers', 'interleaving'],
] as const;

const FEW_CELLS = [CELLS[1], CELLS[3]];

describe('a right store loses nothing', () => {
  test.each(casesOf(CELLS, FEW_CELLS))('a map, %s under %s', async (scenario, model) => {
    expect(await lossesIn(map(REPLACES), SETS, scenario, model)).toEqual([]);
  });
  test('a map that deletes', async () => {
    expect(await lossesIn(map(REPLACES), SETS, 'reset', 'process-kill')).toEqual([]);
  });
  // One process at a time: a record that another one is writing looks like one that a crash has cut off.
  test.each(casesOf(CELLS.slice(0, -1), FEW_CELLS))('a log, %s under %s', async (scenario, model) => {
    expect(await lossesIn(log(APPENDS_WHOLE), APPENDS, scenario, model)).toEqual([]);
  });
});

describe('a store that adds members when it loads', () => {
  const ALL = [
    ['reset', 'process-kill'],
    ['replace', 'io-error'],
    ['first-save', 'process-kill'],
    ['replace', 'power-loss:posix'],
    ['reader-while-saving', 'interleaving'],
    ['histories', 'process-kill'],
  ] as const;
  test.each(casesOf(ALL, ALL.slice(0, 2)))('loses nothing by that: %s under %s', async (scenario, model) => {
    expect(await lossesIn(ADDS(), SAVES, scenario, model)).toEqual([]);
  });
  test('and one that leaves out a member that was saved loses it without a crash', async () => {
    expect(await lossesIn(ADDS('delete one.lastTo;'), SAVES, 'replace', 'process-kill')).toEqual(['mixed']);
  });
  test('unless its store says that it does not count', async () => {
    expect(await lossesIn(ADDS('delete one.lastTo;'), SAVES, 'replace', 'process-kill', ['*.lastTo'])).toEqual([]);
  });
});

describe('a mistake shows', () => {
  test.each<[what: string, source: string, abilities: Abilities, cell: readonly [string, string], outcome: Outcome]>([
    ['keys that share a file', map(REPLACES, "key.slice(0, 4).replace(':', '')"), SETS, ['replace', 'process-kill'], 'lost'],
    ['a key written in place', map('fs.writeFileSync(fileOf(dir, key), record);'), SETS, ['replace', 'process-kill'], 'unreadable'],
    [
      'an old file that is removed first',
      map(`fs.rmSync(fileOf(dir, key), { force: true }); ${REPLACES}`),
      SETS,
      ['replace', 'process-kill'],
      'lost',
    ],
    [
      'a key that is not forced',
      map('fs.writeFileSync(fileOf(dir, key) + "~", record); fs.renameSync(fileOf(dir, key) + "~", fileOf(dir, key));'),
      SETS,
      ['save-twice', 'power-loss:ext4'],
      'stale',
    ],
    ['a record glued to one that was cut off', log('fs.appendFileSync(file(dir), line);'), APPENDS, ['large', 'process-kill'], 'blocked'],
    [
      'a journal that is read beside the log',
      log(
        `writeWhole(join(dir, 'journal'), line); ${APPENDS_WHOLE} fs.rmSync(join(dir, 'journal'), { force: true });`,
        `const journal = fs.existsSync(join(dir, 'journal')) ? fs.readFileSync(join(dir, 'journal'), 'utf8') : '';
         const rest = journal.endsWith('\\n') ? [JSON.parse(journal)] : [];
         return [...whole(bytesOf(dir)).records, ...rest];`,
      ),
      APPENDS,
      ['replace', 'process-kill'],
      'twice',
    ],
    [
      'records put in front',
      log(`writeWhole(file(dir) + '~', line + bytesOf(dir)); fs.renameSync(file(dir) + '~', file(dir)); sync(dir);`),
      APPENDS,
      ['replace', 'process-kill'],
      'out-of-order',
    ],
    [
      'a record that is returned in part',
      log(
        'fs.appendFileSync(file(dir), line);',
        `return bytesOf(dir).toString().split('\\n').filter((line) => line !== '').map((line) => { try { return JSON.parse(line); } catch { return JSON.parse(/^{"sessionId":"[^"]*"/.exec(line)[0] + '}'); } });`,
      ),
      APPENDS,
      ['large', 'process-kill'],
      'torn',
    ],
    ['records that are not forced', log('fs.appendFileSync(file(dir), line);'), APPENDS, ['save-twice', 'power-loss:ext4'], 'stale'],
  ])('%s', async (_, source, abilities, [scenario, model], outcome) => {
    expect(await lossesIn(source, abilities, scenario, model)).toContain(outcome);
  });
});
