/** From an error to the exit code of a command, with what is printed of it. */
import { CommanderError } from 'commander';
import { createColors } from 'picocolors';
import { HarnessError, InterruptedError, UnavailableError, UsageError } from '../domain/errors.ts';
import { WriteError } from '../machine/replace-file.ts';
import type { Output } from './output.ts';

/** The exit code of a run that a signal ended. */
export const INTERRUPTED = 130;

/** Prints what went wrong, and what to do next. */
export function exitCodeOf(error: unknown, output: Output): number {
  const colors = createColors(output.colors);
  const complain = (text: string): void => output.note(`${colors.red('crash-matrix:')} ${text}`);
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  if (error instanceof UsageError) {
    complain(error.message);
    if (error.detail !== undefined) output.note(error.detail);
    return 2;
  }
  if (error instanceof UnavailableError || error instanceof WriteError) {
    complain(error.message);
    return 3;
  }
  if (error instanceof InterruptedError) {
    complain(error.message);
    return INTERRUPTED;
  }
  complain(
    error instanceof HarnessError
      ? `the harness contradicts itself: ${error.message}`
      : `the harness failed: ${error instanceof Error ? error.stack : String(error)}`,
  );
  return 4;
}
