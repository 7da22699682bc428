/** What is asked for, what comes back: exit codes, and words for those who mistyped. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resultSchema } from '../../harness/domain/result.ts';
import { copyInstallation, expectNothingLeft, openPlace, type Place, TEN_LINES } from '../lab/command.ts';
import { noPtrace } from '../record/ptrace/tracing.ts';

let place: Place;
beforeAll(() => {
  place = openPlace();
  place.write({
    'ten.cjs': TEN_LINES,
    'other-ten.cjs': TEN_LINES.replace('module.exports = {', `module.exports = { name: 'ten',`),
    'modest.cjs': TEN_LINES.replace('module.exports = {', `module.exports = { claims: { 'process-kill': 'lossy' },`),
    'none.cjs': TEN_LINES.replace('module.exports = {', 'module.exports = { scenarios: [],'),
    'throws.cjs': `throw new TypeError('not today');`,
    'empty.cjs': '',
  });
});
afterAll(() => place.close());

describe('exit 2, and what would have been right', () => {
  test.concurrent.each<{ args: string; message: string }>([
    { args: 'frobnicate', message: `error: unknown command 'frobnicate'` },
    { args: 'run surplus', message: 'run takes no arguments, and was given "surplus"' },
    { args: 'run --store ./ten.cjs --output-dir out', message: '--output-dir has nothing to hold' },
    { args: 'run --store', message: `argument missing` },
    { args: 'run --store renam-away', message: 'unknown store "renam-away"; did you mean rename-away?' },
    { args: 'run --store ./nowhere.ts', message: 'store ./nowhere.ts: there is no file' },
    { args: 'run --store ./throws.cjs', message: 'store ./throws.cjs threw while it was loaded' },
    { args: 'run --store ./empty.cjs', message: 'store ./empty.cjs is not a store' },
    { args: 'run --store ./ten.cjs --store ./other-ten.cjs', message: 'two stores are named "ten"' },
    { args: 'run --store ./ten.cjs --scenario replac', message: 'unknown scenario "replac"; did you mean replace?' },
    { args: 'run --store ./ten.cjs --scenario update', message: 'scenario update runs with none of the chosen stores' },
    { args: 'run --store ./ten.cjs --model power', message: 'unknown model "power"' },
    {
      args: 'run --store ./ten.cjs --model race --scenario replace',
      message: 'there is nothing to run with --scenario replace --model race',
    },
    { args: 'run --preemptions 0', message: 'It must be a whole number of 1 or more' },
    { args: 'replay ten/replace/io-error@1~EFOO --store ./ten.cjs', message: 'is no case id' },
    { args: 'replay ten/replace/io-error@99~EIO --store ./ten.cjs', message: 'there is no such boundary' },
    { args: 'run --store ./ten.cjs --reporter jsn', message: 'unknown reporter "jsn"; did you mean json?' },
    { args: 'run --store ./ten.cjs --reporter json,markdown', message: 'several reporters need --output-dir' },
    { args: 'run --recorder strace', message: 'Allowed choices are ptrace, binding' },
    { args: 'run --timeout 0', message: 'It must be a number greater than 0' },
    { args: 'run --seed 1.5', message: 'It must be a whole number' },
    { args: 'replay', message: `error: missing required argument 'case-id'` },
    { args: 'replay nonsense', message: '"nonsense" is no case id' },
    { args: 'replay ../../x', message: '"../../x" is no case id' },
    { args: 'replay ../../process-kill@1', message: 'store .. ' },
    { args: 'replay nobody/replace/process-kill@1', message: 'unknown store "nobody"' },
    { args: 'replay rename-away/replac/process-kill@1', message: 'unknown scenario "replac"' },
    { args: 'replay rename-away/replace/power@1', message: 'unknown model "power"' },
    { args: 'replay other/replace/process-kill@1 --store ./ten.cjs', message: './ten.cjs is the store "ten", and the case is of "other"' },
    {
      args: 'replay ten/replace/process-kill@99 --store ./ten.cjs',
      message: 'there is no such boundary; "crash-matrix run" prints the ids',
    },
    { args: 'replay ten/replace/process-kill@2~torn=4096 --store ./ten.cjs', message: 'there is no such boundary' },
    {
      args: 'run --store ./ten.cjs --output-dir ./ten.cjs --reporter json',
      message: '--output-dir ./ten.cjs: nothing can be written there: it is a file',
    },
    {
      args: 'run --store ./ten.cjs --output-dir /proc/self/out --reporter json',
      message: '--output-dir /proc/self/out: nothing can be written there: ',
    },
    {
      args: 'replay ten/replace/process-kill@1 --store ./ten.cjs --keep ./ten.cjs',
      message: '--keep ./ten.cjs: nothing can be written there: it is a file',
    },
    { args: 'replay ten/replace/process-kill@1 --store ./ten.cjs --keep .', message: '--keep .: the directory is not empty' },
  ])('$args', async ({ args, message }) => {
    const tmp = place.tmp();
    const { exitCode, stdout, stderr } = await place.run(args.split(' '), { tmp });
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
    await expectNothingLeft(tmp);
  });
});

describe('exit 0', () => {
  test.concurrent.each<{ args: string; shows: string }>([
    { args: '--help', shows: 'Exit codes: 0 every claim kept' },
    { args: 'run --help', shows: 'crash-matrix run --store rename-away' },
    { args: 'replay --help', shows: '--keep <dir>' },
    { args: '--version', shows: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version },
    { args: 'doctor', shows: 'model process-kill' },
    { args: 'doctor', shows: 'ext4-writeback, xfs, btrfs)' },
    { args: 'doctor', shows: 'model race' },
  ])('$args', async ({ args, shows }) => {
    expect(await place.run(args.split(' '))).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(shows), stderr: '' });
  });

  test('a list of what would run, and nothing is', async () => {
    const chosen = ['--store', './ten.cjs,rename-away', '--scenario', 'replace,update', '--model', 'process-kill,power-loss:xfs'];
    const { exitCode, stdout } = await place.run(['run', '--list', ...chosen]);
    expect(stdout.split('\n')).toEqual(
      ['ten/replace', 'rename-away/replace', 'rename-away/update'].flatMap((cell) => [`${cell}/process-kill`, `${cell}/power-loss:xfs`]),
    );
    expect(exitCode).toBe(0);
    const all = await place.run(['run', '--list']);
    const [steps, tasks, histories] = [8 * 7, 3 * 2, 8]; // scenarios and the models that they run under
    const withoutUpdate = 7 * 7 + 2 * 2 + 8; // result-writer
    expect(all.stdout.split('\n')).toHaveLength(9 * (steps + tasks + histories) + withoutUpdate);
  });

  test('a claim that promises nothing is kept', async () => {
    expect(await place.result(['--store', './modest.cjs', '--scenario', 'replace'])).toMatchObject({
      exitCode: 0,
      result: { cells: [{ grade: 'lossy', claim: 'lossy', status: 'kept', violations: 0 }] },
    });
  });

  // Nothing tried is no pass.
  test('not for a run of no cell', async () => {
    expect((await place.run(['run', '--store', './none.cjs'])).exitCode).not.toBe(0);
  });
});

describe('exit 1: a claim is broken', () => {
  const run = ['run', '--store', './ten.cjs', '--scenario', 'replace', '--model', 'process-kill'];

  test('the failure says what replays it, and that does', async () => {
    const { exitCode, stdout } = await place.run(run);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('ten / replace / process-kill   lossy (claims durable)');
    const command = /replay +crash-matrix (?<args>replay .*)$/m.exec(stdout)?.groups?.args;
    expect(command).toBe('replay ten/replace/process-kill@1 --store ./ten.cjs');
    const keep = join(place.root, 'kept');
    const replayed = await place.run([...(command ?? '').split(' '), '--keep', keep]);
    expect(replayed.exitCode).toBe(1);
    expect(replayed.stdout).toContain('killed here, after op 1');
    expect(readdirSync(keep)).toEqual(['value.json']);
    expect(readFileSync(join(keep, 'value.json'), 'utf8')).toBe('');
    // A second replay would overwrite what was kept.
    expect(await place.run([...(command ?? '').split(' '), '--keep', keep])).toMatchObject({ exitCode: 2 });
  });

  test('a case that is fine is replayed with exit 0', async () => {
    const { exitCode, stdout } = await place.run(['replay', 'ten/replace/process-kill@0', '--store', './ten.cjs']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('durable (claims durable)');
  });

  // The command must work where it is pasted.
  test.each([
    ['a file with a space in its name', './my notes.cjs', [], `--store './my notes.cjs'`],
    ['a recorder that was asked for', './ten.cjs', ['--recorder', 'binding'], '--recorder binding'],
  ])('what replays it names %s', async (_, file, more, expected) => {
    place.write({ 'my notes.cjs': TEN_LINES });
    const { stdout } = await place.run(['run', '--store', file, '--scenario', 'replace', '--model', 'process-kill', ...more]);
    expect(/replay +crash-matrix (?<args>replay .*)$/m.exec(stdout)?.groups?.args).toContain(expected);
  });
  test('what replays it is the same in a replay', async () => {
    const { stdout } = await place.run(['replay', 'ten/replace/process-kill@1', '--store', './ten.cjs']);
    expect(stdout).toContain('crash-matrix replay ten/replace/process-kill@1 --store ./ten.cjs');
  });

  test('as JSON on standard output, and nothing else there', async () => {
    const { exitCode, stdout } = await place.run([...run, '--reporter', 'json', '--seed', '7']);
    const result = resultSchema.parse(JSON.parse(stdout));
    expect(exitCode).toBe(1);
    expect(result).toMatchObject({
      schema: 'crash-matrix/1',
      seed: 7,
      observed: false,
      cells: [{ store: 'ten', grade: 'lossy', status: 'broken', picture: 'oUno' }],
    });
    expect(result.cases).toMatchObject([{ id: 'ten/replace/process-kill@1', outcome: 'unreadable', violation: true }]);
  });

  test('as files beside each other', async () => {
    const out = join(place.root, 'out/deep');
    const { exitCode, stdout, stderr } = await place.run([
      ...run,
      '--reporter',
      'terminal,json',
      '--reporter',
      'markdown',
      '--output-dir',
      out,
    ]);
    expect(exitCode).toBe(1);
    expect(readdirSync(out).sort()).toEqual(['crash-matrix.json', 'crash-matrix.md']);
    resultSchema.parse(JSON.parse(readFileSync(join(out, 'crash-matrix.json'), 'utf8')));
    expect(stdout).toContain('1 claim broken');
    expect(stderr).toContain('wrote ');
  });

  test('what is printed is not lost with a file that cannot be written', async () => {
    const out = join(place.root, 'taken');
    mkdirSync(join(out, 'crash-matrix.json'), { recursive: true });
    const { exitCode, stdout, stderr } = await place.run([...run, '--reporter', 'json,terminal', '--output-dir', out]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain('1 claim broken');
    expect(stderr).toMatch(/crash-matrix\.json could not be written: EISDIR/);
  });

  test('--bail stops there', async () => {
    const { exitCode, result } = await place.result(['--store', './ten.cjs', '--bail']);
    expect(exitCode).toBe(1);
    // Cells that run beside the broken one are finished.
    expect(result.cells.length).toBeLessThan(7);
  });
});

describe('exit 3: asked for what this machine cannot do', () => {
  test.each(['run --store ./ten.cjs', 'replay ten/replace/process-kill@1 --store ./ten.cjs', 'doctor'])(
    '%s in a temporary directory that is none',
    async (args) => {
      const { exitCode, stderr } = await place.run(args.split(' '), { env: { TMPDIR: join(place.root, 'ten.cjs') } });
      expect(stderr).toMatch(
        /^crash-matrix: no work can be done in the temporary directory \S+ten\.cjs: ENOTDIR.*; set TMPDIR to another$/,
      );
      expect(exitCode).toBe(3);
    },
  );

  const withoutKoffi = (): { env: { [name: string]: string } } => {
    place.write({
      'no-koffi.cjs': `const { Module } = require('node:module'); const load = Module._load;
        Module._load = (name, ...rest) => { if (name === 'koffi') throw new Error("Cannot find module 'koffi'"); return load(name, ...rest); };`,
    });
    return { env: { NODE_OPTIONS: `--require=${join(place.root, 'no-koffi.cjs')}` } };
  };

  test('ptrace, where it does not work', async () => {
    const { exitCode, stderr } = await place.run(['run', '--recorder', 'ptrace', '--store', './ten.cjs'], withoutKoffi());
    expect(stderr).toBe(
      `crash-matrix: --recorder ptrace does not work here: the tracer ended (exit code 1): Cannot find module 'koffi'; run "crash-matrix doctor"`,
    );
    expect(exitCode).toBe(3);
  });

  test('power cuts, without the recorder that they need', async () => {
    const { exitCode, stderr } = await place.run(['run', '--model', 'power-cut:ext4', '--store', './ten.cjs'], withoutKoffi());
    expect(stderr).toContain('--model power-cut:ext4 needs the recorder ptrace; run "crash-matrix doctor"');
    expect(exitCode).toBe(3);
  });

  test('not asked for, it is replaced, and one line says why', async () => {
    const run = await place.run(['run', '--store', './ten.cjs', '--scenario', 'replace', '--model', 'process-kill'], withoutKoffi());
    expect(run.stderr).toBe(
      `recorder: binding, because ptrace does not work here: the tracer ended (exit code 1): Cannot find module 'koffi'`,
    );
    expect(run.stdout).toContain('binding recorder');
    expect(run.exitCode).toBe(1);
    const { stdout } = await place.run(['doctor'], withoutKoffi());
    expect(stdout).toMatch(/^no +recorder ptrace +the tracer ended \(exit code 1\): Cannot find module 'koffi'$/m);
    expect(stdout).toMatch(/^ok +recorder binding +what Node's fs does; runs use it here$/m);
    for (const model of ['race', 'power-cut:xfs'])
      expect(stdout).toMatch(new RegExp(`^no +model ${model} +needs the recorder ptrace$`, 'm'));
  });

  test('not asked for, a model is left out, and one line says why', async () => {
    const { stdout, stderr, exitCode } = await place.run(
      ['run', '--list', '--store', './ten.cjs', '--scenario', 'two-savers'],
      withoutKoffi(),
    );
    expect(stderr).toMatch(/^race is left out, because it needs the recorder ptrace$/m);
    expect(stdout).toBe('ten/two-savers/interleaving');
    expect(exitCode).toBe(0);
  });
});

describe.skipIf(noPtrace !== undefined)('exit 4: the harness contradicts itself', () => {
  test('a kill that was none is no pass', async () => {
    const spoilt = copyInstallation(place.root);
    spoilt.edit('dist/cli.js', 'end.signal !== "SIGKILL"', 'end.signal === "SIGKILL"');
    const { exitCode, stderr } = await place.run(['run', '--store', './modest.cjs', '--scenario', 'replace', '--model', 'process-kill'], {
      root: spoilt.root,
    });
    expect(stderr).toMatch(/^crash-matrix: the harness contradicts itself: modest\/replace\/process-kill@\d+: /);
    expect(exitCode).toBe(4);
  });
});

describe('colours', () => {
  const run = ['run', '--store', './modest.cjs', '--scenario', 'replace', '--model', 'process-kill'];
  test.each<[string, { [name: string]: string }, boolean]>([
    ['not into a pipe', {}, false],
    ['where they are forced', { FORCE_COLOR: '1' }, true],
    ['not with NO_COLOR', { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('%s', async (_, env, colours) => {
    const { stdout } = await place.run(run, { env });
    expect(stdout.includes('\u001b[')).toBe(colours);
  });
});

test('a run in a temporary directory behind a symlink, from a directory with a space in its name', async () => {
  const [tmp, cwd] = [join(place.root, 'link'), join(place.root, 'a b')];
  mkdirSync(cwd);
  symlinkSync(place.tmp(), tmp);
  writeFileSync(join(cwd, 'ten.cjs'), TEN_LINES);
  expect((await place.result(['--store', 'ten.cjs', '--scenario', 'replace'], { tmp, cwd })).result.cells).toMatchObject([
    { picture: 'oUno' },
  ]);
  expect(readdirSync(tmp)).toEqual([]);
  expect(existsSync(join(cwd, 'ten.cjs'))).toBe(true);
});
