/** Shared by the programs that carry out a scenario: its steps, and the connection to the recorder. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreCalls } from '../domain/store.ts';
import type { CellFile, CellStep } from '../protocol/cell-file.ts';
import type { BindingRecorder, installBindingRecorder } from '../record/binding/hooks.ts';
import { MARK_PREFIX } from '../record/ptrace/protocol.ts';
import { carryOut as carryOutStep } from '../store/calls.ts';

interface Recording extends BindingRecorder {
  /** The process has learned that it is to quit. */
  learned(): void;
}

declare const require: NodeJS.Require;

/**
 * The recorder of this process. A tracer is addressed by syscalls: a signal to this process, and look-ups of paths that never exist.
 * For the binding recorder, `CRASH_MATRIX_BINDING` is the path of its options.
 */
export function recordingHere(): Recording {
  const options = process.env.CRASH_MATRIX_BINDING;
  return options === undefined ? talkToTracer() : recordByBinding(options);
}

/** The hooks are a separate file, so that a traced child does not load them. */
function recordByBinding(optionsFile: string): Recording {
  const hooks = require(join(__dirname, 'binding-hooks.cjs')) as { installBindingRecorder: typeof installBindingRecorder };
  return { ...hooks.installBindingRecorder(JSON.parse(readFileSync(optionsFile, 'utf8'))), learned: () => {} };
}

function talkToTracer(): Recording {
  return {
    start: () => process.kill(process.pid, 'SIGURG'),
    mark: (kind, step) => existsSync(`${MARK_PREFIX}${kind}/${step}`),
    busy: () => process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq')),
    finish: () => existsSync(`${MARK_PREFIX}finished`),
    learned: () => existsSync(`${MARK_PREFIX}learned`),
  };
}

export async function carryOut(store: StoreCalls, directory: string, step: CellStep): Promise<void> {
  if (step.kind === 'load') await loadAsRecoveryDoes(store, directory);
  else await carryOutStep(store, directory, step);
}

/** Ignores the result, which was judged before. A load that throws is also a result. */
export async function loadAsRecoveryDoes(store: StoreCalls, directory: string): Promise<void> {
  try {
    await store.load(directory);
  } catch {
    // as above
  }
}

/** More than a tick of the kernel's clock, in ms. */
const TICK_MS = 11;

/** Carries out what comes before the recording. */
export async function carryOutBefore(
  store: StoreCalls,
  directory: string,
  { before, apart = false }: Pick<CellFile, 'before' | 'apart'>,
): Promise<void> {
  for (const [index, step] of before.entries()) {
    if (apart && index > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TICK_MS);
    await carryOut(store, directory, step);
  }
}

const nextTurn = (): Promise<void> => new Promise(setImmediate);

/** Waits for file operations that the store did not await: otherwise they would race with the recording mark. `wait`: before it looks again. */
export async function untilFilesAreIdle(recording: Recording, wait = nextTurn): Promise<void> {
  if (recording.busy()) await nextTurn(); // the one that the store awaited last still counts in the turn in which it ends
  while (recording.busy()) await wait();
}

/** Resolves to what makes each step fail: the error of a load that must come first. */
async function errorOfFirstLoad(store: StoreCalls, directory: string): Promise<{ readonly error: unknown } | undefined> {
  try {
    await store.load(directory);
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** Carries out the recorded steps, and marks how each one settled. Resolves to how the last one did. */
export async function carryOutRecorded(
  store: StoreCalls,
  directory: string,
  { steps, loadsFirst }: Pick<CellFile, 'steps' | 'loadsFirst'>,
  recording: Recording,
  complain: (error: unknown) => void,
): Promise<'resolved' | 'rejected'> {
  let last: 'resolved' | 'rejected' = 'resolved';
  const failed = loadsFirst ? await errorOfFirstLoad(store, directory) : undefined;
  for (const [index, step] of steps.entries()) {
    try {
      if (failed !== undefined) throw failed.error;
      await carryOut(store, directory, step);
      recording.mark('resolved', index);
      last = 'resolved';
    } catch (error) {
      recording.mark('rejected', index, String(error));
      complain(error);
      last = 'rejected';
    }
  }
  return last;
}
