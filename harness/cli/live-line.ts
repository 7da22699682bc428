/**
 * The line that tells how far a run is. On a terminal it is one line that moves; elsewhere, and only if the run is long, one
 * plain line per store.
 *
 * The cursor stays visible and standard input is left alone: a run that is killed leaves nothing behind, and Ctrl-C is a signal.
 */
import ora from 'ora';
import type { Progress } from '../progress.ts';
import { counted, duration } from '../words.ts';

interface LiveLineOptions {
  /** Where to; whether it is a terminal is asked of it. */
  readonly stream: NodeJS.WriteStream;
  readonly colors: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Off a terminal, a run of less than this is not told of. Default 10,000. */
  readonly plainAfterMs?: number;
}

interface LiveLine {
  readonly update: (event: Progress) => void;
  /** Takes the line away. May be called more than once. */
  readonly stop: () => void;
}

const PLAIN_AFTER_MS = 10_000;
/** The spinner and the two spaces that ora puts after it. */
const FRAME_WIDTH = 3;

/** Shows the line while `work` goes on, and takes it away however that ends. */
export async function withLiveLine<T>(options: LiveLineOptions, work: (line: LiveLine) => Promise<T>): Promise<T> {
  const line = liveLine(options);
  try {
    return await work(line);
  } finally {
    line.stop();
  }
}

export function liveLine(options: LiveLineOptions): LiveLine {
  return options.stream.isTTY ? movingLine(options) : plainLines(options);
}

function movingLine({ stream, colors, now }: LiveLineOptions): LiveLine {
  const started = now();
  let state = NOTHING_YET;
  const text = (): string => words(state, now() - started).slice(0, Math.max(1, (stream.columns ?? 80) - FRAME_WIDTH - 1));
  // The text is ora's suffix, because that is asked for at every frame: the seconds go on while a cell takes its time.
  const spinner = ora({
    stream,
    color: colors ? 'cyan' : false,
    isEnabled: true,
    hideCursor: false,
    discardStdin: false,
    suffixText: text,
  });
  return {
    update: (event) => {
      state = next(state, event);
      if (!spinner.isSpinning) spinner.start();
    },
    stop: () => {
      if (spinner.isSpinning) spinner.stop();
    },
  };
}

function plainLines({ stream, now, plainAfterMs = PLAIN_AFTER_MS }: LiveLineOptions): LiveLine {
  const started = now();
  let state = NOTHING_YET;
  return {
    update: (event) => {
      const before = state;
      state = next(state, event);
      const storeEnded = before.store !== '' && (state.store !== before.store || (event.kind === 'cell-done' && event.done === event.of));
      const elapsed = now() - started;
      if (storeEnded && elapsed >= plainAfterMs)
        stream.write(`${before.store}: ${cellsAndTime({ ...before, cells: state.cells }, elapsed)}\n`);
    },
    stop: () => {},
  };
}

/** What the events so far add up to. */
interface State {
  readonly store: string;
  readonly scenario: string;
  readonly cells: { readonly done: number; readonly of: number };
  readonly kills: { readonly done: number; readonly of: number };
  /** Of the cells that are done, and of the one under way. */
  readonly violations: { readonly before: number; readonly here: number };
}

const NOTHING_YET: State = {
  store: '',
  scenario: '',
  cells: { done: 0, of: 0 },
  kills: { done: 0, of: 0 },
  violations: { before: 0, here: 0 },
};

function next(state: State, event: Progress): State {
  switch (event.kind) {
    case 'cell-started':
      return {
        store: event.store,
        scenario: event.scenario,
        cells: { done: event.done, of: event.of },
        kills: { done: 0, of: 0 },
        violations: { before: state.violations.before + state.violations.here, here: 0 },
      };
    case 'cell-recorded':
      return { ...state, kills: { done: 0, of: event.states } };
    case 'state-judged':
      return { ...state, kills: { done: event.done, of: event.of }, violations: { ...state.violations, here: event.violations } };
    case 'cell-done':
      return { ...state, cells: { done: event.done, of: event.of } };
    default:
      return event satisfies never;
  }
}

function words(state: State, elapsed: number): string {
  const { kills, violations } = state;
  const where = state.store === '' ? 'starting' : `${state.store} / ${state.scenario}`;
  const judged = kills.of === 0 ? 'recording' : `${kills.done}/${kills.of} kills`;
  return `${where}  ${state.cells.done} of ${state.cells.of} cells · ${judged} · ${counted(violations.before + violations.here, 'violation')} · ${wholeSeconds(elapsed)}`;
}

function cellsAndTime(state: State, elapsed: number): string {
  return `${state.cells.done} of ${state.cells.of} cells · ${counted(state.violations.before + state.violations.here, 'violation')} · ${wholeSeconds(elapsed)}`;
}

/** No tenths: they would flicker. */
function wholeSeconds(ms: number): string {
  return ms < 9_500 ? `${Math.floor(ms / 1000)} s` : duration(ms);
}
