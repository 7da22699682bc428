/**
 * What the runs of a program are started with: a copy of what it begins with, on a stage of its own, and files for what it prints.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../domain/errors.ts';
import { DIRECTORY_VARIABLE, type Program, withDirectory } from '../domain/program.ts';
import type { Tree } from '../domain/trace.ts';
import { buildTree, scanTree } from '../domain/tree.ts';
import { inShell, runCommand } from '../machine/run-command.ts';
import { layOut } from '../machine/stage.ts';
import { inCopy, troubleIn } from '../recover/program-recovery.ts';
import type { Bench } from './bench.ts';
import type { Run } from './workload-runs.ts';

/** What is in the directory that was named. Throws `UsageError` where it cannot be read. */
function readable(directory: string): Tree {
  try {
    return scanTree(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new UsageError(
      `--dir ${directory} cannot be read: ${(error as Error).message}`,
      'The program runs in copies of it: name a directory of which you may read all.',
    );
  }
}

export interface ProgramRunsOptions {
  readonly env: { readonly [name: string]: string };
  /** Limit for each run, in ms. */
  readonly timeoutMs: number;
}

const ERRORS = 'errors';

/** What is in the directory, after the setup. Throws `UsageError` where that fails. */
export async function startOf(program: Program, makeDirectory: () => string, { env, timeoutMs }: ProgramRunsOptions): Promise<Tree> {
  if (program.start !== undefined) return program.start;
  const before = readable(program.directory);
  if (program.setup === undefined) return before;
  const { setup } = program;
  return inCopy(program, before, makeDirectory, async ({ cwd, directory, notes }) => {
    const variables = { ...env, [DIRECTORY_VARIABLE]: directory };
    const end = await runCommand({ command: inShell(withDirectory(setup, directory)), cwd, env: variables, notes, timeoutMs });
    const trouble = troubleIn(end, timeoutMs);
    if (trouble === undefined) return scanTree(directory);
    throw new UsageError(
      `the setup ${trouble}`,
      `It was run as: ${setup}\nIn a copy of ${program.directory}, which it must bring into the state that each run starts with.`,
    );
  });
}

/** Its functions are given away one by one, as what a bench offers. */
export class ProgramRuns {
  readonly #program: Program;
  readonly #start: Tree;
  readonly #root: string;
  readonly #options: ProgramRunsOptions;
  #runs = 0;

  constructor(program: Program, start: Tree, root: string, options: ProgramRunsOptions) {
    this.#program = program;
    this.#start = start;
    this.#root = root;
    this.#options = options;
  }

  readonly prepare: Bench['prepare'] = () => this.#run();

  readonly prepareQuit: Bench['prepareQuit'] = () => this.#run();

  readonly prepareFaults: Bench['prepareFaults'] = (runs) => {
    if (runs !== 1) throw new Error('a program has each run to itself');
    const { directory, ...run } = this.#run();
    return { ...run, directories: [directory] };
  };

  /** What it printed on its standard error. */
  readonly complaint: Bench['complaint'] = (directory) => {
    const place = this.#places.get(directory);
    const text = place === undefined ? '' : readFileSync(join(place, ERRORS), 'utf8').trim();
    return text === '' ? undefined : text;
  };

  /** The place of each directory: a stage has its own depth. */
  readonly #places = new Map<string, string>();

  #run(): Run {
    this.#runs += 1;
    const place = join(this.#root, `${this.#runs}`); // short: a socket in TMPDIR has a path of at most 107 bytes
    mkdirSync(place); // fails when the workspace is gone: an interrupted run must not bring it back
    const { cwd, directory } = layOut(place, this.#program);
    buildTree(this.#start, directory);
    const [spool, input, temporary] = [join(place, 'spool'), join(place, 'input'), join(place, 'tmp')];
    mkdirSync(spool);
    mkdirSync(temporary);
    writeFileSync(input, '');
    this.#places.set(directory, place);
    const command = this.#program.command.map((word) => withDirectory(word, directory));
    return {
      args: [],
      program: { command, cwd, input, output: join(place, 'output'), errors: join(place, ERRORS) },
      directory,
      spool,
      env: { ...this.#options.env, [DIRECTORY_VARIABLE]: directory, TMPDIR: temporary }, // what a killed program leaves there goes with it
      timeoutMs: this.#options.timeoutMs,
    };
  }
}
