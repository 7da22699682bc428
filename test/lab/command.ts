/** The built command line, run in a directory of its own with a temporary directory of its own. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, vi } from 'vitest';
import { type Result, resultSchema } from '../../harness/domain/result.ts';
import { findInstallation } from '../../harness/machine/installation.ts';
import { processesWith } from './processes.ts';
import { temporaryDirectory } from './temporary.ts';

const installation = findInstallation(import.meta.url);

interface CommandOptions {
  readonly env?: { readonly [name: string]: string };
  readonly cwd?: string;
  /** Another temporary directory than that of the place. */
  readonly tmp?: string;
  /** Another installation: see `copyInstallation`. */
  readonly root?: string;
}

interface Ended {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  /** The working directory of commands. Unless they are given a `--cache-dir`, `run` reuses no cells: tests are about what runs. */
  readonly root: string;
  write(files: { readonly [path: string]: string }): void;
  run(args: readonly string[], options?: CommandOptions): Promise<Ended>;
  /** The same, while it runs. */
  start(args: readonly string[], options?: CommandOptions): Running;
  /** `run --reporter json` with all cases, of real kills unless another model is named, of one crash unless of two: its exit code and its result. */
  result(args: readonly string[], options?: CommandOptions): Promise<{ readonly exitCode: number | undefined; readonly result: Result }>;
  /** A temporary directory for one command. */
  tmp(): string;
  close(): void;
}

type Running = ReturnType<typeof startCommand>;

function startCommand(cli: string, args: readonly string[], cwd: string, env: { readonly [name: string]: string }) {
  return execa(process.execPath, [cli, ...args], {
    cwd,
    env,
    reject: false,
    extendEnv: false,
    stdin: 'ignore',
    forceKillAfterDelay: false,
  });
}

export function openPlace(): Place {
  const root = temporaryDirectory();
  const temporary: string[] = [];
  let count = 0;
  const tmp = (): string => {
    count += 1;
    const directory = join(root, `tmp-${count}`);
    mkdirSync(directory);
    temporary.push(directory);
    return directory;
  };
  const start: Place['start'] = (args, options = {}) => {
    const cli = join(options.root ?? installation.root, 'dist/cli.js');
    const env = { PATH: process.env.PATH ?? '', TMPDIR: options.tmp ?? tmp(), ...options.env };
    const [command, ...rest] = args;
    const all = command === 'run' && !args.includes('--cache-dir') ? [command, '--no-cache', ...rest] : args;
    return startCommand(cli, all, options.cwd ?? root, env);
  };
  const run: Place['run'] = async (args, options) => {
    const { exitCode, stdout, stderr } = await start(args, options);
    return { exitCode, stdout: String(stdout), stderr: String(stderr) };
  };
  return {
    root,
    tmp,
    write: (files) => {
      for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
    },
    start,
    run,
    result: async (args, options) => {
      const model = args.includes('--model') ? [] : ['--model', 'process-kill'];
      const depth = args.includes('--depth') ? [] : ['--depth', '1'];
      const { exitCode, stdout, stderr } = await run(['run', '--reporter', 'json', '--all-cases', ...model, ...depth, ...args], options);
      if (stdout === '') throw new Error(stderr);
      return { exitCode, result: resultSchema.parse(JSON.parse(stdout)) };
    },
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Holds once a command is over: its temporary directory is empty, and no process is left that has it in its environment. */
export async function expectNothingLeft(tmp: string): Promise<void> {
  expect(readdirSync(tmp)).toEqual([]);
  // Killed processes may take a moment to go; they must not come back with files.
  await vi.waitFor(() => expect(processesWith('TMPDIR', tmp)).toEqual([]), { timeout: 120_000 });
  expect(readdirSync(tmp)).toEqual([]);
}

/** `store/scenario` -> what stands in the cell. */
export function cellsOf<T>({ cells }: Result, what: (cell: Result['cells'][number]) => T): { [cell: string]: T } {
  return Object.fromEntries(cells.map((cell) => [`${cell.store}/${cell.scenario}`, what(cell)]));
}

/** How many children were killed for a cell. */
export const killsIn = ({ tried }: Result['cells'][number]): number => (tried?.kind === 'kills' ? tried.kills : Number.NaN);

/** An installation that may be spoilt: its own built files and sources, and the packages of this one. */
export function copyInstallation(below: string): { readonly root: string; edit(file: string, from: string, to: string): void } {
  const root = join(below, 'installation');
  mkdirSync(root);
  for (const part of ['dist', 'src', 'harness/store', 'harness/machine', 'package.json', 'scenarios'])
    cpSync(join(installation.root, part), join(root, part), { recursive: true });
  symlinkSync(join(installation.root, 'node_modules'), join(root, 'node_modules'));
  return {
    root,
    edit: (file, from, to) => {
      const text = readFileSync(join(root, file), 'utf8');
      if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
      writeFileSync(join(root, file), text.replaceAll(from, to));
    },
  };
}

/** A store in ten lines, as most programs have it. */
export const TEN_LINES = `
const fs = require('node:fs');
const { join } = require('node:path');
module.exports = {
  save: (dir, value) => fs.writeFileSync(join(dir, 'value.json'), JSON.stringify(value)),
  load: (dir) => {
    if (!fs.existsSync(join(dir, 'value.json'))) return {};
    return JSON.parse(fs.readFileSync(join(dir, 'value.json'), 'utf8'));
  },
};
`;

/** Replaces its file by a rename, and forces nothing: a kill loses nothing, and a power cut does where the rename lands before the data. */
export const UNSYNCED = `
const fs = require('node:fs');
module.exports = {
  save: (dir, value) => {
    fs.writeFileSync(dir + '/value.tmp', JSON.stringify(value));
    fs.renameSync(dir + '/value.tmp', dir + '/value');
  },
  load: (dir) => fs.existsSync(dir + '/value') ? JSON.parse(fs.readFileSync(dir + '/value', 'utf8')) : {},
};
`;
