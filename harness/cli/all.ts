/** The commands, in the order of `crash-matrix --help`. */
import type { CliCommand } from './command.ts';
import { completionCommand } from './completion-command.ts';
import { diagnoseCommand } from './diagnose-command.ts';
import { doctorCommand } from './doctor-command.ts';
import { initCommand } from './init-command.ts';
import { mendCommand } from './mend-command.ts';
import { mergeCommand } from './merge-command.ts';
import { replayCommand } from './replay-command.ts';
import { runCommand } from './run-command.ts';
import { showCommand } from './show-command.ts';
import { traceCommand } from './trace-command.ts';

const COMPLETED: readonly CliCommand[] = [
  runCommand,
  replayCommand,
  diagnoseCommand,
  traceCommand,
  mendCommand,
  mergeCommand,
  showCommand,
  doctorCommand,
  initCommand,
];

export const COMMANDS: readonly CliCommand[] = [...COMPLETED, completionCommand(COMPLETED)];
