/**
 * Sees what a store does when its process quits, without being seen: who asks `process` for its listeners finds only those of the store.
 *
 * Sees     listeners for signals, `exit`, `beforeExit`, errors and rejections, whoever added them; a `process.emit` or `process.reallyExit` that
 *          was replaced, as signal-exit does; native addons, which may have work to do at exit.
 * Cannot see   handlers that native code has installed for a signal.
 */
import type { Quit } from '../domain/quits.ts';

/** The events of `process` that a quit comes with. */
const QUIT_OF: { readonly [event: string]: Quit } = {
  SIGTERM: 'SIGTERM',
  SIGINT: 'SIGINT',
  exit: 'exit',
  uncaughtException: 'error',
  uncaughtExceptionMonitor: 'error',
  unhandledRejection: 'rejection',
  beforeExit: 'end',
};

declare const __filename: string;

type Emit = (event: string, ...args: unknown[]) => boolean;

/** Takes the place of `process.emit`: gets each event, and what passes it on. */
export type OnEvent = (event: string, pass: () => boolean) => boolean;

/** Call it before the store is loaded, and after all listeners that are not the store's. */
export function watchHandlers(onEvent: OnEvent): { readonly [quit in Quit]?: string } {
  const handled: { [quit in Quit]?: string } = {};
  const note = (quit: Quit, below: (...args: never[]) => unknown): void => {
    if (handled[quit] !== undefined) return;
    const at: { stack?: string } = {};
    Error.captureStackTrace(at, below);
    const frames = (at.stack ?? '').split('\n').filter((frame) => !frame.includes(__filename));
    handled[quit] = frames.join('\n');
  };
  process.on('newListener', function listens(event: string | symbol) {
    const quit = QUIT_OF[String(event)];
    if (quit !== undefined) note(quit, listens);
  });
  const original = process.emit as unknown as Emit;
  replaceable(
    'emit',
    (event: string, ...args: unknown[]) => onEvent(event, () => Reflect.apply(original, process, [event, ...args])),
    note,
  );
  replaceable('reallyExit', (process as unknown as { reallyExit: (code: number) => never }).reallyExit, note);
  const { dlopen } = process;
  process.dlopen = function loads(...args: Parameters<typeof dlopen>): void {
    note('exit', loads);
    Reflect.apply(dlopen, process, args);
  };
  return handled;
}

/** A member of `process` that says when it is replaced. */
function replaceable(name: string, first: unknown, note: (quit: Quit, below: (...args: never[]) => unknown) => void): void {
  let current = first;
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get: () => current,
    set: function replaces(next: unknown) {
      note('exit', replaces);
      current = next;
    },
  });
}
