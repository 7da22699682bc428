/**
 * Converts choices to schedules, and back.
 *
 * A turn counts effects: a task continues until it has had that many. Choices without an effect (a call that begins and waits for another,
 * a timer) are not written, except at the end of a turn, where each is a turn of zero steps: `b0`.
 */
import { parseSchedule, type Schedule, scheduleId, stepsOf, type Turn } from '../../domain/schedule.ts';
import { encodeConcurrent, parseConcurrent } from '../../generate/concurrent.ts';
import type { NamedSchedule } from '../../protocol/interleave.ts';
import type { Choice, Scene } from './scene.ts';

const DETAIL = /^(?:history=(?<history>[^~]+)~)?(?<schedule>[^~]+)(?<crash>~crash)?$/;

/** The part of a case id after its boundary: `a5.b2~crash`, `history=s1+l.x~a5.b2`. */
export function scheduleDetail({ schedule, crashAfter, history }: NamedSchedule): string {
  const what = history === undefined ? '' : `history=${encodeConcurrent(history)}~`;
  return `${what}${scheduleId(schedule)}${crashAfter === undefined ? '' : '~crash'}`;
}

/** Undefined if the detail of a case id names no schedule. `boundary`: the number before it. */
export function parseScheduleDetail(boundary: number, detail: string): NamedSchedule | undefined {
  const { history: text, schedule: turns = '', crash } = DETAIL.exec(detail)?.groups ?? {};
  const schedule = parseSchedule(turns);
  const history = text === undefined ? undefined : parseConcurrent(text);
  if (schedule === undefined || (text !== undefined && history === undefined)) return undefined;
  if (crash === undefined && stepsOf(schedule) !== boundary) return undefined;
  return { schedule, ...(crash !== undefined && { crashAfter: boundary }), ...(history && { history }) };
}

/** The schedule of these choices, cut off after `effects` effects. */
export function scheduleOfChoices(choices: readonly Choice[], effects: number): Schedule {
  const turns: Turn[] = [];
  let done = 0;
  let idle = 0;
  const endTurn = (task: number): void => {
    for (; idle > 0; idle -= 1) turns.push({ task, steps: 0 });
  };
  for (const [index, choice] of choices.entries()) {
    const { task } = choice;
    const before = choices[index - 1]?.task;
    if (before !== undefined && before !== task) endTurn(before);
    if (choice.effects === 0) {
      idle += 1;
      continue;
    }
    const steps = Math.min(choice.effects, effects - done);
    const last = turns.at(-1);
    idle = 0;
    if (last?.task === task && last.steps > 0) turns[turns.length - 1] = { task, steps: last.steps + steps };
    else turns.push({ task, steps });
    done += steps;
  }
  const last = choices.at(-1);
  if (last !== undefined) endTurn(last.task);
  return turns;
}

/** Follows a schedule. Returns false if a task cannot take its turn. `isCut`: its last turn may be a part of one, at a crash. */
export async function follow(scene: Scene, schedule: Schedule, isCut: boolean): Promise<boolean> {
  for (const [index, { task, steps }] of schedule.entries()) {
    const until = scene.effects + steps;
    do {
      if (!scene.ready().includes(task)) return false;
      await scene.advance(task);
    } while (scene.effects < until);
    if (scene.effects > until && !(isCut && index === schedule.length - 1)) return false;
  }
  return true;
}
