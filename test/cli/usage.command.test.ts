/** What is asked of the built command, and what comes back: exit codes, and words for those who mistyped. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resultSchema } from '../../harness/domain/result.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { copyInstallation, expectNothingLeft, openPlace, type Place, TEN_LINES } from '../lab/command.ts';
import { noPtrace } from '../record/ptrace/tracing.ts';

let place: Place;
beforeAll(() => {
  place = openPlace();
  place.write({
    'ten.cjs': TEN_LINES,
    'modest.cjs': TEN_LINES.replace('module.exports = {', `module.exports = { claims: { 'process-kill': 'lossy' },`),
    'migrates.cjs': TEN_LINES.replace(
      'module.exports = {',
      `module.exports = { scenarios: [{ name: 'migrate', catches: 'x', files: './v1', history: ({ value }) => ({ steps: [{ kind: 'save', value: value('B') }] }) }],`,
    ),
    'throws.cjs': `throw new TypeError('not today');`,
  });
});
afterAll(() => place.close());

// What is decided before a process is started: program.test.ts. Which cells are chosen: stores.process.test.ts.
describe('exit 2, and what would have been right', () => {
  test.each<{ args: string; message: string }>([
    { args: 'frobnicate', message: `error: unknown command 'frobnicate'` },
    { args: 'run --store ./throws.cjs', message: 'store ./throws.cjs threw while it was loaded\nTypeError: not today' },
    {
      args: 'run --store ./ten.cjs --output-dir ./ten.cjs --reporter json',
      message: '--output-dir ./ten.cjs: nothing can be written there',
    },
    {
      args: 'run --store ./ten.cjs --reporter json=./ten.cjs/x.json',
      message: '--reporter ./ten.cjs/x.json: nothing can be written there',
    },
    {
      args: 'run --store ./ten.cjs --reporter json=.',
      message: '--reporter .: it is a directory, and a file is to be written there',
    },
    {
      args: 'run --store ./migrates.cjs --scenario migrate',
      message: '/v1, does not exist\nName a directory that does, relative to the file of the store.',
    },
    { args: 'replay other/replace/process-kill@1 --store ./ten.cjs', message: './ten.cjs is the store "ten", and the case is of "other"' },
    {
      args: 'replay ten/replace/process-kill@99 --store ./ten.cjs',
      message: 'replace/process-kill@99: there is no boundary 99: the run has 3 ops\nNearest: ten/replace/process-kill@3,',
    },
  ])('$args', async ({ args, message }) => {
    const tmp = place.tmp();
    const { exitCode, stdout, stderr } = await place.run(args.split(' '), { tmp });
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
    await expectNothingLeft(tmp);
  });
});

describe('--fault', () => {
  const SWALLOWS = `
    const fs = require('node:fs');
    module.exports = {
      save: (dir, value) => {
        fs.writeFileSync(dir + '/value.tmp', JSON.stringify(value));
        try { fs.renameSync(dir + '/value.tmp', dir + '/value'); } catch (error) { if (error.code !== 'EBUSY') throw error; }
      },
      load: (dir) => fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {},
    };`;
  const run = async (...faults: readonly string[]): Promise<[number | undefined, ReturnType<typeof resultSchema.parse>]> => {
    place.write({ 'swallows.cjs': SWALLOWS });
    const args = ['run', '--store', './swallows.cjs', '--scenario', 'replace', '--reporter', 'json', '--all-cases', '--no-cache'];
    const { exitCode, stdout } = await place.run([...args, ...faults.flatMap((fault) => ['--fault', fault])]);
    return [exitCode, resultSchema.parse(JSON.parse(stdout))];
  };

  test('tries only these, of the models in which calls fail, and proves no claim', async () => {
    const [exitCode, { cells, cases, faults }] = await run('rename:*.tmp=EXDEV', 'link');
    expect([exitCode, faults]).toEqual([0, ['rename:*.tmp=EXDEV', 'link']]);
    expect(cells).toMatchObject([
      { model: 'io-error', grade: 'durable', status: 'unbroken', notes: ['no call of this run is one of --fault link'] },
    ]);
    const single = cases.filter(({ id }) => !id.includes('~then='));
    expect(single.map(({ id }) => id)).toEqual([expect.stringMatching(/^swallows\/replace\/io-error@\d+~EXDEV$/)]);
  });

  test('finds what it is aimed at', async () => {
    const [exitCode, { cells, cases }] = await run('rename:value=EBUSY');
    expect([exitCode, cells[0]?.status]).toEqual([1, 'broken']);
    expect(cases.find(({ violation }) => violation)).toMatchObject({
      outcome: 'false-ack',
      replay: expect.stringMatching(/io-error@\d+~EBUSY /),
    });
  });

  test('is inconclusive where no call is one of them', async () => {
    const [exitCode, { cells }] = await run('rename:other');
    expect(cells).toMatchObject([
      { grade: 'inconclusive', reason: 'no call of this run is one of --fault rename:other: nothing was tried' },
    ]);
    expect(exitCode).toBe(1);
  });
});

describe('exit 0', () => {
  test('doctor', async () => {
    const { exitCode, stdout, stderr } = await place.run(['doctor']);
    for (const shows of ['model process-kill', 'ext4-writeback, ext4-journal, xfs, btrfs)', 'model race']) expect(stdout).toContain(shows);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const none = await place.run(['doctor'], { env: { XDG_CACHE_HOME: join(place.root, 'ten.cjs') } });
    expect(none.stdout).toMatch(/^no +cache +no cell is kept, because .*ten\.cjs is no directory$/m);
  });

  test('a case that is fine, replayed', async () => {
    const { exitCode, stdout } = await place.run(['replay', 'ten/replace/process-kill@0', '--store', './ten.cjs']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('durable (claims durable)');
  });

  test('a claim that promises nothing is kept, in the colours that are asked for', async () => {
    const run = ['run', '--store', './modest.cjs', '--scenario', 'replace', '--model', 'process-kill', '--depth', '1'];
    const { exitCode, stdout } = await place.run(run, { env: { FORCE_COLOR: '1' } });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('\u001b[31mlossy');
    expect(stdout).toContain('every claim was kept');
  });
});

describe('colours', () => {
  test.each<[string, { [name: string]: string }, boolean]>([
    ['not into a pipe', {}, false],
    ['where they are forced', { FORCE_COLOR: '1' }, true],
    ['not with NO_COLOR', { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('%s', async (_, env, colours) => {
    const { stderr } = await place.run(['replay', 'nonsense'], { env });
    expect(stderr.includes('\u001b[')).toBe(colours);
  });
});

describe('exit 1: a claim is broken', () => {
  const run = ['run', '--store', './ten.cjs', '--scenario', 'replace', '--model', 'process-kill', '--depth', '1'];

  test('the failure says what replays it, and that does; reports with a file lie beside each other', async () => {
    const out = join(place.root, 'out/deep');
    const reports = ['--reporter', 'terminal,json', '--reporter', 'markdown', '--output-dir', out];
    const { exitCode, stdout, stderr } = await place.run([...run, ...reports]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('1 claim broken');
    expect(stdout).toContain('1  ten: ten.cjs:5 writes the file that load reads in place');
    expect(readdirSync(out).sort()).toEqual(['crash-matrix.json', 'crash-matrix.md']);
    resultSchema.parse(JSON.parse(readFileSync(join(out, 'crash-matrix.json'), 'utf8')));
    expect(stderr).toContain('wrote ');

    const command = /replay +crash-matrix (?<args>replay .*)$/m.exec(stdout)?.groups?.args;
    expect(command).toBe('replay ten/replace/process-kill@1 --store ./ten.cjs');
    const keep = join(place.root, 'kept');
    const replayed = await place.run([...(command ?? '').split(' '), '--keep', keep]);
    expect(replayed.exitCode).toBe(1);
    expect(replayed.stdout).toContain('killed here, after op 1');
    expect(replayed.stdout).toContain(`crash-matrix ${command}`);
    expect(readdirSync(keep)).toEqual(['value.json']);
    expect(readFileSync(join(keep, 'value.json'), 'utf8')).toBe('');
  });

  test('--bail stops there, and JSON alone is on standard output', async () => {
    const { exitCode, stdout } = await place.run([
      ...['run', '--store', './ten.cjs', '--scenario', 'first-save,replace,save-twice,reset', '--model', 'process-kill', '--depth', '1'],
      ...['--bail', '--reporter', 'json', '--seed', '7'],
    ]);
    const result = resultSchema.parse(JSON.parse(stdout));
    expect(exitCode).toBe(1);
    // Cells that run beside the broken one are finished.
    expect(result.cells.length).toBeLessThan(4);
    expect(result).toMatchObject({ schema: 'crash-matrix/1', seed: 7, observed: false });
    expect(result.cells).toContainEqual(expect.objectContaining({ store: 'ten', grade: 'lossy', status: 'broken' }));
    expect(result.cases.filter(({ violation }) => !violation)).toEqual([]);
  });
});

describe('exit 3: asked for what this machine cannot do', () => {
  test.runIf(existsSync('/dev/full'))('output that cannot be written', () => {
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', 'exec "$0" "$1" --version > /dev/full', process.execPath, join(findInstallation(import.meta.url).root, 'dist/cli.js')],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([3, 'crash-matrix: the output could not be written: ENOSPC: no space left on device, write\n']);
  });

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
    const chosen = ['--store', './ten.cjs', '--scenario', 'replace', '--model', 'process-kill', '--depth', '1'];
    const run = await place.run(['run', ...chosen], withoutKoffi());
    // A run that takes long says more, of how far it is.
    expect(run.stderr.split('\n')[0]).toBe(
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
