/** Runs of the built command that reuse cells, and changes after which they must not. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Result } from '../../harness/domain/result.ts';
import { copyInstallation, openPlace, type Place, TEN_LINES } from '../lab/command.ts';
import { deep } from '../lab/depth.ts';
import { noPtrace } from '../record/ptrace/tracing.ts';

/** Reads a package when it is imported, `options.json` when it loads, and `more.json` when it finds nothing. */
const READS_OUTSIDE = `
const fs = require('node:fs');
const { join } = require('node:path');
const { name } = require('named');
module.exports = {
  save: (dir, value) => {
    fs.writeFileSync(join(dir, 'new'), JSON.stringify(value));
    fs.renameSync(join(dir, 'new'), join(dir, name));
  },
  load: (dir) => {
    fs.readFileSync(join(__dirname, 'options.json'));
    if (fs.existsSync(join(dir, name))) return JSON.parse(fs.readFileSync(join(dir, name), 'utf8'));
    fs.existsSync(join(__dirname, 'more.json'));
    return {};
  },
};
`;
/**
 * Slow to evaluate, so that its recoveries are forked, which its options of Node show. Reads `forked.json` in recoveries from crashes alone,
 * which lose nothing: nobody else sees that it does.
 */
const SLOW = `
let sum = 0;
for (let i = 0; i < 150_000_000; i += 1) sum = (sum * 31 + i) | 0;
const fs = require('node:fs');
const { join } = require('node:path');
module.exports = {
  save: (dir, value) => {
    fs.writeFileSync(join(dir, 'new'), JSON.stringify(value));
    fs.renameSync(join(dir, 'new'), join(dir, 'value'));
  },
  load: (dir) => {
    if (fs.existsSync(join(dir, 'new'))) fs.existsSync(join(__dirname, process.execArgv.includes('--single-threaded') ? 'forked.json' : 'started.json'));
    return fs.existsSync(join(dir, 'value')) ? JSON.parse(fs.readFileSync(join(dir, 'value'), 'utf8')) : {};
  },
};
`;
const PLACE = {
  'outside.cjs': READS_OUTSIDE,
  'options.json': '{}',
  'slow.cjs': SLOW,
  'ten.cjs': TEN_LINES,
  'node_modules/named/index.js': `exports.name = 'live';`,
};

interface Reused {
  readonly exitCode: number | undefined;
  /** The cells that were reused, and those that ran. */
  readonly reused: readonly string[];
  readonly ran: readonly string[];
  readonly stderr: string;
  readonly result: Result;
}

describe.skipIf(noPtrace !== undefined || process.arch !== 'x64')('a run that could reuse cells', () => {
  let place: Place;
  let tmp: string;
  beforeAll(() => {
    place = openPlace();
    tmp = place.tmp();
    mkdirSync(join(place.root, 'node_modules/named'), { recursive: true });
    place.write(PLACE);
  });
  afterAll(() => place.close());

  const run = async (args: readonly string[], options: Parameters<Place['run']>[1] = {}): Promise<Reused> => {
    const report = ['--reporter', 'json', '--cache-dir', join(place.root, 'cache')];
    const { exitCode, stdout, stderr } = await place.run(['run', ...args, ...report], { tmp, ...options });
    if (stdout === '') throw new Error(stderr);
    const result = JSON.parse(stdout) as Result;
    const names = (some: Result['cells']): string[] => some.map(({ store, scenario, model }) => `${store}/${scenario}/${model}`);
    return {
      exitCode,
      reused: names(result.cells.filter(({ reused }) => reused === true)),
      ran: names(result.cells.filter(({ reused }) => reused !== true)),
      stderr,
      result,
    };
  };
  const CELL = ['--scenario', 'first-save', '--model', 'process-kill', '--observe', '--depth', '1'];
  const OUTSIDE = ['--store', './outside.cjs', ...CELL];

  test('reuses them where nothing changed: the same result and the same report, to the byte', async () => {
    const cells = [
      '--store',
      './ten.cjs',
      '--scenario',
      'first-save,two-savers',
      '--model',
      'process-kill,power-loss:ext4,io-error,interleaving',
      '--depth',
      '1',
    ];
    const first = await run(cells);
    const again = await run(cells);
    expect([first.reused, again.ran]).toEqual([[], []]);
    expect([first.exitCode, again.exitCode]).toEqual([1, 1]); // a broken claim, whether it is found or known
    const withoutStages = ({ cells }: Result): object[] => cells.map(({ stages: _, ...cell }) => cell);
    expect(again.result.cells).toEqual(withoutStages(first.result).map((cell) => ({ ...cell, reused: true })));
    expect(again.result.cases).toEqual(first.result.cases);
    expect(again.stderr).toContain(`4 of 4 cells reused from cache; --no-cache runs all`);
    const markdown = (more: readonly string[]) => place.run(['run', ...cells, '--reporter', 'markdown', ...more], { tmp });
    const [reused, fresh] = [await markdown(['--cache-dir', 'cache']), await markdown(['--no-cache'])];
    expect(reused.stderr).toContain('4 of 4 cells reused');
    expect(fresh.stderr).not.toContain('reused');
    expect(reused.stdout).toBe(fresh.stdout);
    expect(reused.stdout).toContain('ten');
    const bail = await run([...cells, '--bail']);
    expect(bail.exitCode).toBe(1);
    expect(bail.reused.length).toBeLessThan(4);
  });

  test('runs them again after a change of what the store reads elsewhere, and after no other', async () => {
    const cell = ['outside/first-save/process-kill'];
    const expectRuns = async (...why: readonly string[]): Promise<void> => {
      const { ran, stderr } = await run(OUTSIDE);
      expect(ran).toEqual(cell);
      for (const path of why) expect(stderr).toContain(`1 cell ran again, because of a change: ${join(place.root, path)}`);
    };
    await expectRuns();
    place.write({ 'node_modules/named/index.js': `exports.name = 'other';` });
    await expectRuns('node_modules/named/index.js');
    place.write({ 'options.json': '{ }' });
    await expectRuns('options.json');
    place.write({ 'more.json': '{}' }); // was looked for, and was not there
    await expectRuns('more.json');
    place.write({ 'node_modules/named/package.json': '{ "main": "index.js" }' });
    await expectRuns('node_modules/named/package.json');
    place.write({ 'beside.json': '{}' });
    expect((await run(OUTSIDE)).reused).toEqual(cell);
  });

  deep('runs one again after a change of what only a forked recovery uses', async () => {
    const slow = ['--store', './slow.cjs', ...CELL, '--timeout', '60'];
    const first = await run(slow);
    const again = await run(slow);
    expect([first.ran, again.reused]).toEqual([['slow/first-save/process-kill'], ['slow/first-save/process-kill']]);
    place.write({ 'started.json': '' });
    expect((await run(slow)).ran).toEqual([]);
    place.write({ 'forked.json': '' });
    const { ran, stderr } = await run(slow);
    expect(ran).toEqual(['slow/first-save/process-kill']);
    expect(stderr).toContain(`1 cell ran again, because of a change: ${join(place.root, 'forked.json')}`);
  });

  test('runs them again after a change of the environment, the seed or how states are taken', async () => {
    await run(OUTSIDE);
    const changed = (stderr: string): string | undefined => /ran again, because of a change: (.*)/.exec(stderr)?.[1];
    for (const [more, env, why] of [
      [[], { MODE: 'other' }, 'environment'],
      [['--seed', '7', '--states', '77', '--depth', '2', '--timeout', '9'], {}, 'how much is tried, time limit, report'],
    ] as const) {
      const { reused, stderr } = await run([...OUTSIDE, ...more], { env });
      expect([reused, changed(stderr)]).toEqual([[], why]);
      expect((await run(OUTSIDE)).ran).toEqual([]);
    }
  });

  test('keeps none of a store that starts programs, and says so', async () => {
    place.write({
      'program.cjs': TEN_LINES.replace('load: (dir) => {', `load: (dir) => { require('node:child_process').spawnSync('true');`),
    });
    const first = await run(['--store', './program.cjs', ...CELL]);
    expect(first.stderr).toContain('1 cell not kept: program starts programs');
    expect((await run(['--store', './program.cjs', ...CELL])).reused).toEqual([]);
  });

  deep('keeps none with a recorder that does not see other files', async () => {
    await run([...OUTSIDE, '--recorder', 'binding']);
    const { reused, stderr } = await run([...OUTSIDE, '--recorder', 'binding']);
    expect(reused).toEqual([]);
    expect(stderr).not.toContain('kept');
  });

  test('has a note that a store is not forked each time', async () => {
    place.write({ 'timer.cjs': `setInterval(() => {}, 1000).unref();\n${TEN_LINES}` });
    const noteOf = ({ stderr }: Reused): string[] => stderr.split('\n').filter((line) => line.includes('for each run'));
    const timer = ['--store', './timer.cjs', ...CELL];
    const [first, again] = [await run(timer), await run(timer)];
    expect(noteOf(first)).toHaveLength(1);
    expect([noteOf(again), again.ran]).toEqual([noteOf(first), []]);
  });

  test('ends with usage where cells cannot be kept in the directory that it is given', async () => {
    const { exitCode, stderr } = await place.run(['run', ...OUTSIDE, '--cache-dir', './ten.cjs/cache']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--cache-dir ./ten.cjs/cache: nothing can be written there');
  });

  test('runs only the strategy that changed', async () => {
    const { root, edit } = copyInstallation(place.root);
    const both = ['--store', 'in-place,copy-then-replace', ...CELL];
    const inCopy = { root, cwd: root };
    const first = await run(both, inCopy);
    expect(first.reused).toEqual([]);
    expect(first.stderr).not.toMatch(/reused|ran again|not kept/); // a long run reports its progress there
    expect((await run(both, inCopy)).ran).toEqual([]);
    edit('src/strategies/in-place.ts', 'export default', '// changed\nexport default');
    expect((await run(both, inCopy)).ran).toEqual(['in-place/first-save/process-kill']);
    writeFileSync(join(root, 'dist/recoverer.cjs'), '// changed\n', { flag: 'a' });
    expect((await run(both, inCopy)).reused).toEqual([]);
  });

  test('finds nothing that was half done when a run was killed', async () => {
    const cache = join(place.root, 'cache');
    rmSync(cache, { recursive: true, force: true });
    const all = ['--store', './ten.cjs', '--scenario', 'first-save,replace,save-twice', '--model', 'process-kill', '--depth', '1'];
    const running = place.start(['run', ...all, '--cache-dir', cache], { tmp });
    const entries = (): string[] => readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.json'));
    await expect.poll(() => entries().length, { timeout: 200_000, interval: 1 }).toBeGreaterThan(0);
    running.kill('SIGKILL');
    await running;
    const { result, reused, ran } = await run(all);
    expect(reused.length + ran.length).toBe(3);
    const fresh = await place.run(['run', ...all, '--reporter', 'json'], { tmp });
    const untimed = ({ cells }: Result): object[] => cells.map(({ durationMs: _, stages: __, reused: ___, ...cell }) => cell);
    expect(untimed(result)).toEqual(untimed(JSON.parse(fresh.stdout) as Result));
  });
});
