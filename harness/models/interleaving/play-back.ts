/** Executes one schedule, to its end or to its crash, and describes its ops. */
import { relative } from 'node:path';
import { canonicalPath } from '../../domain/names.ts';
import { openFlagsIn } from '../../domain/open-flags.ts';
import type { Schedule, ScheduleEnd, ScheduleOp } from '../../domain/schedule.ts';
import type { Snapshot } from '../../fake/directory.ts';
import type { Happened } from '../../fake/world.ts';
import type { Refusal } from '../../protocol/interleave.ts';
import { follow } from './coding.ts';
import type { Scene } from './scene.ts';

export type PlayedBack = Omit<ScheduleEnd, 'tree'> & { readonly snapshot: Snapshot };

/** `crashAfter`: the number of ops after which everything crashes. */
export async function playBack(scene: Scene, schedule: Schedule, crashAfter: number | undefined): Promise<PlayedBack | Refusal> {
  const ops: ScheduleOp[] = [];
  let cut: Snapshot | undefined;
  scene.world.recordsPaths = true;
  scene.onEffect = (happened) => {
    ops.push(scheduleOp(happened, scene.options.directory));
    if (scene.effects === crashAfter) cut = scene.snapshot();
  };
  const failure = await scene.start();
  if (failure !== undefined) return refusal(failure);
  if (!(await follow(scene, schedule, crashAfter !== undefined))) {
    const { refused } = scene.world;
    return refused === undefined ? noSuch('the tasks cannot run in this order') : refusal(refused);
  }
  if (crashAfter !== undefined) {
    const crashPoint = scene.crashPoints.filter(({ at, choices }) => at === crashAfter && choices <= scene.choices.length).at(-1);
    if (crashPoint === undefined) return noSuch(`there are only ${scene.effects} ops`);
    const events = scene.allEvents.list(crashPoint.events).slice();
    return { schedule, ops: ops.slice(0, crashAfter), events, how: 'crashed', snapshot: cut ?? scene.snapshot() };
  }
  if (scene.ready().length > 0) return noSuch('the schedule ends before the tasks do');
  const { stuck } = scene;
  if (stuck === undefined) await scene.close();
  if (scene.world.refused !== undefined) return refusal(scene.world.refused);
  return { schedule, ops, events: scene.events, how: 'ended', snapshot: scene.snapshot(), ...(stuck !== undefined && { stuck }) };
}

const noSuch = (reason: string): Refusal => ({ kind: 'no-such-schedule', reason });
const refusal = (reason: string): Refusal => ({ kind: 'refused', reason });

function scheduleOp({ caller, syscall: { call, to, flags }, path, error, changed }: Happened, directory: string): ScheduleOp {
  const inside = (file: string): string =>
    `${file}/`.startsWith(`${directory}/`) ? canonicalPath(relative(directory, file) || '.', []) : file;
  return {
    task: caller.number,
    call,
    path: inside(path),
    ...(to !== undefined && { to: inside(to) }),
    ...(flags !== undefined && { flags: openFlagsIn(flags) }),
    ...(error !== undefined && { error }),
    changed,
  };
}
