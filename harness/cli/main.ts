#!/usr/bin/env node
/** The command line: arguments, exit codes, and how errors are printed. */
import { Command, CommanderError, Help } from 'commander';
import { createColors } from 'picocolors';
import { HarnessError, InterruptedError, UnavailableError, UsageError } from '../domain/errors.ts';
import { findInstallation } from '../machine/installation.ts';
import { COMMANDS } from './all.ts';
import type { CliCommand } from './command.ts';
import { openOutput } from './output.ts';

const output = openOutput();

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

for (const command of COMMANDS) add(command);

function add({ name, description, arguments: expected, options, examples, surplus, run }: CliCommand): void {
  const added = program
    .command(name)
    .description(description)
    .allowExcessArguments(surplus !== undefined);
  for (const argument of expected) added.argument(`<${argument.name}>`, argument.description);
  for (const option of options) added.addOption(option);
  if (examples.length > 0) added.addHelpText('after', ['\nExamples:', ...examples.map((example) => `  ${example}`)].join('\n'));
  added.action(async () => {
    const stray = added.args[expected.length];
    if (surplus !== undefined && stray !== undefined) throw surplus(stray);
    process.exitCode = await run(added.args, added.opts(), output);
  });
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  const colors = createColors(output.colors);
  const complain = (text: string): void => output.note(`${colors.red('crash-matrix:')} ${text}`);
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  if (error instanceof UsageError) {
    complain(error.message);
    if (error.detail !== undefined) output.note(error.detail);
    return 2;
  }
  if (error instanceof UnavailableError) {
    complain(error.message);
    return 3;
  }
  if (error instanceof InterruptedError) {
    complain(error.message);
    process.exit(130); // what went on in the background has nothing left to work with
  }
  complain(
    error instanceof HarnessError
      ? `the harness contradicts itself: ${error.message}`
      : `the harness failed: ${error instanceof Error ? error.stack : String(error)}`,
  );
  return 4;
}
