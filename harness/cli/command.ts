/** What a command of `crash-matrix` is. A new one is one file that exports a `CliCommand`, and one line in `all.ts`. */
import type { Option } from 'commander';
import type { Output } from './output.ts';

// biome-ignore lint/suspicious/noExplicitAny: a list of commands holds commands of any flags, and each one runs with its own.
export interface CliCommand<Flags = any> {
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly CommandArgument[];
  readonly options: readonly Option[];
  /** Whole command lines. */
  readonly examples: readonly string[];
  /** Returns the exit code. */
  readonly run: (args: readonly string[], flags: Flags, output: Output) => Promise<number>;
}

interface CommandArgument {
  readonly name: string;
  readonly description: string;
  /** Only the last may be. */
  readonly optional?: true;
  /** One or more (any number if it is `optional`), and nothing after them. */
  readonly several?: true;
}
