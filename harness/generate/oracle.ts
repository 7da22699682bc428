/** The oracle of one history: it knows what all its processes had promised at every boundary. */
import type { Bench, CrashCell } from '../check.ts';
import { exposure } from '../judge/exposed.ts';
import type { Oracle } from '../judge/oracle.ts';
import { isLoss, judgeRecovery, type OracleOptions } from '../judge/outcome.ts';
import { promisedBy } from './call.ts';
import type { Course } from './course.ts';

/** A file may be readable by those who could read the one that stood there when its process began. */
export function oracleOfCourse(cell: CrashCell, { recovery }: Bench, course: Course): Oracle {
  const { next } = cell.scenario;
  const { empty } = cell.store;
  const options: OracleOptions = { next, throwsWhenFresh: recovery.whenFresh.kind === 'threw', ...(empty !== undefined && { empty }) };
  const exposures = course.processes.map(({ from, trace }) => ({ from, of: exposure(trace) }));
  return {
    next,
    judge: (state, found) => {
      const promised = promisedBy(course.calls, state.promisedAt, cell.model);
      const outcome = judgeRecovery(promised, found.recovery, options);
      const exposed = isLoss(outcome) ? undefined : exposures.findLast(({ from }) => from <= state.promisedAt)?.of(state.tree);
      return { state, promised, ...found, ...(exposed === undefined ? { outcome } : { outcome: 'exposed', exposed }) };
    },
  };
}
