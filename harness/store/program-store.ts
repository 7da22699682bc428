/** A command line as a store: what it is called, what it goes through, and that it stands for itself. */
import { existsSync } from 'node:fs';
import { basename, extname, relative, resolve } from 'node:path';
import type { LoadedStore } from '../domain/loaded-store.ts';
import type { Program } from '../domain/program.ts';
import type { Scenario } from '../domain/scenario.ts';
import type { Abilities } from '../domain/store.ts';

/** What every program goes through: its steps are what it acknowledges. */
export const COMMAND_LINE: Scenario = {
  name: 'command',
  catches: 'a crash anywhere between the start of the program and its end',
  before: [],
  steps: [],
  next: null,
};

/** Each name that it acknowledges is promised by itself. */
export const OF_A_PROGRAM: Abilities = { contract: 'map', updates: false, deletes: false };

/** Of a command line that was typed. */
export function programStore(program: Program): LoadedStore {
  const { directory, cwd, setup, check, command } = program;
  return {
    name: nameOf(program),
    argument: nameOf(program),
    commandLine: [
      '--dir',
      relative(cwd, directory) || '.',
      ...(setup === undefined ? [] : ['--setup', setup]),
      ...(check === undefined ? [] : ['--check', check]),
      '--',
      ...command,
    ],
    bundle: '',
    kind: 'program',
    program,
    readsTimes: true,
    abilities: OF_A_PROGRAM,
    ignore: [],
    claims: {},
    knownBugs: {},
    scenarios: [COMMAND_LINE],
    env: {},
  };
}

/** After the script that it runs, or after the program itself. */
function nameOf({ command, cwd }: Program): string {
  const [program, ...args] = command;
  const script = args.find((word) => /^[^-].*\./.test(basename(word)) && existsSync(resolve(cwd, word)));
  const name = basename(script ?? program);
  return (
    name
      .slice(0, name.length - extname(name).length)
      .replace(/[^\w.-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '') || 'program'
  );
}
