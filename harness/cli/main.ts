#!/usr/bin/env node
/** The command line: arguments, exit codes, and how errors are told. */
import { Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';
import { createColors } from 'picocolors';
import { HarnessError, InterruptedError, UnavailableError, UsageError } from '../domain/errors.ts';
import { HISTORIES_PER_CELL } from '../generate/draw.ts';
import { findInstallation } from '../machine/installation.ts';
import { STATES_PER_CELL } from '../models/power-loss/loss-states.ts';
import { doctorCommand } from './doctor-command.ts';
import { openOutput } from './output.ts';
import { type ReplayFlags, replayCommand } from './replay-command.ts';
import { type RunFlags, runCommand } from './run-command.ts';

const output = openOutput();

const several = (value: string, before: readonly string[]): string[] => [...before, ...value.split(',').map((name) => name.trim())];

function positive(value: string): number {
  const number = Number(value);
  if (!Number.isFinite(number) || number <= 0) throw new InvalidArgumentError('It must be a number greater than 0.');
  return number;
}

function atLeastOne(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number of 1 or more.');
  return number;
}

function whole(value: string): number {
  if (!/^-?\d+$/.test(value)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
}

const recorder = (): Option =>
  new Option('--recorder <name>', 'how ops are recorded (default: ptrace where it works)').choices(['ptrace', 'binding']);
const timeout = (): Option => new Option('--timeout <seconds>', 'limit for each load and each save').argParser(positive).default(10);

const list = (flags: string, description: string, all: string): Option =>
  new Option(flags, `${description}; repeat for more`).argParser(several).default([], all);
const seed = (): Option =>
  new Option('--seed <number>', 'for all that is drawn: sampled states, random histories').argParser(whole).default(0);
const states = (): Option =>
  new Option('--states <number>', 'distinct states of power loss per cell up to which all are judged')
    .argParser(atLeastOne)
    .default(STATES_PER_CELL);

const program = new Command('crash-matrix')
  .description('Finds every point at which a killed process, a power cut, a failing disk or a race makes a file store lose data.')
  .version(findInstallation(import.meta.url).version)
  .configureHelp({
    showGlobalOptions: true,
    optionDescription: (option) => new Help().optionDescription(option).replace(' (default: false)', ''),
  })
  .showHelpAfterError('(add --help for more)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Examples:
  crash-matrix run                                  every built-in store, every scenario
  crash-matrix run --store ./notes.ts               your own store: export default { save, load }
  crash-matrix replay notes/replace/process-kill@4  one case again, with its timeline

Exit codes: 0 every claim kept, 1 a claim broken, 2 usage, 3 this machine cannot do it, 4 the harness contradicts itself, 130 interrupted`,
  );

program
  .command('run')
  .description('run stores through scenarios: crash them at every boundary, fail each call, let tasks race')
  .addOption(list('--store <name or file>', 'a built-in store, or a file with your own', 'all built-in ones'))
  .addOption(list('--scenario <name>', 'what the store goes through', 'all that the store supports'))
  .addOption(
    list(
      '--model <name>',
      'process-kill, power-loss, power-loss:xfs, power-cut, io-error, io-error:windows, interleaving or race',
      'all that need no root',
    ),
  )
  .addOption(list('--reporter <name>', 'terminal, json or markdown', 'terminal'))
  .option('--output-dir <dir>', 'where json and markdown are written')
  .addOption(recorder())
  .addOption(timeout())
  .option('--observe', 'take the states from one run by copying, instead of killing a child for each', false)
  .option('--all-cases', 'every case in the JSON, not only violations', false)
  .option('--bail', 'after a broken claim start no further cell', false)
  .option('--list', 'print the cells and run nothing', false)
  .addOption(seed())
  .addOption(states())
  .addOption(
    new Option('--depth <crashes>', 'crashes in a row: with 2, what recovers from the first is crashed as well')
      .choices(['1', '2'])
      .default('2'),
  )
  .addOption(
    new Option('--preemptions <number>', 'race: switches from a process that could go on, in one run').argParser(atLeastOne).default(1),
  )
  .addOption(new Option('--histories <number>', 'random histories per cell').argParser(atLeastOne).default(HISTORIES_PER_CELL))
  .option('--strict', 'hold every claim where it is only shown too: power loss on posix and ext4-noauto, io-error:windows', false)
  .addHelpText(
    'after',
    `
Examples:
  crash-matrix run --store rename-away --scenario replace
  crash-matrix run --store ./notes.ts --model power-loss:ext4 --model power-loss:xfs
  sudo crash-matrix run --store ./notes.ts --model power-cut
  crash-matrix run --store ./notes.ts --model io-error,interleaving,race
  crash-matrix run --store ./notes.ts --scenario histories --histories 500 --seed 7
  crash-matrix run --store ./notes.ts --reporter terminal,json --output-dir report`,
  )
  .allowExcessArguments()
  .action(async (flags: RunFlags, { args: [stray] }: Command) => {
    if (stray !== undefined)
      throw new UsageError(
        `run takes no arguments, and was given "${stray}"`,
        `A store is named by an option: crash-matrix run --store ${stray}`,
      );
    process.exitCode = await runCommand(flags, output);
  });

program
  .command('replay')
  .description('bring one case about again: its timeline, its directory, and what load finds')
  .argument('<case-id>', 'as a failure prints it')
  .option('--store <file>', 'the file of the store, if it is not a built-in one')
  .option('--keep <dir>', 'leave the directory as the crash left it here')
  .addOption(recorder())
  .addOption(timeout())
  .addOption(seed())
  .addOption(states())
  .addHelpText(
    'after',
    '\nExamples:\n  crash-matrix replay rename-away/replace/process-kill@14 --keep /tmp/case\n  crash-matrix replay in-place/replace/power-loss:xfs@8~lost=7\n  crash-matrix replay copy-then-replace/update/io-error@8~EMFILE',
  )
  .action(async (id: string, flags: ReplayFlags) => {
    process.exitCode = await replayCommand(id, flags, output);
  });

program
  .command('doctor')
  .description('which recorders and models work on this machine, and why not')
  .action(async () => {
    process.exitCode = await doctorCommand(output);
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  const colors = createColors(output.colors);
  const tell = (text: string): void => output.note(`${colors.red('crash-matrix:')} ${text}`);
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  if (error instanceof UsageError) {
    tell(error.message);
    if (error.detail !== undefined) output.note(error.detail);
    return 2;
  }
  if (error instanceof UnavailableError) {
    tell(error.message);
    return 3;
  }
  if (error instanceof InterruptedError) {
    tell(error.message);
    process.exit(130); // what went on in the background has nothing left to work with
  }
  tell(
    error instanceof HarnessError
      ? `the harness contradicts itself: ${error.message}`
      : `the harness failed: ${error instanceof Error ? error.stack : String(error)}`,
  );
  return 4;
}
