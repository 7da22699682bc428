/** The oracle of one history: it knows what all its processes had promised at every boundary. */
import { exposure } from '../judge/exposed.ts';
import { firstSaveOf } from '../judge/first-save.ts';
import { type Oracle, oracleOf } from '../judge/oracle.ts';
import type { OracleOptions } from '../judge/outcome.ts';
import { promisedBy } from './call.ts';
import type { Execution } from './executions.ts';

/** A file may be readable by those who could read the file that stood there when its process began. */
export function oracleOfExecution(
  { calls, processes, trace }: Pick<Execution, 'calls' | 'processes' | 'trace'>,
  loadSettles: boolean,
  options: OracleOptions,
): Oracle {
  const exposures = processes.map((one) => ({ from: one.from, of: exposure(one.trace) }));
  return oracleOf(
    {
      promisedAt: (op) => promisedBy(calls, op, loadSettles),
      exposureAt: (op) => exposures.findLast(({ from }) => from <= op)?.of,
      firstSave: firstSaveOf(trace, calls.find(({ kind, resolved }) => kind === 'save' && resolved)?.until),
    },
    options,
  );
}
