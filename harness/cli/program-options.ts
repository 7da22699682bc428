/** The options that give a program in place of a store: `--dir D [--setup C] [--check C] -- <command…>`. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { Option } from 'commander';
import { UsageError } from '../domain/errors.ts';
import type { Program } from '../domain/program.ts';
import { quoted } from '../domain/words.ts';

export interface ProgramFlags {
  readonly dir?: string;
  readonly setup?: string;
  readonly check?: string;
}

export const programOptions = (): Option[] => [
  new Option('--dir <dir>', 'run a program in place of a store, given after --: the directory that it changes; it runs in copies'),
  new Option('--setup <command>', 'run once, to make what each run of the program starts with'),
  new Option('--check <command>', 'says what is there after a crash (default: the program is run again)'),
];

/** The words after `--`, for a command that takes a program. */
export const COMMAND_WORDS = {
  name: 'command',
  description: 'a program with its arguments, after --; {dir} stands for its directory',
  optional: true,
  several: true,
} as const;

/** The program of a command line; undefined where none is given. `env`: where it is looked for. Throws `UsageError`. */
export function programIn(
  words: readonly string[],
  { dir, setup, check, store }: ProgramFlags & { readonly store: readonly string[] },
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Program | undefined {
  const [name, ...args] = words;
  const [option] = Object.entries({ '--dir': dir, '--setup': setup, '--check': check }).find(([, value]) => value !== undefined) ?? [];
  if (name === undefined) {
    if (option === undefined) return undefined;
    throw new UsageError(
      `${option} is for a program, and none is given`,
      'Give it after --: crash-matrix run --dir data -- python3 save.py data',
    );
  }
  if (dir === undefined)
    throw new UsageError(
      `"${name}" is taken for a program, which needs --dir`,
      `A store is named by an option: crash-matrix run --store ${name}\nA program: crash-matrix run --dir data -- ${words.map(quoted).join(' ')}`,
    );
  if (store.length > 0)
    throw new UsageError('run takes either stores or a program, and was given both', 'Leave out --store, or --dir and the program.');
  const directory = resolve(cwd, dir);
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isDirectory())
    throw new UsageError(`--dir ${dir} is no directory`, 'Name the directory that holds the file.');
  if (!isProgram(name, cwd, env.PATH ?? ''))
    throw new UsageError(
      `the program ${name} is not found, or may not be run`,
      name.includes('/')
        ? `Looked for ${resolve(cwd, name)}.`
        : 'Looked for it in PATH. A file here is named with its directory: ./save.sh',
    );
  return { command: [name, ...args], directory, cwd, ...(setup !== undefined && { setup }), ...(check !== undefined && { check }) };
}

function isProgram(name: string, cwd: string, path: string): boolean {
  const places = name.includes('/') ? [resolve(cwd, name)] : path.split(delimiter).map((directory) => join(resolve(cwd, directory), name));
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK);
      return statSync(place).isFile();
    } catch {
      return false;
    }
  });
}
