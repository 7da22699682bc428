/** Which caller the running code belongs to, in a process with one task or with several. */
import { promiseHooks } from 'node:v8';
import type { Caller, World } from './world.ts';

export interface Callers {
  readonly caller: () => Caller;
  /** `work` and everything asynchronous that it starts belong to the caller. */
  readonly as: <Result>(caller: Caller, work: () => Result) => Result;
}

const OWNER = Symbol('owner');
let current: Caller | undefined;
let isHooked = false;

/**
 * The caller that is running when a promise is created owns the code that runs when it settles. `AsyncLocalStorage` does this for all
 * asynchronous code, but on Node 20 costs more than the whole fake. Ticks, timers and callbacks of the fake set their caller themselves.
 * Callbacks of Node's streams have no owner: they belong to the acting task, which caused everything that runs until the world is settled.
 */
function hookPromises(): void {
  if (isHooked) return;
  isHooked = true;
  promiseHooks.createHook({
    init: (promise) => {
      if (current !== undefined) (promise as { [OWNER]?: Caller })[OWNER] = current;
    },
    before: (promise) => {
      current = (promise as { [OWNER]?: Caller })[OWNER];
    },
    after: () => {
      current = undefined;
    },
  });
}

/** For a process with several tasks: code belongs to the task that started it. */
export function sharedCallers(world: World): Callers {
  hookPromises();
  return {
    caller: () => current ?? world.acting ?? world.refuse('calls outside of a task'),
    as: (caller, work) => {
      const before = current;
      current = caller;
      world.acting = caller;
      try {
        return work();
      } finally {
        current = before;
      }
    },
  };
}

/** For a process with one task. */
export class OwnCaller implements Callers {
  #owner: Caller | undefined;

  constructor(readonly world: World) {}

  readonly caller = (): Caller => this.#owner ?? this.world.refuse('calls outside of a task');

  readonly as = <Result>(caller: Caller, work: () => Result): Result => {
    this.#owner = caller;
    return work();
  };
}
