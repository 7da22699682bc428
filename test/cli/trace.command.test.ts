/** `crash-matrix trace` writes a run, `run --trace` explores it where neither the store's scenario nor the program is run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Result } from '../../harness/domain/result.ts';
import type { TraceFile } from '../../harness/domain/trace-file.ts';
import { openPlace, type Place } from '../lab/command.ts';
import { noPtrace } from '../record/ptrace/tracing.ts';

/** Saves beside and renames; `saves` counts its saves, wherever it is loaded. */
const NOTES = `
const fs = require('node:fs');
const { join } = require('node:path');
module.exports = {
  save: (dir, notes) => {
    fs.appendFileSync(process.env.SAVES, 'x');
    fs.writeFileSync(join(dir, 'notes.tmp'), JSON.stringify(notes));
    fs.renameSync(join(dir, 'notes.tmp'), join(dir, 'notes.json'));
  },
  load: (dir) => (fs.existsSync(join(dir, 'notes.json')) ? JSON.parse(fs.readFileSync(join(dir, 'notes.json'), 'utf8')) : {}),
};
`;

let place: Place;
beforeAll(() => {
  place = openPlace();
  place.write({
    'notes.cjs': NOTES.replace('process.env.SAVES', JSON.stringify(join(place.root, 'saves'))),
    'log.cjs': `module.exports = { append: () => {}, load: () => [] };`,
    // Once by rename and once in place; the check wants each name that was acknowledged.
    'save.sh': 'echo a > data/t; mv data/t data/a; echo ack a; echo b > data/b; echo ack b; echo a > data/a\n',
    'check.sh': 'for n in $CRASH_MATRIX_ACKED; do test "$(cat data/$n)" = $n || exit 1; done\n',
  });
});
afterAll(() => place.close());

const MODELS = ['--model', 'process-kill,power-loss:posix,power-loss:ext4'] as const;

/** What was found, without how long it took and how a case is replayed. */
function found({ cells, cases }: Result): object {
  return {
    cells: cells.map(({ durationMs: _, stages: __, ...cell }) => cell),
    cases: cases.map(({ replay: _, ...one }) => one),
  };
}

const traceOf = (path: string): TraceFile => JSON.parse(readFileSync(join(place.root, path), 'utf8'));
const edited = (path: string, to: string, edit: (trace: TraceFile) => unknown): void => {
  const trace = traceOf(path);
  edit(trace);
  place.write({ [to]: JSON.stringify(trace) });
};

describe('the trace of a store', () => {
  const OF_STORE = ['--store', './notes.cjs'] as const;

  beforeAll(async () => {
    const { exitCode, stdout } = await place.run(['trace', ...OF_STORE, '--scenario', 'replace']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^wrote crash-matrix\.trace\.json: \d+ ops, 1 acknowledgement, /);
    expect(stdout).toContain('next: crash-matrix run --trace crash-matrix.trace.json --store ./notes.cjs');
  });

  test('gives the same cells and cases as a run of the store', async () => {
    const ran = await place.result([...OF_STORE, '--scenario', 'replace', ...MODELS, '--observe']);
    const traced = await place.result([...OF_STORE, '--trace', 'crash-matrix.trace.json', ...MODELS]);
    expect(found(traced.result)).toEqual(found(ran.result));
    expect(traced.exitCode).toBe(1);
    expect(traced.result.cells.map(({ grade }) => grade)).toEqual(['durable', 'lossy', 'atomic']);
  });

  test('is explored by loads alone: the steps are not run again', async () => {
    rmSync(join(place.root, 'saves'), { force: true });
    await place.run(['trace', ...OF_STORE, '--scenario', 'save-twice', '--output', 'twice.json']);
    const recorded = readFileSync(join(place.root, 'saves'), 'utf8').length;
    edited('twice.json', 'empty.json', (trace) => Object.assign(trace, { ops: [], marks: [] }));
    rmSync(join(place.root, 'saves'), { force: true });
    const { result } = await place.result([...OF_STORE, '--trace', 'empty.json', '--model', 'process-kill', '--depth', '1']);
    expect(result.cells.map(({ points }) => points)).toEqual([1]);
    const saves = readFileSync(join(place.root, 'saves'), 'utf8').length;
    expect(saves).toBeLessThan(recorded); // what recovery saves of the one tree that there is
  });

  test('and each case is brought about again by the line that is printed', async () => {
    const { result } = await place.result([...OF_STORE, '--trace', 'crash-matrix.trace.json', '--model', 'power-loss:posix']);
    const [lost] = result.cases.filter(({ violation }) => violation);
    expect(lost?.replay).toBe(`crash-matrix replay ${lost?.id} --store ./notes.cjs --trace crash-matrix.trace.json`);
    const replayed = await place.run(['replay', lost?.id ?? '', ...OF_STORE, '--trace', 'crash-matrix.trace.json']);
    expect(replayed.exitCode).toBe(1);
    expect(replayed.stdout).toContain('notes.json');
  });

  test('of a built-in store too, whose name the case id has', async () => {
    await place.run(['trace', '--store', 'in-place', '--scenario', 'first-save', '--output', 'built-in.json']);
    const { result } = await place.result(['--store', 'in-place', '--trace', 'built-in.json', '--model', 'power-loss:posix']);
    const [lost] = result.cases.filter(({ violation }) => violation);
    const [, ...printed] = (lost?.replay ?? '').split(' ');
    expect(printed).not.toContain('--store');
    const replayed = await place.run(printed);
    expect([replayed.exitCode, replayed.stderr]).toEqual([1, '']);
    expect(replayed.stdout).toContain(lost?.id.split('@')[0]?.replaceAll('/', ' / '));
  });

  test.each([
    ['a model that runs the store', './notes.cjs', ['--model', 'io-error'], 'io-error needs the store to run'],
    ['a store of another contract', './log.cjs', [], 'has a step "save", and log keeps a log, with append'],
  ])('is refused with %s', async (_, store, args, message) => {
    const { exitCode, stderr } = await place.run(['run', '--trace', 'crash-matrix.trace.json', '--store', store, ...args]);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
  });
});

describe.skipIf(noPtrace !== undefined)('the trace of a program', () => {
  const CHECK = ['--check', 'sh check.sh'] as const;

  beforeAll(async () => {
    const { exitCode, stdout } = await place.run(['trace', '--dir', 'data', ...CHECK, '--output', 'p.json', '--', 'sh', 'save.sh']);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("next: crash-matrix run --trace p.json --check 'sh check.sh'")]);
  });

  test('is judged where the program is not: the same cells and cases', async () => {
    const ran = await place.result(['--dir', 'data', ...CHECK, ...MODELS, '--observe', '--', 'sh', 'save.sh']);
    const elsewhere = join(place.root, 'elsewhere');
    mkdirSync(elsewhere);
    place.write({ 'elsewhere/check.sh': readFileSync(join(place.root, 'check.sh'), 'utf8') });
    const traced = await place.result(['--trace', join(place.root, 'p.json'), ...CHECK, ...MODELS], { cwd: elsewhere });
    expect(found(traced.result)).toEqual(found(ran.result));
    expect(traced.result.cells.map(({ grade }) => grade)).toEqual(['lossy', 'lossy', 'lossy']);
  });

  test('is refused where its check fails on the end, and says nothing where it accepts an emptied directory', async () => {
    const fails = await place.run(['run', '--trace', 'p.json', '--check', 'exit 1']);
    expect([fails.exitCode, fails.stderr]).toEqual([2, expect.stringContaining('the check fails on what the program leaves')]);
    const { result } = await place.result(['--trace', 'p.json', '--check', 'true', ...MODELS]);
    expect(new Set(result.cells.map(({ reason }) => reason?.split(':')[0]))).toEqual(new Set(['vacuous']));
  });
});

test.each([['a store without a scenario', ['--store', './notes.cjs'], 'Add --scenario, with one of first-save, replace']])(
  'trace refuses %s',
  async (_, args, message) => {
    const { exitCode, stderr } = await place.run(['trace', ...args]);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
  },
);

/** Each kind of call, from Node and from a shell; a write to the standard output that is cut in two. */
const MANY = `
import fs from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
const [, , dir] = process.argv;
const at = (name) => join(dir, name);
await fs.promises.writeFile(at('a'), 'value of a');
fs.appendFileSync(at('a'), '\\u00e9\\n"\\\\');
const fd = fs.openSync(at('b'), 'w+');
fs.writeSync(fd, 'xxxx');
fs.writeSync(fd, 'yy', 1);
fs.writevSync(fd, [Buffer.from('12'), Buffer.from([0, 255, 10])]);
fs.ftruncateSync(fd, 6);
fs.fsyncSync(fd);
fs.renameSync(at('b'), at('c'));
fs.writeSync(fd, 'after');
fs.fchmodSync(fd, 0o600);
fs.closeSync(fd);
fs.writeSync(1, 'ack one\\nack');
fs.writeSync(1, ' two\\n');
fs.linkSync(at('c'), at('d'));
fs.symlinkSync('c', at('e'));
fs.mkdirSync(at('f'), 0o700);
fs.copyFileSync(at('c'), at('f/g'));
try { fs.openSync(at('a'), 'wx'); } catch {}
spawnSync('sh', ['-c', 'echo child > $0/h; mv $0/h $0/i; cp $0/c $0/j; rm $0/d', dir], { stdio: 'inherit' });
fs.rmSync(at('f'), { recursive: true });
process.chdir(dir);
fs.writeFileSync('k', 'k');
fs.unlinkSync('k');
fs.writeSync(1, 'ack three\\n');
`;

const noStrace = spawnSync('strace', ['-V']).error !== undefined;

describe.skipIf(noPtrace !== undefined || noStrace)('a log of strace', () => {
  const log = (words: readonly string[], name: string): void => {
    const { status } = spawnSync('strace', ['-f', '-s', '1000000', '-o', name, ...words], { cwd: place.root });
    expect(status).toBe(0);
  };

  test.each([
    ['a script of Node', ['node', '--v8-pool-size=0', 'many.mjs', 'data']],
    ['a shell', ['sh', 'save.sh']],
  ])('of %s is the trace that the recorder makes: ops, files, contents and acknowledgements', async (_, words) => {
    place.write({ 'many.mjs': MANY });
    mkdirSync(join(place.root, 'data'));
    log(words, 'log');
    const imported = await place.run(['trace', '--strace', 'log', '--dir', 'data', '--output', 'imported.json']);
    expect(imported.stderr).toBe('');
    rmSync(join(place.root, 'data'), { recursive: true });
    const recorded = await place.run(['trace', '--dir', 'data', '--output', 'recorded.json', '--', ...words]);
    expect(recorded.stderr).toBe('');
    const [one, other] = [traceOf('imported.json'), traceOf('recorded.json')];
    expect(one.ops).toEqual(other.ops);
    expect(one.marks).toEqual(other.marks);
    expect(one.contents).toEqual(other.contents);
    expect(one.program).toEqual(other.program);
  });

  test.each([
    ['no directory', ['--strace', 'log'], '--strace needs --dir'],
    ['nothing acknowledged', ['--strace', 'silent', '--dir', 'data'], 'the program never acknowledges anything'],
  ])('is refused with %s', async (_, args, message) => {
    place.write({
      log: '1 open("data/a", O_WRONLY|O_CREAT, 0644) = 3\n1 write(1, "ack a\\n", 6) = 6\n',
      silent: '1 open("data/a", O_WRONLY|O_CREAT, 0644) = 3\n',
    });
    const { exitCode, stderr } = await place.run(['trace', ...args]);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
  });
});
