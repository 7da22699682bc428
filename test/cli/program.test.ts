/** Exit codes, and words for those who mistyped: all that is decided before a process is started. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { runProgram } from '../../harness/cli/program.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { freshDirectory } from '../lab/temporary.ts';

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], colors = false): Promise<Ended> {
  const [printed, noted]: [string[], string[]] = [[], []];
  const print = (text: string): void => void printed.push(`${text}\n`);
  const note = (text: string): void => void noted.push(`${text}\n`);
  const exitCode = await runProgram(args, { columns: 100, colors, print, note });
  return { exitCode, stdout: printed.join(''), stderr: noted.join('') };
}

describe('exit 2, and what would have been right', () => {
  test.each<{ args: string; message: string }>([
    { args: 'frobnicate', message: `error: unknown command 'frobnicate'` },
    { args: 'run surplus', message: '"surplus" is taken for a program, which needs --dir' },
    { args: 'run --output-dir out', message: '--output-dir has nothing to hold' },
    { args: 'run --store', message: `argument missing` },
    { args: 'run --preemptions 0', message: 'It must be a whole number of 1 or more' },
    { args: 'run --reporter jsn', message: 'unknown reporter "jsn"; did you mean json?' },
    { args: 'run --reporter json,markdown', message: 'several reporters need --output-dir' },
    { args: 'run --recorder strace', message: 'Allowed choices are ptrace, binding' },
    { args: 'run --fault renam:*.tmp', message: 'unknown call "renam"; did you mean rename or read?' },
    { args: 'run --fault unlock', message: 'unknown call "unlock"; did you mean lock or unlink?' },
    { args: 'run --fault rename=EXDEF', message: 'unknown errno of rename "EXDEF"; did you mean EXDEV?' },
    { args: 'run --fault rename --model power-loss:xfs', message: '--fault chooses failing calls, and in power-loss:xfs no call fails' },
    { args: 'run --timeout 0', message: 'It must be a number greater than 0' },
    { args: 'run --seed 1.5', message: 'It must be a whole number' },
    { args: 'replay', message: `error: missing required argument 'case-id'` },
    { args: 'replay nonsense', message: '"nonsense" is no case id' },
    { args: 'replay ../../x', message: '"../../x" is no case id' },
    { args: 'replay rename-away/replace/power@1', message: 'unknown model "power"' },
    { args: 'replay ten/replace/io-error@1~EFOO', message: 'is no case id' },
    { args: 'replay resurrects/histories/process-kill@1~history=x9', message: 'is no case id' },
  ])('$args', async ({ args, message }) => {
    const { exitCode, stdout, stderr } = await run(args.split(' '));
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });

  test('a case is kept in no file, and in no directory that holds something', async () => {
    const root = freshDirectory();
    const [file, full] = [join(root, 'file'), join(root, 'full')];
    writeFileSync(file, '');
    mkdirSync(join(full, 'something'), { recursive: true });
    const keepIn = (directory: string): Promise<Ended> => run(['replay', 'in-place/replace/process-kill@1', '--keep', directory]);
    const [inFile, inFull] = [await keepIn(file), await keepIn(full)];
    expect(inFile.stderr).toContain(`--keep ${file}: nothing can be written there: it is a file`);
    expect(inFull.stderr).toContain(`--keep ${full}: the directory is not empty`);
    expect([inFile.exitCode, inFull.exitCode]).toEqual([2, 2]);
  });

  test('in colours, where they are wanted', async () => {
    expect((await run(['replay', 'nonsense'])).stderr).not.toContain('\u001b[');
    expect((await run(['replay', 'nonsense'], true)).stderr).toContain('\u001b[31mcrash-matrix:');
  });
});

describe('exit 0', () => {
  test.each<{ args: string; shows: string }>([
    { args: '--help', shows: 'Exit codes: 0 every claim kept' },
    { args: 'run --help', shows: 'crash-matrix run --store rename-away' },
    { args: 'replay --help', shows: '--keep <dir>' },
    { args: 'run --help', shows: 'quick 200, standard 2,000' },
    { args: 'replay --help', shows: 'are judged (default: 10,000)' },
  ])('$args: $shows', async ({ args, shows }) => {
    expect(await run(args.split(' '))).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(shows), stderr: '' });
  });

  test('--version', async () => {
    expect(await run(['--version'])).toEqual({ exitCode: 0, stdout: `${findInstallation(import.meta.url).version}\n`, stderr: '' });
  });
});

describe('exit 3', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each(['run --store in-place', 'replay in-place/replace/process-kill@1', 'doctor'])(
    '%s where the temporary directory is a file',
    async (args) => {
      const file = join(freshDirectory(), 'file');
      writeFileSync(file, '');
      vi.stubEnv('TMPDIR', file);
      const { exitCode, stderr } = await run(args.split(' '));
      expect(stderr).toMatch(/^crash-matrix: no work can be done in the temporary directory \S+file: ENOTDIR.*; set TMPDIR to another$/m);
      expect(exitCode).toBe(3);
    },
  );
});
