/**
 * What a program that asked for a run and the harness, which is a process of its own, say to each other over Node's channel. The harness is
 * started as `dist/cli.js` with `SERVES` for its only argument, gets one request, and ends after its last answer, or when the channel closes.
 */
import { HarnessError, InterruptedError, UnavailableError, UsageError } from '../domain/errors.ts';
import type { CellDone, CellStarted } from '../domain/progress.ts';
import type { Result } from '../domain/result.ts';

export const SERVES = 'serve-over-channel';

/** `options` are those of the command line, by their names there: `cacheDir` for `--cache-dir`. */
export interface MatrixRequest {
  readonly want: 'list' | 'run';
  readonly options: { readonly [name: string]: unknown };
  /** Names of the cells to run, of those that the options select. Default: all. */
  readonly only?: readonly string[] | undefined;
}

export type ToHarness = { readonly kind: 'start'; readonly request: MatrixRequest } | { readonly kind: 'stop' };

/** One thing that happens in a run. Several cells are under way at a time, so each event says of which it is. */
export type MatrixEvent =
  /** For a person to read: what was left out and why, what was reused, which recorder it is. Not part of the result. */
  | { readonly kind: 'note'; readonly text: string }
  | CellStarted
  /**
   * `cases`: its violations; every case of it with `allCases`. `failure`: set where the cell fails the run; what was lost, what did it, and the
   * command that replays it, in lines for a person.
   */
  | (CellDone & { readonly failure?: string })
  /** The last event. `failure`: set where the run fails; as above, with the cells grouped by what one change would mend. */
  | { readonly kind: 'finished'; readonly result: Result; readonly failure?: string };

/** A cell that the options select. */
export interface ListedCell {
  /** `<store>/<scenario>/<model>[:<profile>]` */
  readonly name: string;
  readonly store: string;
  readonly scenario: string;
  /** With its profile, as in `power-loss:xfs`. */
  readonly model: string;
  /** Why this machine cannot run it, with a verb: `needs root`. */
  readonly missing?: string;
}

export interface Listed {
  readonly cells: readonly ListedCell[];
  /** What was left out because no option names it and it cannot be done here, in words. */
  readonly leftOut: readonly string[];
}

export type FromHarness =
  | { readonly kind: 'event'; readonly event: MatrixEvent }
  | { readonly kind: 'listed'; readonly listed: Listed }
  | { readonly kind: 'failed'; readonly error: SentError };

interface SentError {
  readonly name: string;
  readonly message: string;
  readonly detail?: string;
  /** Of an error that nobody expected. */
  readonly stack?: string;
}

const KINDS = { UsageError, UnavailableError, InterruptedError, HarnessError };

export function sentError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  const detail = error instanceof UsageError ? error.detail : undefined;
  return { name, message, ...(detail !== undefined && { detail }), ...(!(name in KINDS) && stack !== undefined && { stack }) };
}

/** With what to do next in its message, because a test runner shows nothing else. */
export function errorSent({ name, message, detail, stack }: SentError): Error {
  if (name === 'UsageError') return new UsageError(detail === undefined ? message : `${message}\n${detail}`, detail);
  const kind = Object.entries(KINDS).find(([known]) => known === name)?.[1];
  return kind === undefined ? new HarnessError(`the harness failed: ${stack ?? message}`) : new kind(message);
}
