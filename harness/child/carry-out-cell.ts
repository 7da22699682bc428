/**
 * Carries out a cell in this process, which will be killed or observed to its end.
 *
 * After the steps before the crash it signals the start of the recording, and after each further step whether it resolved.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { StoreCalls } from '../domain/store.ts';
import type { CellFile } from '../protocol/cell-file.ts';
import { NOTHING_LEFT_TO_WAIT_FOR } from '../record/fault.ts';
import { LINGER_VARIABLE } from '../record/linger.ts';
import { carryOutBefore, carryOutRecorded, loadAsRecoveryDoes, recordingHere, untilFilesAreIdle } from './steps.ts';

// The store may replace the global ones.
const [later, nextTurn] = [setTimeout, setImmediate];

/** Writes an error beside the current directory, where the harness finds it. */
export const complainIn =
  (directory: () => string) =>
  (error: unknown): void => {
    writeFileSync(`${directory()}.complaint`, error instanceof Error ? (error.stack ?? error.message) : String(error));
  };

/** Ends the process. Rejects if the store cannot be loaded, or if a step before the recording fails. */
export async function carryOutCell(
  cellFile: string,
  directory: string,
  load: (bundle: string) => Promise<StoreCalls>,
  complain: (error: unknown) => void,
): Promise<void> {
  const lingersMs = process.env[LINGER_VARIABLE];
  delete process.env[LINGER_VARIABLE];
  process.on('uncaughtExceptionMonitor', complain);
  process.on('beforeExit', () => process.exit(NOTHING_LEFT_TO_WAIT_FOR));
  const cell = JSON.parse(readFileSync(cellFile, 'utf8')) as CellFile;
  const recording = recordingHere();
  const store = await load(cell.bundle);
  await carryOutBefore(store, directory, cell);
  await untilFilesAreIdle(recording);
  recording.start();
  if (cell.loads) await loadAsRecoveryDoes(store, directory);
  await carryOutRecorded(store, directory, cell, recording, complain);
  process.on('uncaughtException', () => {}); // it is a complaint already, and all steps have resolved
  await store.close?.(directory);
  await untilFilesAreIdle(recording);
  recording.finish();
  if (lingersMs !== undefined) await untilNothingIsPending(Number(lingersMs));
  process.exit(0);
}

/** What may still throw: timers, turns that were asked for, and calls of fs whose callback has not run. */
const MAY_THROW = /^(Timeout|Immediate|FSReq)/;

/** Waits for errors of background work: one turn of the event loop and, while such work is pending, up to `withinMs`. */
async function untilNothingIsPending(withinMs: number): Promise<void> {
  const isPending = (): boolean => process.getActiveResourcesInfo().some((resource) => MAY_THROW.test(resource));
  let isOver = withinMs === 0;
  // A timer itself: the store's timers that are due before it run first, however busy the machine is.
  later(() => {
    isOver = true;
  }, withinMs).unref();
  await new Promise(nextTurn);
  while (!isOver && isPending()) await new Promise((resolve) => later(resolve, 1));
}
