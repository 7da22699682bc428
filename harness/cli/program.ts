/** The command line as a function: from arguments to an exit code, with what is printed on the way. */
import { Command, Help } from 'commander';
import { findInstallation } from '../machine/installation.ts';
import { COMMANDS } from './all.ts';
import type { CliCommand } from './command.ts';
import { withConfig } from './config-file.ts';
import { exitCodeOf, INTERRUPTED } from './exit-code.ts';
import type { Output } from './output.ts';

/** `args`: as they are typed after `crash-matrix`. */
export async function runProgram(args: readonly string[], output: Output): Promise<number> {
  let exitCode = 0;
  try {
    await parseProgram(args, output, async (command, given, flags) => {
      exitCode = await command.run(given, flags, output);
    });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, output);
  }
}

/**
 * Hands the command that is named its arguments and options. Throws CommanderError.
 * @internal
 */
export async function parseProgram(
  args: readonly string[],
  output: Output,
  run: (command: CliCommand, args: readonly string[], flags: object) => Promise<void>,
): Promise<void> {
  const program = openProgram(output);
  for (const command of COMMANDS) add(program, command, (given, flags) => run(command, given, flags));
  await program.parseAsync(args, { from: 'user' });
}

function openProgram(output: Output): Command {
  const withoutBreak = (text: string): string => text.replace(/\n$/, '');
  return new Command('crash-matrix')
    .description('Finds every point at which a killed process, a power cut, a failing disk or a race makes a file store lose data.')
    .version(findInstallation(import.meta.url).version)
    .configureOutput({ writeOut: (text) => output.print(withoutBreak(text)), writeErr: (text) => output.note(withoutBreak(text)) })
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

Exit codes: 0 every claim kept, 1 a claim broken, 2 usage, 3 this machine cannot do it, 4 the harness contradicts itself, ${INTERRUPTED} interrupted`,
    );
}

function add(
  program: Command,
  { name, description, arguments: expected, options, examples }: CliCommand,
  run: (args: readonly string[], flags: object) => Promise<void>,
): void {
  const added = program.command(name).description(description).allowExcessArguments(false);
  for (const { name: what, description: text, optional, several } of expected) {
    const words = several ? `${what}...` : what;
    added.argument(optional ? `[${words}]` : `<${words}>`, text);
  }
  for (const option of options) added.addOption(option);
  if (examples.length > 0) added.addHelpText('after', ['\nExamples:', ...examples.map((example) => `  ${example}`)].join('\n'));
  added.action(async () => {
    await run(added.args, await withConfig(added, process.cwd()));
  });
}
