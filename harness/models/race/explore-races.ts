/**
 * The orders in which the ops of several processes are let through: every one with at most `bound` preemptions (switches away from a
 * task that could have gone on), and every kill of the task that goes first, wherever what the others find can differ.
 *
 * Allows   any task first; a switch after any op; a kill of the first task after any op, whereupon the others go on to their end.
 * Left out a switch after an op that can change places with all that the others do before the first task goes on (see `apart.ts`): the
 *          switch before that op leads to the same. Not left out where a step settled in between, since the order of calls is another one,
 *          and not where a process asked to be told of changes. A kill after an op that left the directory as it was.
 * Not told more than `bound` preemptions, kills after a switch, and crashes of all processes at once.
 */
import type { RawOp } from '../../domain/events.ts';
import { scheduleId, scheduleOf } from '../../domain/schedule.ts';
import { mayChange, type RaceEvent } from '../../record/race.ts';
import type { NotRecorded } from '../../record/record.ts';
import { isApart } from './apart.ts';
import { opsOf, type Planned, type Raced, type RunRace, switchedTo } from './raced.ts';

export interface Races {
  /** Each order of ops once. */
  readonly races: readonly Raced[];
  /** Runs. */
  readonly tried: number;
  /** Switches and kills that lead to what another one leads to. */
  readonly leftOut: number;
  /** Orders that could not be run twice. */
  readonly doubts: readonly { readonly planned: Planned; readonly reason: string }[];
}

/** All races of `tasks` tasks, or why there are none. */
export async function exploreRaces(run: RunRace, tasks: number, bound: number): Promise<Races | NotRecorded> {
  const search = new Search(run, tasks, bound);
  return search.all();
}

/** A place in a race at which its task could have gone on, and did. */
interface Point {
  /** Ops that were done by then. */
  readonly ops: number;
  readonly task: number;
  readonly op: RawOp;
  /** A step of the task settled after that op and before its next one. */
  readonly settled: boolean;
  /** Tasks that are not over. */
  readonly others: readonly number[];
}

/** What came after a switch: what was done before the switched-off task went on, and what that one did then. */
interface After {
  readonly between: readonly RawOp[];
  readonly next: readonly Point[];
}

class Search {
  readonly #run: RunRace;
  readonly #tasks: number;
  readonly #bound: number;
  readonly #races = new Map<string, Raced>();
  readonly #doubts: { planned: Planned; reason: string }[] = [];
  #tried = 0;
  #leftOut = 0;

  constructor(run: RunRace, tasks: number, bound: number) {
    this.#run = run;
    this.#tasks = tasks;
    this.#bound = bound;
  }

  async all(): Promise<Races | NotRecorded> {
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
    const races = [...this.#races.values()].sort((one, other) => lengthOf(one) - lengthOf(other) || (nameOf(one) < nameOf(other) ? -1 : 1));
    return { races, tried: this.#tried, leftOut: this.#leftOut, doubts: this.#doubts };
  }

  async #race(planned: Planned): Promise<Raced | undefined> {
    this.#tried += 1;
    const raced = await this.#run(planned);
    if ('reason' in raced) {
      this.#doubts.push({ planned, reason: raced.reason });
      return undefined;
    }
    if (!this.#races.has(raced.key)) this.#races.set(raced.key, raced);
    return raced;
  }

  /** Every switch in what a race did after its schedule, to each other task. `firsts`: the races in which that one went first. */
  async #switches(base: Raced, depth: number, firsts: readonly (Raced | undefined)[] = []): Promise<void> {
    if (depth > this.#bound) return;
    const points = pointsOf(base.events).filter(({ ops }) => ops >= lengthOf(base));
    const to = [...Array(this.#tasks).keys()];
    await Promise.all(to.map((task) => this.#switchesTo(task, base, points, depth, firsts[task])));
  }

  async #switchesTo(task: number, base: Raced, points: readonly Point[], depth: number, first: Raced | undefined): Promise<void> {
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
      if (raced !== undefined) deeper.push(this.#switches(raced, depth + 1));
    }
    await Promise.all(deeper);
  }

  /** Kills of the task that goes first, while none of the others has begun. */
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

/** Steps of the schedule that a race was to keep to. */
function lengthOf({ end }: Raced): number {
  return end.schedule.reduce((sum, { steps }) => sum + steps, 0);
}

function nameOf({ end }: Raced): string {
  return `${scheduleId(end.schedule)} ${end.killed ?? ''}`;
}

function pointsOf(events: readonly RaceEvent[]): Point[] {
  const points: Point[] = [];
  const over = new Set<number>();
  let ops = 0;
  let open: { readonly task: number; readonly op: RawOp; settled: boolean } | undefined;
  for (const event of events) {
    switch (event.kind) {
      case 'op':
        if (open?.task === event.task) points.push({ ops, ...open, others: othersThan(event.task, over, events) });
        ops += 1;
        open = { task: event.task, op: event.op, settled: false };
        break;
      case 'resolved':
      case 'rejected':
        if (open?.task === event.task) open.settled = true;
        break;
      case 'waits':
        if (open?.task === event.task) open = undefined;
        break;
      case 'finished':
      case 'killed':
      case 'died':
        over.add(event.task);
        if (open?.task === event.task) open = undefined;
        break;
      case 'began':
        break;
      default:
        event satisfies never;
    }
  }
  return points;
}

function othersThan(task: number, over: ReadonlySet<number>, events: readonly RaceEvent[]): number[] {
  const all = new Set(events.map((event) => event.task));
  return [...all].filter((other) => other !== task && !over.has(other));
}

function afterSwitch({ events, watched }: Raced, ops: number, task: number): After | undefined {
  if (watched) return undefined;
  const done = opsOf(events).slice(ops);
  const goesOn = done.findIndex((event) => event.task === task);
  if (goesOn < 0) return undefined;
  const between = done.slice(0, goesOn).map(({ op }) => op);
  const next: Point[] = [];
  for (const point of pointsOf(events)) {
    if (point.ops <= ops + goesOn) continue;
    if (point.task !== task || point.ops !== ops + goesOn + next.length + 1) break;
    next.push(point);
  }
  return { between, next };
}
