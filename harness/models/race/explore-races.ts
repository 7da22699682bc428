/**
 * Enumerates races of several processes: every schedule of their ops with at most `bound` preemptions (switches away from a task that could
 * have continued), and every kill of a task after which the others run to their end, except those that cannot change what they find.
 *
 * Allows   any task first; a switch after any op; a kill of the first task after any op. After one switch, up to `kills` kills (see
 *          `kills.ts`): of the second task after any of its ops, and of the first where the second waits.
 * Left out a switch after an op that commutes with all that the others do before the first task continues (see `apart.ts`): the switch
 *          before that op has the same result. But it is run if a step settled in between, because the order of store calls differs, and
 *          if a process watches the directory, or has mapped a file of it. Also a kill after an op that did not change the directory.
 * Forbids  more than `bound` preemptions, kills after more than one switch, and more than one kill. Crashes of all processes at once
 *          need no run: see `crashes.ts`.
 */

import type { RawOp } from '../../domain/events.ts';
import { scheduleId, scheduleOf } from '../../domain/schedule.ts';
import { isNotMeasured, type NotMeasured } from '../../domain/sighting.ts';
import { mayChange } from '../../record/race.ts';
import { isApart } from './apart.ts';
import { type KillAfterSwitch, killsAfterSwitch, mostTellingFirst } from './kills.ts';
import { pointsOf, type TaskPoint } from './points.ts';
import { keyOf, opsOf, type Planned, type Raced, type RunRace, switchedTo } from './raced.ts';

export interface Races {
  /** One race for each distinct order of ops. */
  readonly races: readonly Raced[];
  /** Runs. */
  readonly tried: number;
  /** Number of switches and kills left out because another one has the same result. */
  readonly leftOut: number;
  /** Kills after a switch beyond the limit. */
  readonly killsBeyond: number;
  /** Races that could not be carried out. */
  readonly doubts: readonly { readonly planned: Planned; readonly reason: string }[];
}

interface Bounds {
  /** Switches away from a task that could have continued. */
  readonly preemptions: number;
  /** Kills after a switch. */
  readonly kills: number;
}

/** All races of `tasks` tasks, or the reason why they cannot run. */
export async function exploreRaces(run: RunRace, tasks: number, bounds: Bounds): Promise<Races | NotMeasured> {
  const explorer = new RaceExplorer(run, tasks, bounds);
  return explorer.all();
}

/** What followed a switch: the ops of others until the preempted task continued, and then its own. */
interface AfterSwitch {
  readonly between: readonly RawOp[];
  readonly next: readonly TaskPoint[];
}

class RaceExplorer {
  readonly #run: RunRace;
  readonly #tasks: number;
  readonly #bounds: Bounds;
  readonly #races = new Map<string, Raced>();
  readonly #killsLater: KillAfterSwitch[] = [];
  readonly #doubts: { planned: Planned; reason: string }[] = [];
  #tried = 0;
  #leftOut = 0;

  constructor(run: RunRace, tasks: number, bounds: Bounds) {
    this.#run = run;
    this.#tasks = tasks;
    this.#bounds = bounds;
  }

  async all(): Promise<Races | NotMeasured> {
    const order = [...Array(this.#tasks).keys()];
    const firsts = await Promise.all(order.map((task) => this.#race({ schedule: [{ task, steps: 1 }] })));
    const [doubt] = this.#doubts;
    if (doubt !== undefined) return { reason: doubt.reason };
    await Promise.all(
      order.flatMap((task) => {
        const first = firsts[task];
        return first === undefined ? [] : [this.#switches(first, 1, firsts), this.#kills(first, task)];
      }),
    );
    const later = mostTellingFirst(this.#killsLater);
    await Promise.all(later.slice(0, this.#bounds.kills).map(({ planned }) => this.#race(planned)));
    const races = [...this.#races.values()].sort((one, other) => lengthOf(one) - lengthOf(other) || (nameOf(one) < nameOf(other) ? -1 : 1));
    const killsBeyond = Math.max(0, later.length - this.#bounds.kills);
    return { races, tried: this.#tried, leftOut: this.#leftOut, killsBeyond, doubts: this.#doubts };
  }

  async #race(planned: Planned): Promise<Raced | undefined> {
    this.#tried += 1;
    const raced = await this.#run(planned);
    if (isNotMeasured(raced)) {
      this.#doubts.push({ planned, reason: raced.reason });
      return undefined;
    }
    const key = keyOf(raced);
    if (!this.#races.has(key)) this.#races.set(key, raced);
    return raced;
  }

  /** Runs every switch to each other task after the schedule of `base`. `firsts`: by task, the race in which it goes first. */
  async #switches(base: Raced, depth: number, firsts: readonly (Raced | undefined)[] = []): Promise<void> {
    if (depth > this.#bounds.preemptions) return;
    const points = pointsOf(base.events).filter(({ ops, waits }) => ops >= lengthOf(base) && !waits);
    const to = [...Array(this.#tasks).keys()];
    await Promise.all(to.map((task) => this.#switchesTo(task, base, points, depth, firsts[task])));
  }

  async #switchesTo(task: number, base: Raced, points: readonly TaskPoint[], depth: number, first: Raced | undefined): Promise<void> {
    const deeper: Promise<void>[] = [];
    let last = 0;
    let after = first === undefined || first === base ? undefined : afterSwitch(first, 0, base.end.ops[0]?.task ?? 0);
    for (const point of points) {
      if (point.task === task || !point.others.includes(task)) continue;
      const [next, ...rest] = point.ops === last + 1 ? (after?.next ?? []) : [];
      last = point.ops;
      if (after !== undefined && next !== undefined && !next.settled && isApart(next.op, after.between)) {
        this.#leftOut += 1;
        after = { between: after.between, next: rest };
        continue;
      }
      const raced = await this.#race({ schedule: switchedTo(task, base, point.ops) });
      after = raced === undefined || raced.watched ? undefined : afterSwitch(raced, point.ops, point.task);
      if (raced === undefined) continue;
      if (depth === 1) this.#killsAfter(raced, point, task);
      deeper.push(this.#switches(raced, depth + 1));
    }
    await Promise.all(deeper);
  }

  #killsAfter(raced: Raced, point: TaskPoint, task: number): void {
    const { kills, leftOut } = killsAfterSwitch(raced, point, task);
    this.#killsLater.push(...kills);
    this.#leftOut += leftOut;
  }

  /** Runs every kill of the first task, before another task begins. */
  async #kills(base: Raced, task: number): Promise<void> {
    const others = opsOf(base.events).findIndex((event) => event.task !== task);
    const alone = pointsOf(base.events).filter(({ ops }) => others < 0 || ops < others);
    await Promise.all(
      alone.map(async ({ ops, op, settled }) => {
        if (mayChange(op) || settled)
          await this.#race({ schedule: scheduleOf(base.end.ops.slice(0, ops).map((one) => one.task)), kill: task });
        else this.#leftOut += 1;
      }),
    );
  }
}

/** The number of steps in the schedule of a race. */
function lengthOf({ end }: Raced): number {
  return end.schedule.reduce((sum, { steps }) => sum + steps, 0);
}

function nameOf({ end }: Raced): string {
  return `${scheduleId(end.schedule)} ${end.killed ?? ''}`;
}

function afterSwitch({ events, watched }: Raced, ops: number, task: number): AfterSwitch | undefined {
  if (watched) return undefined;
  const done = opsOf(events).slice(ops);
  const continues = done.findIndex((event) => event.task === task);
  if (continues < 0) return undefined;
  const between = done.slice(0, continues).map(({ op }) => op);
  const next: TaskPoint[] = [];
  for (const point of pointsOf(events)) {
    if (point.ops <= ops + continues || point.waits) continue;
    if (point.task !== task || point.ops !== ops + continues + next.length + 1) break;
    next.push(point);
  }
  return { between, next };
}
