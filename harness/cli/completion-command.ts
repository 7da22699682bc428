/** `crash-matrix completion <shell>`: prints the script that completes its command lines. */
import { builtInScenarios } from '../../scenarios/all.ts';
import { UsageError } from '../domain/errors.ts';
import { didYouMean } from '../domain/nearest.ts';
import { MODEL_NAMES } from '../models/all.ts';
import { REPORTERS } from '../report/all.ts';
import { BUILT_IN_STORES } from '../store/catalogue.ts';
import type { CliCommand } from './command.ts';
import { completionScript, SHELLS } from './completion.ts';

const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);

/** It completes the commands in this list, and itself. */
export function completionCommand(others: readonly CliCommand[]): CliCommand {
  const command: CliCommand = {
    name: 'completion',
    description: 'prints a script that completes command lines in bash, zsh or fish',
    arguments: [{ name: 'shell', description: SHELLS.join(', ') }],
    options: [],
    examples: ['crash-matrix completion bash >> ~/.bashrc', 'crash-matrix completion fish > ~/.config/fish/completions/crash-matrix.fish'],
    run: async ([wanted = ''], _, output) => {
      const shell = SHELLS.find((one) => one === wanted);
      if (shell === undefined) throw new UsageError(didYouMean('shell', wanted, SHELLS));
      const listed = {
        '--store': names(BUILT_IN_STORES),
        '--scenario': names(builtInScenarios(0)),
        '--model': MODEL_NAMES,
        '--reporter': names(REPORTERS),
      };
      output.print(completionScript(shell, [...others, command], listed));
      return 0;
    },
  };
  return command;
}
