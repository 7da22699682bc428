/** Runs of the built command with stores that do harm to their process, or to those around it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cellsOf, expectNothingLeft, openPlace, type Place } from '../lab/command.ts';
import { processesRunning } from '../lab/processes.ts';

let place: Place;
beforeAll(() => {
  place = openPlace();
});
afterAll(() => place.close());

/** How long daemons sleep that have no environment: only this identifies them, and distinguishes them from those of another run of this test. */
const HIDDEN_S = { save: `1000.1${process.pid}`, load: `1000.2${process.pid}` } as const;

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
// A process is known as the run's by its environment. (Under ptrace a save's daemon is ended, but the run that tells the lines is not traced.)
const hidden = (seconds: string): string => `child.spawn('sleep', ['${seconds}'], { detached: true, stdio: 'ignore', env: {} }).unref();`;
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
  'save-does-nothing': { text: `module.exports = { save() {}, load: () => ({}) };`, grade: 'lossy', outcome: 'empty' },
  'load-waits': { text: harmful('', 'await new Promise((resolve) => setTimeout(resolve, 1e6));'), grade: 'lossy', outcome: 'hung' },
  'load-exits': { text: harmful('', 'process.exit(3);'), grade: 'lossy', outcome: 'unreadable' },
  'load-prints': { text: harmful('', print), grade: 'durable' },
  'load-starts-a-daemon': { text: harmful('', daemon), grade: 'durable' },
  'save-hides-a-daemon': { text: harmful(hidden(HIDDEN_S.save)), grade: 'durable' },
  'load-hides-a-daemon': { text: harmful('', hidden(HIDDEN_S.load)), grade: 'durable' },
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
  expect(cellsOf(result, ({ grade }) => grade)).toEqual(Object.fromEntries(stores.map(([name, { grade }]) => [`${name}/replace`, grade])));
  for (const cell of result.cells) {
    const { reason, outcome } = STORES[cell.store] ?? {};
    if (reason !== undefined) expect(cell.reason).toMatch(reason);
    if (outcome !== undefined) expect(Object.keys(cell.outcomes)).toContain(outcome);
  }
  const left = Object.values(HIDDEN_S).flatMap(processesRunning);
  for (const pid of left) process.kill(pid, 'SIGKILL');
  expect(left).toEqual([]);
  await expectNothingLeft(tmp);
});
