/**
 * Carries out a scenario on a store whose calls are made to fail, and then sees how the store goes on in the same process:
 * `node fault-workload.cjs <cell file> <directory>…`, once in each directory, with the store evaluated anew.
 *
 * When the steps have settled, nothing fails any more: it loads, saves and loads again, and appends what it found to a file beside the
 * directory, `<directory>.after`, a line of JSON for each of the three.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { Recovery } from '../domain/recovery.ts';
import type { CellFile } from '../protocol/cell-file.ts';
import { NOTHING_LEFT_TO_WAIT_FOR } from '../record/fault.ts';
import { load, save } from '../store/calls.ts';
import { loadCompiled } from './compiled-bundle.ts';
import { carryOut, carryOutRecorded, recordingHere, untilFilesAreIdle } from './steps.ts';

async function main(cellFile: string, directories: readonly string[]): Promise<void> {
  let current = directories[0] ?? '';
  const complain = (error: unknown): void => {
    writeFileSync(`${current}.complaint`, error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  process.on('uncaughtExceptionMonitor', complain);
  process.on('beforeExit', () => process.exit(NOTHING_LEFT_TO_WAIT_FOR));
  const text = readFileSync(cellFile, 'utf8');
  const recording = recordingHere();
  for (const directory of directories) {
    current = directory;
    const cell = JSON.parse(text) as CellFile; // values of its own: some stores change what they are given
    if (cell.platform !== undefined) Object.defineProperty(process, 'platform', { value: cell.platform });
    const store = await loadCompiled(cell.bundle);
    for (const step of cell.before) await carryOut(store, directory, step);
    await untilFilesAreIdle(recording);
    recording.start();
    await carryOutRecorded(store, directory, cell.steps, recording, complain);
    try {
      await store.close?.(directory);
    } catch (error) {
      complain(error); // no step has failed
    }
    await untilFilesAreIdle(recording);
    recording.finish();
    const tell = (found: Partial<Recovery>): void => appendFileSync(`${directory}.after`, `${JSON.stringify(found)}\n`);
    tell({ load: await load(store, directory) });
    const saved = await save(store, directory, cell.next);
    tell({ save: saved });
    if (saved.kind === 'saved') tell({ secondLoad: await load(store, directory) });
  }
  process.exit(0);
}

const [cellFile, ...directories] = process.argv.slice(2);
if (cellFile === undefined || directories.length === 0) throw new Error('usage: fault-workload.cjs <cell file> <directory>…');
void main(cellFile, directories);
