/**
 * Carries out a cell while its system calls fail, then checks how the store continues in the same process: once in each directory.
 *
 * After the steps have settled, no call fails any more. It loads, saves and loads again, and appends each result to `<directory>.after` as
 * a line of JSON. Where the last step was a save that failed, it does so twice: first it saves what it could not (lines with `again`), on a handle
 * that is still open, or on a new one if that cannot (its lines alone count), and copies what that left to `<directory>.again`. With a
 * file `<directory>.closes` the handle is closed first, and that is recorded.
 */
import { appendFileSync, cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import type { AfterFault, Recovery } from '../domain/recovery.ts';
import type { StoreCalls } from '../domain/store.ts';
import type { Json } from '../domain/trace.ts';
import type { CellFile, CellStep } from '../protocol/cell-file.ts';
import { NOTHING_LEFT_TO_WAIT_FOR } from '../record/fault.ts';
import { givenTo, load, save } from '../store/calls.ts';
import { complainIn } from './carry-out-cell.ts';
import { carryOutBefore, carryOutRecorded, recordingHere, untilFilesAreIdle } from './steps.ts';

/** Ends the process. `evaluate` returns a store that has not been used. */
export async function carryOutFaults(
  cellFile: string,
  directories: readonly string[],
  evaluate: (bundle: string) => Promise<StoreCalls>,
): Promise<void> {
  let current = directories[0] ?? '';
  const complain = complainIn(() => current);
  process.on('uncaughtExceptionMonitor', complain);
  process.on('beforeExit', () => process.exit(NOTHING_LEFT_TO_WAIT_FOR));
  const text = readFileSync(cellFile, 'utf8');
  const recording = recordingHere();
  for (const directory of directories) {
    current = directory;
    const cell = JSON.parse(text) as CellFile; // new values for each run: some stores modify their arguments
    if (cell.platform !== undefined) Object.defineProperty(process, 'platform', { value: cell.platform });
    const store = await evaluate(cell.bundle);
    await carryOutBefore(store, directory, cell);
    await untilFilesAreIdle(recording);
    recording.start();
    const last = await carryOutRecorded(store, directory, cell, recording, complain);
    const again = last === 'rejected' ? savedBy((JSON.parse(text) as CellFile).steps.at(-1)) : undefined; // a new value: as above
    const close = async (): Promise<void> => {
      try {
        await store.close?.(directory);
      } catch (error) {
        complain(error); // fails no step
      }
      await untilFilesAreIdle(recording);
    };
    const isOpen = again !== undefined && store.close !== undefined && !existsSync(`${directory}.closes`);
    if (isOpen) await untilFilesAreIdle(recording);
    else await close();
    recording.finish();
    const isSaved = isOpen && (await goOn(store, directory, again, { again: true }));
    // A handle may refuse all work after a failure until it is opened once more: then what it said does not count.
    if (isOpen && !isSaved) rmSync(`${directory}.after`, { force: true });
    if (isOpen) await close();
    if (again !== undefined && !isSaved) await goOn(store, directory, again, { again: true });
    await goOn(store, directory, cell.next, {});
  }
  process.exit(0);
}

const savedBy = (step: CellStep | undefined): Json | undefined => (step === undefined || step.kind === 'load' ? undefined : givenTo(step));

/** A load, a save and a load. Of a save that is carried out again, what it left on disk is copied. Resolves to whether it saved. */
async function goOn(store: StoreCalls, directory: string, value: Json, kind: Pick<AfterFault, 'again'>): Promise<boolean> {
  const report = (found: Partial<Recovery>): void =>
    appendFileSync(`${directory}.after`, `${JSON.stringify({ ...kind, ...found } satisfies AfterFault)}\n`);
  report({ load: await load(store, directory) });
  const saved = await save(store, directory, value);
  report({ save: saved });
  if (saved.kind !== 'saved') return false;
  if (kind.again) copy(directory, `${directory}.again`);
  report({ secondLoad: await load(store, directory) });
  return true;
}

/** What cannot be copied, such as a socket, is not known. */
function copy(directory: string, to: string): void {
  try {
    cpSync(directory, to, { recursive: true, verbatimSymlinks: true });
  } catch {
    rmSync(to, { recursive: true, force: true });
  }
}
