/** A process in which calls fail: `node fault-workload.cjs <cell file> <directory>…`; see `carry-out-faults.ts`. */
import { carryOutFaults } from './carry-out-faults.ts';

const [cellFile, ...directories] = process.argv.slice(2);
if (cellFile === undefined || directories.length === 0) throw new Error('usage: fault-workload.cjs <cell file> <directory>…');
void carryOutFaults(cellFile, directories);
