/** The part of a race's id after its boundary: `a5.b2`, or `a5.b2~kill=a` if the first task is killed at the end of the schedule. */
import { parseSchedule, TASK_LETTERS } from '../../domain/schedule.ts';
import type { Planned } from './raced.ts';

const DETAIL = /^(?<turns>[^~]+)(?:~kill=(?<killed>[a-h]))?$/;

/** Undefined if the detail of a case id names no race. */
export function parseRaceDetail(detail: string): Planned | undefined {
  const { turns = '', killed } = DETAIL.exec(detail)?.groups ?? {};
  const schedule = parseSchedule(turns);
  return schedule && { schedule, ...(killed !== undefined && { kill: TASK_LETTERS.indexOf(killed) }) };
}
