/** An op of a task, from the text that reports show of it: tables of tests are written in these texts. */
import { CALLS, type Call } from '../../harness/domain/calls.ts';
import type { ScheduleOp } from '../../harness/domain/schedule.ts';
import type { OpenFlag } from '../../harness/domain/trace.ts';

const OP = /^(?<call>[a-z]+) (?<path>.+?)(?: -> (?<to>.+?))?(?: \((?<flags>[a-z, ]+)\))?(?: failed: (?<error>[A-Z]+))?$/;

export function scheduleOp(task: number, text: string, changed: boolean): ScheduleOp {
  const { call = '', path = '', to, flags, error } = OP.exec(text)?.groups ?? {};
  if (!Object.hasOwn(CALLS, call)) throw new Error(`"${text}" is not the text of an op`);
  return {
    task,
    call: call as Call, // a key of CALLS
    path,
    ...(to !== undefined && { to }),
    ...(flags !== undefined && { flags: flags.split(', ') as OpenFlag[] }), // as the test wrote them
    ...(error !== undefined && { error }),
    changed,
  };
}
