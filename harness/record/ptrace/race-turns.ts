/**
 * Who goes on in a race, each time that all tasks are settled: first as the schedule has it, then whoever went last, until it has
 * finished or waits. See `../race.ts`.
 */
import type { RaceRequest } from '../race.ts';
import type { RaceTask } from './race-task.ts';

/** Ops in a row that change nothing, after which a task counts as waiting: it looks again and again. */
const SPINS = 200;

type Next = { readonly kind: 'go' | 'kill'; readonly task: RaceTask };

export class RaceTurns {
  readonly #request: Pick<RaceRequest, 'schedule' | 'kill'>;
  readonly #tasks: readonly RaceTask[];
  /** The one that has waited longest first. */
  #inWait: RaceTask[] = [];
  #last = 0;
  #turn = 0;
  /** Ops of the turn under way, and whether it has begun. */
  #taken = 0;
  #begun = false;
  #killed = false;
  #quietOps = 0;

  constructor(request: Pick<RaceRequest, 'schedule' | 'kill'>, tasks: readonly RaceTask[]) {
    this.#request = request;
    this.#tasks = tasks;
  }

  /** Tasks that have come to wait since this was asked last. */
  newInWait(): RaceTask[] {
    this.#inWait = this.#inWait.filter(({ state }) => state === 'waiting');
    const come = this.#tasks.filter((task) => task.state === 'waiting' && !this.#inWait.includes(task));
    this.#inWait.push(...come);
    return come;
  }

  /** The task that was chosen last has done an op. */
  took(changed: boolean): void {
    this.#taken += 1;
    this.#quietOps = changed ? 0 : this.#quietOps + 1;
  }

  /** Undefined if all that are left wait for something that does not come by itself. */
  next(): Next | undefined {
    const task = this.#inSchedule();
    if (task !== undefined) return this.#chosen(task);
    const { kill } = this.#request;
    const victim = kill === undefined || this.#killed ? undefined : this.#tasks[kill];
    this.#killed = true;
    if (victim !== undefined && !victim.isOver) return { kind: 'kill', task: victim };
    const other = this.#afterSchedule();
    return other && this.#chosen(other);
  }

  #inSchedule(): RaceTask | undefined {
    const { schedule } = this.#request;
    for (let turn = schedule[this.#turn]; turn !== undefined; turn = schedule[this.#turn]) {
      const task = this.#tasks[turn.task];
      // A wait is ended only for a task whose turn begins with it: in the middle, to wait is to give the turn away.
      if (task !== undefined && !task.isOver && this.#taken < turn.steps)
        if (task.state === 'ready' || (!this.#begun && task.endsItsWait)) return task;
      this.#turn += 1;
      this.#taken = 0;
      this.#begun = false;
    }
    return undefined;
  }

  /** Nobody is interrupted any more. */
  #afterSchedule(): RaceTask | undefined {
    const inTurn = [...this.#tasks.slice(this.#last), ...this.#tasks.slice(0, this.#last)];
    const ready = inTurn.filter(({ state }) => state === 'ready');
    const spinning = this.#quietOps >= SPINS ? this.#tasks[this.#last] : undefined;
    return ready.find((task) => task !== spinning) ?? this.#inWait.find(({ endsItsWait }) => endsItsWait) ?? ready[0];
  }

  #chosen(task: RaceTask): Next {
    if (task.index !== this.#last) this.#quietOps = 0;
    this.#last = task.index;
    this.#begun = true;
    this.#inWait = this.#inWait.filter((other) => other !== task);
    return { kind: 'go', task };
  }
}
