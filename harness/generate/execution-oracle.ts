/** The oracle of one history: it knows what all its processes had promised at every boundary. */
import type { Found, Judgement } from '../domain/sighting.ts';
import type { Tree } from '../domain/trace.ts';
import { exposure } from '../judge/exposed.ts';
import { oracleOf } from '../judge/oracle.ts';
import type { OracleOptions } from '../judge/outcome.ts';
import { promisedBy } from './call.ts';
import type { Execution } from './executions.ts';

/** A file may be readable by those who could read the file that stood there when its process began. */
export function oracleOfExecution(
  { calls, processes }: Pick<Execution, 'calls' | 'processes'>,
  loadSettles: boolean,
  options: OracleOptions,
): (op: number, tree: Tree, found: Found) => Judgement {
  const exposures = processes.map(({ from, trace }) => ({ from, of: exposure(trace) }));
  return oracleOf(
    (op) => promisedBy(calls, op, loadSettles),
    (op) => exposures.findLast(({ from }) => from <= op)?.of,
    options,
  );
}
