/** What programs that carry out a scenario have in common: its steps, and how they speak to whoever records them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleStore } from '../domain/store.ts';
import type { Json } from '../domain/trace.ts';
import type { CellStep } from '../protocol/cell-file.ts';
import type { BindingRecorder, installBindingRecorder } from '../record/binding/hooks.ts';
import { MARK_PREFIX } from '../record/ptrace/protocol.ts';

type Recording = BindingRecorder;

declare const require: NodeJS.Require;

/**
 * The recorder of this process. To a tracer it speaks in syscalls: a signal to itself, and questions for paths that never exist.
 * `CRASH_MATRIX_BINDING` names the instructions of the binding recorder, where that is the one.
 */
export function recordingHere(): Recording {
  const options = process.env.CRASH_MATRIX_BINDING;
  return options === undefined ? talkToTracer() : recordByBinding(options);
}

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

export async function carryOut(store: ModuleStore, directory: string, step: CellStep): Promise<void> {
  if (step.kind === 'save') await store.save(directory, step.value);
  else if (step.kind === 'load') await loadAsRecoveryDoes(store, directory);
  else if (store.update === undefined) throw new Error('the store has no update');
  else await store.update(directory, (value: unknown) => ({ ...(value as { [key: string]: Json }), ...step.add }));
}

/** What it finds was judged before: a load that throws is an answer too. */
export async function loadAsRecoveryDoes(store: ModuleStore, directory: string): Promise<void> {
  try {
    await store.load(directory);
  } catch {
    // as above
  }
}

/** Effects that nobody awaited would otherwise fall before or after the recording mark as chance has it. */
export async function untilFilesAreIdle(recording: Recording): Promise<void> {
  while (recording.busy()) await new Promise(setImmediate);
}

/** The steps that are recorded, each with how it settled. */
export async function carryOutRecorded(
  store: ModuleStore,
  directory: string,
  steps: readonly CellStep[],
  recording: Recording,
  complain: (error: unknown) => void,
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    try {
      await carryOut(store, directory, step);
      recording.mark('resolved', index);
    } catch (error) {
      recording.mark('rejected', index, String(error));
      complain(error);
    }
  }
}
