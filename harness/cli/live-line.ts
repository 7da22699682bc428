/**
 * The line that shows how far a run is. On a terminal with a width it is one line that moves; elsewhere, a plain line every
 * ten seconds.
 *
 * The cursor stays visible and standard input is left alone: a run that is killed leaves nothing behind, and Ctrl-C is a signal.
 */
import type { Progress } from '../domain/progress.ts';
import { counted, duration } from '../domain/words.ts';

interface LiveLineOptions {
  /** Where to; whether it is a terminal is asked of it. */
  readonly stream: NodeJS.WriteStream;
  readonly colors: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Off a terminal, time between two lines. Default 10,000. */
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
  const line = await liveLine(options);
  try {
    return await work(line);
  } finally {
    line.stop();
  }
}

/** @internal */
export async function liveLine(options: LiveLineOptions): Promise<LiveLine> {
  // A terminal that does not know its size, as in a container without a window, reports 0 columns; ora divides by them.
  const { isTTY, columns } = options.stream;
  return isTTY && columns > FRAME_WIDTH ? movingLine(options) : plainLines(options);
}

async function movingLine({ stream, colors, now }: LiveLineOptions): Promise<LiveLine> {
  const { default: ora } = await import('ora'); // most commands show no moving line, and its packages take long to load
  const started = now();
  let state = NOTHING_YET;
  const text = (): string => words(state, now() - started).slice(0, Math.max(1, stream.columns - FRAME_WIDTH - 1));
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
  let written = started;
  let state = NOTHING_YET;
  return {
    update: (event) => {
      state = next(state, event);
      const time = now();
      if (event.kind !== 'cell-done' || time - written < plainAfterMs) return;
      written = time;
      stream.write(`${state.where}  ${cellsAndTime(state, time - started)}\n`);
    },
    stop: () => {},
  };
}

/** What the events so far add up to. Several cells are under way at a time: it shows the one that was heard of last. */
interface State {
  readonly where: string;
  readonly cells: { readonly done: number; readonly of: number };
  readonly judged: { readonly done: number; readonly of: number };
  /** Of the cells that are done. */
  readonly violations: number;
}

const NOTHING_YET: State = { where: 'starting', cells: { done: 0, of: 0 }, judged: { done: 0, of: 0 }, violations: 0 };

function next(state: State, event: Progress): State {
  switch (event.kind) {
    case 'cell-started': {
      const where = `${event.store} / ${event.scenario} / ${event.model}`;
      return { ...state, where, cells: { done: event.done, of: event.of }, judged: { done: 0, of: 0 } };
    }
    case 'cell-recorded':
      return { ...state, judged: { done: 0, of: event.states } };
    case 'state-judged':
      return { ...state, judged: { done: event.done, of: event.of } };
    case 'cell-done':
      return { ...state, cells: { done: event.done, of: event.of }, violations: state.violations + event.cell.violations };
    default:
      return event satisfies never;
  }
}

function words(state: State, elapsed: number): string {
  const { judged } = state;
  const states = judged.of === 0 ? 'recording' : `${judged.done}/${judged.of} states`;
  return `${state.where}  ${states} · ${cellsAndTime(state, elapsed)}`;
}

function cellsAndTime({ cells, violations }: State, elapsed: number): string {
  return `${cells.done} of ${cells.of} cells · ${counted(violations, 'violation')} · ${wholeSeconds(elapsed)}`;
}

/** No tenths: they would flicker. */
function wholeSeconds(ms: number): string {
  return ms < 9_500 ? `${Math.floor(ms / 1000)} s` : duration(ms);
}
