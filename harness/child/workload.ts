/**
 * Carries out a scenario on a store, in a process that will be killed: `node workload.cjs <cell file> <directory>`.
 *
 * After the steps that come before the crash it says "record from here", and after each further step whether it resolved.
 * To a tracer it speaks in syscalls: a signal to itself, and questions for paths that never exist. Kept small, because it is
 * loaded once for every kill.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BindingRecorder, installBindingRecorder } from '../record/binding/hooks.ts';
import { MARK_PREFIX } from '../record/ptrace/protocol.ts';
import type { ModuleStore } from '../store/define.ts';
import type { Json, Step } from '../trace.ts';
import type { CellFile } from './cell-file.ts';
import { loadBundle } from './load-bundle.ts';

type Recording = BindingRecorder;

declare const require: NodeJS.Require;

/** The hooks lie in a file of their own, so that a child under trace does not load them. */
function recordByBinding(optionsFile: string): Recording {
  const hooks = require(join(__dirname, 'binding-hooks.cjs')) as { installBindingRecorder: typeof installBindingRecorder };
  return hooks.installBindingRecorder(JSON.parse(readFileSync(optionsFile, 'utf8')));
}

function talkToTracer(): Recording {
  return {
    start: () => process.kill(process.pid, 'SIGURG'),
    mark: (kind, step) => existsSync(`${MARK_PREFIX}${kind}/${step}`),
    busy: () => process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq')),
    finish: () => existsSync(`${MARK_PREFIX}finished`),
  };
}

async function carryOut(store: ModuleStore, directory: string, step: Step): Promise<void> {
  if (step.kind === 'save') await store.save(directory, step.value);
  else if (store.update === undefined) throw new Error('the store has no update');
  else await store.update(directory, (value: unknown) => ({ ...(value as { [key: string]: Json }), ...step.add }));
}

/** What it finds was judged before: a load that throws is an answer too. */
async function loadAsRecoveryDoes(store: ModuleStore, directory: string): Promise<void> {
  try {
    await store.load(directory);
  } catch {
    // as above
  }
}

/** Effects that nobody awaited would otherwise fall before or after the recording mark as chance has it. */
async function untilFilesAreIdle(recording: Recording): Promise<void> {
  while (recording.busy()) await new Promise(setImmediate);
}

async function main(cellFile: string, directory: string): Promise<void> {
  const complain = (error: unknown): void => {
    writeFileSync(`${directory}.complaint`, error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  process.on('uncaughtExceptionMonitor', complain);
  const cell = JSON.parse(readFileSync(cellFile, 'utf8')) as CellFile;
  const options = process.env.CRASH_MATRIX_BINDING;
  const recording = options === undefined ? talkToTracer() : recordByBinding(options);
  const store = await loadBundle(cell.bundle);
  for (const step of cell.before) await carryOut(store, directory, step);
  await untilFilesAreIdle(recording);
  recording.start();
  if (cell.loads) await loadAsRecoveryDoes(store, directory);
  for (const [index, step] of cell.steps.entries()) {
    try {
      await carryOut(store, directory, step);
      recording.mark('resolved', index);
    } catch (error) {
      recording.mark('rejected', index, String(error));
      complain(error);
    }
  }
  await store.close?.(directory);
  await untilFilesAreIdle(recording);
  recording.finish();
  process.exit(0);
}

const [cellFile, directory] = process.argv.slice(2);
if (cellFile === undefined || directory === undefined) throw new Error('usage: workload.cjs <cell file> <directory>');
void main(cellFile, directory);
