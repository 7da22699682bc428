/**
 * Carries out a scenario on a store, in a process that will be killed: `node workload.cjs <cell file> <directory>`.
 *
 * After the steps before the crash it signals the start of the recording, and after each further step whether it resolved.
 * Kept small, because it is loaded once for every kill.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { CellFile } from '../protocol/cell-file.ts';
import { NOTHING_LEFT_TO_WAIT_FOR } from '../record/fault.ts';
import { loadBundle } from './load-bundle.ts';
import { carryOut, carryOutRecorded, loadAsRecoveryDoes, recordingHere, untilFilesAreIdle } from './steps.ts';

async function main(cellFile: string, directory: string): Promise<void> {
  const complain = (error: unknown): void => {
    writeFileSync(`${directory}.complaint`, error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  process.on('uncaughtExceptionMonitor', complain);
  process.on('beforeExit', () => process.exit(NOTHING_LEFT_TO_WAIT_FOR));
  const cell = JSON.parse(readFileSync(cellFile, 'utf8')) as CellFile;
  const recording = recordingHere();
  const store = await loadBundle(cell.bundle);
  for (const step of cell.before) await carryOut(store, directory, step);
  await untilFilesAreIdle(recording);
  recording.start();
  if (cell.loads) await loadAsRecoveryDoes(store, directory);
  await carryOutRecorded(store, directory, cell.steps, recording, complain);
  await store.close?.(directory);
  await untilFilesAreIdle(recording);
  recording.finish();
  process.exit(0);
}

const [cellFile, directory] = process.argv.slice(2);
if (cellFile === undefined || directory === undefined) throw new Error('usage: workload.cjs <cell file> <directory>');
void main(cellFile, directory);
