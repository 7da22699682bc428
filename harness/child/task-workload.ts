/** Carries out a task in races: `node task-workload.cjs <task file> <instructions>`. */
import { carryOutRaces } from './carry-out-races.ts';

const [taskFile, instructions] = process.argv.slice(2);
if (taskFile === undefined || instructions === undefined) throw new Error('usage: task-workload.cjs <task file> <instructions>');
void carryOutRaces(taskFile, instructions);
