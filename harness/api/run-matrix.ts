/** `runMatrix`: a run of the matrix, for scripts and for tests of any runner. */
import { HarnessError, UsageError } from '../domain/errors.ts';
import type { Result } from '../domain/result.ts';
import type { MatrixEvent, MatrixRequest } from '../protocol/matrix.ts';
import { EventQueue } from './event-queue.ts';
import { inHarness } from './harness-process.ts';
import type { MatrixOptions } from './options.ts';
import { storeArgument } from './store-place.ts';

/**
 * A run that has begun: a promise of its result, and an iterable of its events.
 *
 *   const result = await runMatrix({ store: './notes.ts' });
 *   for await (const event of runMatrix({ store: './notes.ts' })) …
 *
 * Iteration gives each event from its start on, ends after `finished`, and throws what the promise rejects with. Whoever leaves the loop early
 * ends the run.
 */
export interface MatrixRun extends Promise<Result>, AsyncIterable<MatrixEvent> {}

/**
 * Runs stores through scenarios under models, as `crash-matrix run` does, in a process of its own. It prints nothing and never exits.
 * A broken claim is no error: see `status` of `result.cells` (`broken` and `missed-bug` fail), and `result.causes`.
 *
 * Rejects with `UsageError` if an option or the store is wrong, `UnavailableError` if this machine cannot do what was named, `HarnessError` if
 * the harness contradicts itself, and with the reason of `signal` if that is aborted. When it has settled, no process and no directory of the run is
 * left.
 */
export function runMatrix(options: MatrixOptions): MatrixRun {
  const events = new EventQueue<MatrixEvent>();
  const left = new AbortController();
  const result = run(options, left, events.add);
  result.then(events.end, events.fail);
  const iterate = (): AsyncIterator<MatrixEvent> => {
    result.catch(() => {}); // iteration throws it
    return events.iterate(async () => {
      left.abort();
      await result.catch(() => {});
    });
  };
  return Object.assign(result, { [Symbol.asyncIterator]: iterate });
}

async function run(options: MatrixOptions, left: AbortController, onEvent: (event: MatrixEvent) => void): Promise<Result> {
  const { signal, cwd = process.cwd(), ...others } = options;
  const request: MatrixRequest = { want: 'run', options: withPaths(others, { from: cwd, cwd }) };
  const stop = (): void => left.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  let result: Result | undefined;
  try {
    await inHarness(request, {
      cwd,
      signal: left.signal,
      onMessage: (message) => {
        if (message.kind !== 'event') return;
        if (message.event.kind === 'finished') result = message.event.result;
        onEvent(message.event);
      },
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  if (result === undefined) throw new HarnessError('a run ended without a result');
  return result;
}

/** The options with stores as the command line would name them. */
function withPaths(
  { store, ...others }: { readonly store?: unknown; readonly [name: string]: unknown },
  places: { readonly from: string; readonly cwd: string },
): MatrixRequest['options'] {
  const stores: readonly unknown[] = Array.isArray(store) ? store : [store];
  if (stores.length === 0) throw new UsageError("the option store names no store. Pass the path of its file, as in './notes.ts'.");
  return { ...others, store: stores.map((place) => storeArgument(place, places)) };
}
