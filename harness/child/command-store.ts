/** Turns a store given as commands into a store given as functions. */
import { spawnSync } from 'node:child_process';
import type { CommandStore, StoreCalls } from '../domain/store.ts';

/** Limit for the output of a loadCommand, in bytes: more than any value that a scenario saves. */
const OUTPUT_BYTES = 256 << 20;

export function commandStore(store: CommandStore): StoreCalls {
  const run = (command: readonly string[], directory: string, input: string): string => {
    const [file = '', ...args] = command.map((argument) => argument.replaceAll('{dir}', directory));
    const result = spawnSync(file, args, { input, encoding: 'utf8', maxBuffer: OUTPUT_BYTES });
    if (result.error !== undefined) throw result.error;
    if (result.status !== 0)
      throw new Error(`${file} ended with ${result.signal ?? `exit code ${result.status}`}: ${result.stderr.trim().slice(-2000)}`);
    return result.stdout;
  };
  return {
    ...(store.empty !== undefined && { empty: store.empty }),
    onlyOnce: true,
    save: (directory, value) => void run(store.saveCommand, directory, JSON.stringify(value)),
    load: (directory) => {
      const output = run(store.loadCommand, directory, '');
      return output.trim() === '' ? undefined : JSON.parse(output);
    },
  };
}
