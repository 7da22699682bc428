/**
 * What the id of a race has after its boundary: `a5.b2`, `a5.b2~kill=a` where the first task is killed when the schedule is over and
 * the others go on, `a5.b2~kill=all` where all are killed then, `twice=a~a5.b1` where the first task goes through its steps twice, `history=s1+l.x~a5.b2` where the tasks were drawn at random.
 */
import { parseSchedule, scheduleId, TASK_LETTERS } from '../../domain/schedule.ts';
import { type ConcurrentHistory, encodeConcurrent, parseConcurrent } from '../../generate/concurrent.ts';
import type { Planned } from './raced.ts';

export interface NamedRace extends Planned {
  readonly history?: ConcurrentHistory;
  /** The task that goes through its steps twice. */
  readonly twice?: number;
}

const DETAIL = /^(?:history=(?<history>[^~]+)~)?(?:twice=(?<again>[a-h])~)?(?<turns>[^~]+)(?:~kill=(?<killed>[a-h]|all))?$/;

export function raceDetail({ schedule, kill, history, twice }: NamedRace): string {
  const drawn = history === undefined ? '' : `history=${encodeConcurrent(history)}~`;
  const again = twice === undefined ? '' : `twice=${TASK_LETTERS[twice]}~`;
  return `${drawn}${again}${scheduleId(schedule)}${kill === undefined ? '' : `~kill=${kill === 'all' ? kill : TASK_LETTERS[kill]}`}`;
}

/** Undefined if the detail of a case id names no race. */
export function parseRaceDetail(detail: string): NamedRace | undefined {
  const { history: text, again, turns = '', killed } = DETAIL.exec(detail)?.groups ?? {};
  const schedule = parseSchedule(turns);
  const history = text === undefined ? undefined : parseConcurrent(text);
  if (schedule === undefined || (text !== undefined && (history === undefined || again !== undefined))) return undefined;
  const kill = killed === 'all' ? killed : TASK_LETTERS.indexOf(killed ?? '');
  return {
    schedule,
    ...(killed !== undefined && { kill }),
    ...(history && { history }),
    ...(again !== undefined && { twice: TASK_LETTERS.indexOf(again) }),
  };
}
