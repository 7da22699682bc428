/**
 * The stack of an op, down to the user's line that caused it.
 *
 * Some stacks hold node's internals only (a write stream's queue, the second op of `fs.rm`). They are continued with the stack of
 * the last op or stream in the same asynchronous context that had a user's frame: that call led to the op.
 * Cannot see   frames behind a library that breaks the asynchronous context (its own task queue): such an op gets the line of the
 *              last call in the context that runs the queue.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { dirname } from 'node:path';

const FRAMES = 64;

export class Stacks {
  readonly #cause = new AsyncLocalStorage<string>();
  /** The harness's own files lie in one directory, without any store. */
  readonly #harnessDirectory = dirname(fileOf(capture(undefined).split('\n')[0] ?? ''));

  /** The stack below a function, top first, one frame a line. */
  take(below: (...args: never[]) => unknown): string {
    const frames = capture(below)
      .split('\n')
      .filter((frame) => dirname(fileOf(frame)) !== this.#harnessDirectory);
    const stack = frames.join('\n');
    if (frames.some(isUserFrame)) {
      this.#cause.enterWith(stack);
      return stack;
    }
    const cause = this.#cause.getStore();
    return cause === undefined ? stack : `${stack}\n${cause}`;
  }
}

/** Reads a stack with the user's `Error` hooks disabled. */
function capture(below: ((...args: never[]) => unknown) | undefined): string {
  const { stackTraceLimit, prepareStackTrace } = Error;
  Error.stackTraceLimit = FRAMES;
  (Error as { prepareStackTrace: unknown }).prepareStackTrace = undefined;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, below);
  const stack = holder.stack ?? '';
  Error.stackTraceLimit = stackTraceLimit;
  (Error as { prepareStackTrace: unknown }).prepareStackTrace = prepareStackTrace;
  return stack
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .map((line) => line.slice(4))
    .join('\n');
}

/** The file of one frame, as V8 prints it: `at name (file:line:column)` or `at file:line:column`. */
function fileOf(frame: string): string {
  return FRAME.exec(frame)?.groups?.file ?? '';
}

export const FRAME = /^\s*at (?:(?<name>.*?) \()?(?:async )?(?<file>[^()]*?|.*?\([^()]*\).*?):(?<line>\d+):(?<column>\d+)\)?$/;

/** True for a frame that belongs to neither node nor native code. */
export function isUserFrame(frame: string): boolean {
  const file = fileOf(frame);
  return file !== '' && !file.startsWith('node:') && file !== '<anonymous>' && file !== 'native';
}
