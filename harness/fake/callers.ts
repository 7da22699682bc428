/** On whose behalf the code of a process runs: that of one task alone, or that of several. */
import { promiseHooks } from 'node:v8';
import type { Caller, World } from './world.ts';

export interface Callers {
  readonly caller: () => Caller;
  /** Everything that follows from `work`, however long it takes, is the caller's. */
  readonly as: <Result>(caller: Caller, work: () => Result) => Result;
}

const OWNER = Symbol('owner');
let current: Caller | undefined;
let isHooked = false;

/**
 * Whoever runs when a promise is made owns what runs when it is settled. `AsyncLocalStorage` does the same for everything that is
 * asynchronous, and takes more time on Node 20 than the whole fake. Ticks, timers and callbacks are the fake's own. What Node's streams call
 * has no owner: it belongs to the task that is acting, as all that happens until everything is quiet follows from what it did.
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

/** Of a process in which several tasks run, told apart by what set their code off. */
export function sharedCallers(world: World): Callers {
  hookPromises();
  return {
    caller: () => current ?? world.acting ?? world.refuse('calls that belong to no task'),
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

/** Of a process that is one task's alone. */
export class OwnCaller implements Callers {
  #owner: Caller | undefined;

  constructor(readonly world: World) {}

  readonly caller = (): Caller => this.#owner ?? this.world.refuse('calls that belong to no task');

  readonly as = <Result>(caller: Caller, work: () => Result): Result => {
    this.#owner = caller;
    return work();
  };
}
