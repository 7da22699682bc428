/**
 * Puts the recorder between node:fs and its binding, in the process that runs the store.
 *
 * Sees     every call of node:fs and node:fs/promises: synchronous, with a callback, with a promise, FileHandles and streams;
 *          in CommonJS and ES modules. It has to be installed before the store is loaded.
 * Forbids  nothing; results and errors are those of the original functions.
 * Cannot see   native addons and WebAssembly with its own WASI; child processes and worker threads (reported as unmeasured);
 *          descriptors opened elsewhere and passed to node; `fs.openAsBlob`; the directory reads of `fs.promises.cp`; the native
 *          jobs of Node 26 (`writeFile` and `readFile` without a signal; reported as unmeasured). `fs.watch` is not an op, and
 *          Node has no memory-mapped files.
 * Differs  asynchronous ops are carried out on the main thread, one at a time, and their results delivered in a later turn. An
 *          open that blocks (a FIFO without its other end) therefore blocks the store until the run's time limit.
 */
import { AsyncResource } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import type { RawEvent, RawMark } from '../../domain/events.ts';
import type { RunPlan } from '../recorder.ts';
import { describeCalls, HARMLESS, TRACKED } from './calls.ts';
import { Conductor } from './conductor.ts';
import { hookDirectories } from './directories.ts';
import { hideFrames } from './errors.ts';
import { eventLog } from './event-log.ts';
import { FileOps } from './file-ops.ts';
import { Files } from './files.ts';
import { type Locate, locateInside } from './inside.ts';
import type { Delivery, Serve } from './job.ts';
import { type Native, type NativeFileHandle, type NativeFunction, type NativePath, type NativeRequest, takeNative } from './native.ts';
import { Stacks } from './stack.ts';
import { hookStreams } from './streams.ts';
import { watchProcesses } from './unseen.ts';

export interface BindingRecorderOptions {
  /** The store's directory: absolute, existing, free of symlinks. */
  readonly directory: string;
  /** Where file contents go. */
  readonly spool: string;
  readonly plan: RunPlan;
  /** A file for events as JSON lines, or a function that takes them. */
  readonly output: string | ((event: RawEvent) => void);
}

export interface BindingRecorder {
  /** From now on calls are recorded. */
  start(): void;
  /** A step of the scenario settled. */
  mark(kind: RawMark['kind'], step: number, message?: string): void;
  /** Whether calls of node:fs are still pending: ops that the store did not await. */
  busy(): boolean;
  /** All steps have settled. */
  finish(): void;
}

export function installBindingRecorder(options: BindingRecorderOptions): BindingRecorder {
  const native = takeNative();
  const files = new Files(native.fs, options.directory);
  const conductor = new Conductor(options.plan, options.directory, options.spool, files, eventLog(native.fs, options.output));
  const locate = locateInside(native.fs, options.directory);
  const ops = new FileOps({ fs: native.fs, files, locate, conductor, directory: options.directory });
  const stacks = new Stacks();
  const pending = new Set<object>();
  const serve = makeServe(conductor, stacks, pending);

  const calls = describeCalls(native, ops);
  for (const [name, original] of native.named) {
    const describe = calls.get(name);
    if (describe === undefined) {
      if (!HARMLESS.has(name)) reportUnknown(native, name, original, ops);
      continue;
    }
    const tracked = TRACKED.has(name);
    native.live[name] = function hooked(this: unknown, ...args: unknown[]): unknown {
      const { delivery, plain } = deliveryOf(native, args);
      const job = !conductor.unhooked && (tracked || conductor.recording) ? describe(plain) : undefined;
      if (job !== undefined) return serve(job, delivery, hooked);
      return countPending(delivery, pending, () => Reflect.apply(original, this, args));
    };
  }
  hookFileHandles(native, ops, serve);
  hookDirectories(ops, serve);
  hookStreams(conductor, stacks);
  syncBuiltinESMExports();
  watchProcesses(conductor);

  const [, ...remainingRuns] = options.plan.kind === 'fault' ? options.plan.runs : [];
  const startNextRun = (): void => {
    const next = remainingRuns.shift();
    if (next === undefined) return;
    const { directory, faults } = next;
    const forRun = { files: new Files(native.fs, directory), locate: locateInside(native.fs, directory) };
    conductor.switchTo(directory, forRun.files, faults);
    ops.switchTo(directory, forRun);
  };
  return {
    start: () => conductor.start(),
    mark: (kind, step, message) => conductor.mark(kind, step, message),
    busy: () => pending.size > 0,
    finish: () => {
      conductor.finish();
      startNextRun();
    },
  };
}

/** Splits off the request. Later arguments keep their positions, and the count stays right: some functions check it. */
function deliveryOf(native: Native, args: readonly unknown[]): { delivery: Delivery; plain: readonly unknown[] } {
  const at = args.findLastIndex((argument) => argument === native.usePromises || argument instanceof native.FSReqCallback);
  if (at < 0) return { delivery: { kind: 'sync' }, plain: args };
  const request = args[at];
  const plain = at === args.length - 1 ? args.slice(0, at) : args.with(at, undefined);
  return {
    delivery: request === native.usePromises ? { kind: 'promise' } : { kind: 'callback', request: request as NativeRequest },
    plain,
  };
}

/**
 * Lets the original serve a call, and counts it as pending until its result arrives. libuv's own list of requests cannot be
 * used: the requests of calls that the recorder served stay on it until they are garbage-collected.
 */
function countPending(delivery: Delivery, pending: Set<object>, call: () => unknown): unknown {
  switch (delivery.kind) {
    case 'sync':
      return call();
    case 'promise': {
      const answer = call() as Promise<unknown>;
      const answered = (): void => void pending.delete(answer);
      pending.add(answer);
      answer.then(answered, answered);
      return answer;
    }
    case 'callback': {
      const { request } = delivery;
      const { oncomplete } = request;
      request.oncomplete = function answered(this: NativeRequest, ...answer: [Error | null, unknown?]): void {
        pending.delete(request);
        if (oncomplete !== undefined) Reflect.apply(oncomplete, this, answer);
      };
      const nothing = call(); // throws on invalid arguments
      pending.add(request);
      return nothing;
    }
    default:
      return delivery satisfies never;
  }
}

/** `pending` holds the calls whose results have not arrived. */
function makeServe(conductor: Conductor, stacks: Stacks, pending: Set<object>): Serve {
  const later = setImmediate; // the store may replace the global
  return (job, delivery, entry) => {
    const stack = conductor.wantsStacks ? stacks.take(entry) : undefined;
    const run = (): unknown => conductor.withStack(stack, () => job.run(delivery.kind === 'sync' ? 'sync' : 'async'));
    switch (delivery.kind) {
      case 'sync':
        try {
          return run();
        } catch (error) {
          hideFrames(error, entry);
          throw error;
        }
      case 'promise':
        pending.add(job);
        return new Promise((resolve, reject) => {
          conductor.submit(job.first, () => {
            const answer = outcomeOf(run);
            later(() => {
              pending.delete(job);
              if (answer.kind === 'value') resolve(answer.value);
              else reject(answer.error);
            });
          });
        });
      case 'callback': {
        const { request } = delivery;
        pending.add(job);
        const complete = AsyncResource.bind((answer: Outcome) => {
          pending.delete(job);
          if (answer.kind === 'error') request.oncomplete?.(answer.error);
          else if (answer.value === undefined) request.oncomplete?.(null);
          else request.oncomplete?.(null, answer.value);
        });
        conductor.submit(job.first, () => {
          const answer = outcomeOf(run);
          later(() => complete(answer));
        });
        return undefined;
      }
      default:
        return delivery satisfies never;
    }
  };
}

type Outcome = { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'error'; readonly error: Error };

function outcomeOf(run: () => unknown): Outcome {
  try {
    return { kind: 'value', value: run() };
  } catch (thrown) {
    const error = thrown as Error;
    error.stack = `${error.name}: ${error.message}`; // libuv's asynchronous errors have no stack
    return { kind: 'error', error };
  }
}

/** `close` of a FileHandle is native: the descriptor is released from it and closed like any other. */
function hookFileHandles(native: Native, ops: FileOps, serve: Serve): void {
  const prototype = native.FileHandle.prototype as unknown as Record<string, NativeFunction>;
  for (const [name, kind] of [
    ['close', 'promise'],
    ['closeSync', 'sync'],
  ] as const) {
    const original = prototype[name];
    if (original === undefined) continue;
    prototype[name] = function hooked(this: NativeFileHandle): unknown {
      const { fd } = this;
      if (!ops.openFiles.has(fd)) return Reflect.apply(original, this, []);
      const via = `FileHandle.${name}`;
      const run = (): void => {
        this.releaseFD();
        ops.close(fd, via);
      };
      return serve({ first: () => ops.onDescriptor('close', via, fd), run }, { kind }, hooked as NativeFunction);
    };
  }
}

/**
 * A function of the binding that is in no table, as in a newer Node. Node 26 has jobs: objects that carry out a whole
 * `writeFile` in the thread pool. They are reported if they run on a path inside the directory.
 */
function reportUnknown(native: Native, name: string, original: NativeFunction, ops: FileOps): void {
  const { conductor } = ops.context;
  const locate: Locate = (path, follow) => ops.context.locate(path, follow);
  const report = (): void => conductor.unmeasured(`called process.binding('fs').${name}, which the binding recorder does not know`);
  const job = (original as { prototype?: Record<string, NativeFunction> }).prototype;
  const run = job?.run;
  if (job !== undefined && run !== undefined) {
    job.run = function hooked(this: unknown, ...args: unknown[]): unknown {
      const [path] = args;
      if (!isPath(path) || locate(path, true) !== undefined) report();
      return Reflect.apply(run, this, args);
    };
    return;
  }
  native.live[name] = function hooked(this: unknown, ...args: unknown[]): unknown {
    const paths = args.filter(isPath);
    if (paths.length === 0 || paths.some((path) => locate(path, true) !== undefined)) report();
    return new.target === undefined ? Reflect.apply(original, this, args) : Reflect.construct(original, args);
  };
}

function isPath(value: unknown): value is NativePath {
  return typeof value === 'string' || value instanceof Uint8Array;
}
