/**
 * Carries out runs with faults: `node fault-workload.cjs <cell file> <directory>…`, one in each directory, with a new evaluation of the store.
 */
import { carryOutFaults } from './carry-out-faults.ts';
import { loadCompiled } from './compiled-bundle.ts';

const [cellFile, ...directories] = process.argv.slice(2);
if (cellFile === undefined || directories.length === 0) throw new Error('usage: fault-workload.cjs <cell file> <directory>…');
void carryOutFaults(cellFile, directories, loadCompiled);
