/**
 * Chooses the task that continues each time that all tasks are settled: first by the schedule, then the last task until it finishes
 * or waits. See `../race.ts`.
 */
import type { RaceRequest } from '../race.ts';
import type { RaceTask } from './race-task.ts';

/** Ops in a row that change nothing, after which a task counts as waiting: it polls. */
const SPINS = 200;

type Next = { readonly kind: 'go'; readonly task: RaceTask } | { readonly kind: 'kill'; readonly tasks: readonly RaceTask[] };

export class RaceTurns {
  readonly #request: Pick<RaceRequest, 'schedule' | 'kill'>;
  readonly #tasks: readonly RaceTask[];
  /** The longest wait first. */
  #waiting: RaceTask[] = [];
  #last = 0;
  #turn = 0;
  /** Ops of the current turn so far, and whether the turn has begun. */
  #opsOfTurn = 0;
  #turnHasBegun = false;
  #killed = false;
  #quietOps = 0;

  constructor(request: Pick<RaceRequest, 'schedule' | 'kill'>, tasks: readonly RaceTask[]) {
    this.#request = request;
    this.#tasks = tasks;
  }

  /** Tasks that began to wait since the last call. */
  newlyWaiting(): RaceTask[] {
    this.#waiting = this.#waiting.filter(({ state }) => state === 'waiting');
    const arrived = this.#tasks.filter((task) => task.state === 'waiting' && !this.#waiting.includes(task));
    this.#waiting.push(...arrived);
    return arrived;
  }

  /** The task that was chosen last has carried out an op. */
  onOp(changed: boolean): void {
    this.#opsOfTurn += 1;
    this.#quietOps = changed ? 0 : this.#quietOps + 1;
  }

  /** Undefined if all remaining tasks wait without a time limit. */
  next(): Next | undefined {
    const task = this.#nextInSchedule();
    if (task !== undefined) return this.#choose(task);
    const victims = this.#killed ? [] : this.#victims();
    this.#killed = true;
    if (victims.length > 0) return { kind: 'kill', tasks: victims };
    const next = this.#afterSchedule();
    return next && this.#choose(next);
  }

  #victims(): RaceTask[] {
    const { kill } = this.#request;
    return this.#tasks.filter((task) => !task.isOver && (kill === 'all' || kill === task.index));
  }

  #nextInSchedule(): RaceTask | undefined {
    const { schedule } = this.#request;
    for (let turn = schedule[this.#turn]; turn !== undefined; turn = schedule[this.#turn]) {
      const task = this.#tasks[turn.task];
      // A task may wait at the beginning of its turn; a wait in the middle ends the turn.
      if (task !== undefined && !task.isOver && this.#opsOfTurn < turn.steps)
        if (task.state === 'ready' || (!this.#turnHasBegun && task.hasTimedWait)) return task;
      this.#turn += 1;
      this.#opsOfTurn = 0;
      this.#turnHasBegun = false;
    }
    return undefined;
  }

  /** After the schedule no task is preempted. */
  #afterSchedule(): RaceTask | undefined {
    const inTurn = [...this.#tasks.slice(this.#last), ...this.#tasks.slice(0, this.#last)];
    const ready = inTurn.filter(({ state }) => state === 'ready');
    const spinning = this.#quietOps >= SPINS ? this.#tasks[this.#last] : undefined;
    return ready.find((task) => task !== spinning) ?? this.#waiting.find(({ hasTimedWait }) => hasTimedWait) ?? ready[0];
  }

  #choose(task: RaceTask): Next {
    if (task.index !== this.#last) this.#quietOps = 0;
    this.#last = task.index;
    this.#turnHasBegun = true;
    this.#waiting = this.#waiting.filter((waiting) => waiting !== task);
    return { kind: 'go', task };
  }
}
