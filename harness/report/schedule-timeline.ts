/**
 * A run of several tasks op by op, with who did each: what `replay` shows of a schedule.
 *
 *   * 1  saver   open sessions.json.lock
 *     2  reader  open sessions.json
 *   ── reader: step 1 (load) resolved ──
 *
 * `*` marks ops that changed what is on disk.
 */
import type { ScheduleEnd } from '../domain/schedule.ts';
import type { Task } from '../domain/trace.ts';
import { printable } from '../domain/words.ts';
import { eventText, scheduleOpText } from '../explain/op-text.ts';
import { type Colors, toColors } from './colors.ts';
import { longest } from './lay-out.ts';

export function scheduleTimeline(
  { ops, events, how, killed, stuck }: ScheduleEnd,
  tasks: readonly Task[],
  colors: boolean | Colors,
): string {
  const paint = toColors(colors);
  const nameOf = (task: number): string => printable(tasks[task]?.name ?? '');
  const [numberWidth, nameWidth] = [String(ops.length).length, longest(tasks.map(({ name }) => printable(name)))];
  const lastOfKilled = ops.findLastIndex(({ task }) => task === killed) + 1;
  const lines: string[] = [];
  for (let done = 0; done <= ops.length; done += 1) {
    const op = ops[done - 1];
    if (op !== undefined) {
      const start = `  ${op.changed ? '*' : ' '} ${String(done).padStart(numberWidth)}  ${nameOf(op.task).padEnd(nameWidth)}`;
      lines.push(`${start}  ${printable(scheduleOpText(op))}`);
    }
    for (const event of events)
      if (event.at === done && event.kind !== 'began') lines.push(paint.bold(`  ── ${printable(eventText(event, tasks))} ──`));
    if (killed !== undefined && done === lastOfKilled) lines.push(paint.bold(paint.red(`  ── ${nameOf(killed)} was killed here ──`)));
  }
  const end =
    stuck ?? (how === 'crashed' ? `all of them crashed here, ${ops.length === 0 ? 'before op 1' : `after op ${ops.length}`}` : undefined);
  return [...lines, ...(end === undefined ? [] : [paint.bold(paint.red(`  ── ${printable(end)} ──`))])].join('\n');
}
