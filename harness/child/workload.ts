/**
 * Carries out a scenario on a store, in a process that will be killed: `node workload.cjs <cell file> <directory>`.
 *
 * Kept small, because it is loaded once for every kill.
 */
import { carryOutCell, complainIn } from './carry-out-cell.ts';
import { loadBundle } from './load-bundle.ts';

const [cellFile, directory] = process.argv.slice(2);
if (cellFile === undefined || directory === undefined) throw new Error('usage: workload.cjs <cell file> <directory>');
const complain = complainIn(() => directory);
carryOutCell(cellFile, directory, loadBundle, complain).catch((error) => {
  complain(error);
  process.exit(1);
});
