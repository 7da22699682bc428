/** What runs in the children of these tests: `node child.cjs <what> <directory>`, with the hooks bundled beside it. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { installBindingRecorder } from '../../../harness/record/binding/hooks.ts';

declare const require: NodeJS.Require;

interface Step {
  readonly before?: (directory: string) => unknown;
  readonly run: (directory: string) => unknown;
}

async function main(module: string, directory: string): Promise<void> {
  const hooks = require(join(__dirname, 'hooks.cjs')) as { installBindingRecorder: typeof installBindingRecorder };
  const recorder = hooks.installBindingRecorder(JSON.parse(readFileSync(process.env.CRASH_MATRIX_BINDING as string, 'utf8')));
  const { steps } = require(module) as { steps: readonly Step[] };
  const own = steps.length > 1;
  const directoryOf = (step: number): string => (own ? join(directory, `step-${step}`) : directory);
  for (const [step, { before }] of steps.entries()) {
    if (own) mkdirSync(directoryOf(step));
    await before?.(directoryOf(step));
  }
  recorder.start();
  for (const [step, { run }] of steps.entries()) {
    try {
      await run(directoryOf(step));
      recorder.mark('resolved', step);
    } catch (error) {
      recorder.mark('rejected', step, String(error));
    }
  }
  while (recorder.busy()) await new Promise(setImmediate);
  recorder.finish();
  process.exit(0);
}

const [module, directory] = process.argv.slice(2);
if (module === undefined || directory === undefined) throw new Error('usage: child.cjs <module> <directory>');
void main(module, directory);
