/** What the id of a race says after its boundary: `a5.b2`, or `a5.b2~kill=a` where the first task is killed when the schedule is over. */
import { parseSchedule, TASK_LETTERS } from '../../domain/schedule.ts';
import type { Planned } from './raced.ts';

const DETAIL = /^(?<turns>[^~]+)(?:~kill=(?<killed>[a-h]))?$/;

/** Undefined if the detail of a case id names no race. */
export function parseRaceDetail(detail: string): Planned | undefined {
  const { turns = '', killed } = DETAIL.exec(detail)?.groups ?? {};
  const schedule = parseSchedule(turns);
  return schedule && { schedule, ...(killed !== undefined && { kill: TASK_LETTERS.indexOf(killed) }) };
}
