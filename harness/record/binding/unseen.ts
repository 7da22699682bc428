/**
 * Reports that the store starts a process or a thread. What those do to the directory is not seen.
 *
 * Hooks the bindings, because hooking node:child_process and node:worker_threads would load them.
 */
import type { Conductor } from './conductor.ts';
import { bindingOf, type NativeFunction } from './native.ts';

export function watchProcesses(conductor: Conductor): void {
  const report = (): void => conductor.unmeasured('started a process: the binding recorder does not see what it does');
  before((bindingOf('process_wrap').Process as { prototype: object }).prototype, 'spawn', report);
  before(bindingOf('spawn_sync'), 'spawn', report);
  process.on('worker', () => conductor.unmeasured('started a worker thread: the binding recorder does not see what it does'));
}

function before(owner: object, name: string, report: () => void): void {
  const functions = owner as Record<string, NativeFunction>;
  const original = functions[name];
  if (original === undefined) return;
  functions[name] = function hooked(this: unknown, ...args: unknown[]): unknown {
    report();
    return Reflect.apply(original, this, args);
  };
}
