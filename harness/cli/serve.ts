/** The harness for another program, to which it reports over a channel: see `protocol/matrix.ts`. */
import { cellName } from '../domain/case-id.ts';
import { InterruptedError } from '../domain/errors.ts';
import { failsRun } from '../domain/grade.ts';
import { modelName } from '../domain/model-names.ts';
import type { CellDone, Progress } from '../domain/progress.ts';
import type { Cell } from '../models/model.ts';
import {
  type FromHarness,
  type Listed,
  type ListedCell,
  type MatrixEvent,
  type MatrixRequest,
  sentError,
  type ToHarness,
} from '../protocol/matrix.ts';
import { failureText } from '../report/failures.ts';
import { foundIn } from '../run.ts';
import { checkAvailable, whatIsMissing } from './available.ts';
import { type Matrix, type MatrixFlags, withMatrix } from './matrix.ts';
import { matrixOptions } from './matrix-options.ts';
import { flagsOf } from './option-object.ts';

/** Answers one request, and returns when the last answer has left. */
export async function serve(): Promise<void> {
  const stop = new AbortController();
  process.on('disconnect', () => stop.abort());
  const request = await new Promise<MatrixRequest>((resolve, reject) => {
    stop.signal.addEventListener('abort', () => reject(new InterruptedError('the program that asked has ended')));
    process.on('message', (message: ToHarness) => {
      if (message.kind === 'start') resolve(message.request);
      else stop.abort();
    });
  }).catch(() => undefined);
  if (request === undefined) return;
  await send(await answerTo(request, stop.signal));
}

/** Events are sent on the way. The answer is sent when nothing of the run is left. */
async function answerTo({ want, options: given, only }: MatrixRequest, stop: AbortSignal): Promise<FromHarness> {
  const onEvent = (event: MatrixEvent): void => void send({ kind: 'event', event });
  const note = (text: string): void => onEvent({ kind: 'note', text });
  try {
    // What the options are called and may be is what `run` says of them.
    const flags = flagsOf({ given, options: matrixOptions() }) as unknown as MatrixFlags;
    return await withMatrix(flags, { note, stop }, async (matrix): Promise<FromHarness> => {
      if (want === 'list') return { kind: 'listed', listed: listed(matrix) };
      const event = await finished(matrix, { only, allCases: flags.allCases }, { onEvent, note });
      return { kind: 'event', event };
    });
  } catch (error) {
    return { kind: 'failed', error: sentError(error) };
  }
}

function namesOf(cell: Cell): ListedCell {
  return { name: cellName(cell), store: cell.store.name, scenario: cell.scenario.name, model: modelName(cell) };
}

function listed({ cells, leftOut, session: { machine } }: Matrix): Listed {
  return {
    cells: cells.map((cell) => {
      const missing = whatIsMissing(cell, machine);
      return { ...namesOf(cell), ...(missing !== undefined && { missing }) };
    }),
    leftOut,
  };
}

async function finished(
  { cells: all, leftOut, session, run }: Matrix,
  { only, allCases }: Pick<MatrixRequest, 'only'> & Pick<MatrixFlags, 'allCases'>,
  { onEvent, note }: { readonly onEvent: (event: MatrixEvent) => void; readonly note: (text: string) => void },
): Promise<MatrixEvent> {
  for (const what of leftOut) note(what);
  const cells = only === undefined ? all : all.filter((cell) => only.includes(cellName(cell)));
  checkAvailable(cells, session.machine);
  const onProgress = (event: Progress): void => {
    if (event.kind === 'cell-started') onEvent(event);
    if (event.kind === 'cell-done') onEvent(cellDone(event, allCases));
  };
  const { result, notes } = await run(cells, { onProgress });
  for (const what of notes) note(what);
  const failure = failureText(result);
  return { kind: 'finished', result, ...(failure !== undefined && { failure }) };
}

function cellDone(event: CellDone, allCases: boolean): MatrixEvent {
  const { cells, cases, causes } = foundIn([event], allCases);
  const failure = failsRun(event.cell) ? failureText({ cells, cases, causes }) : undefined;
  return { ...event, cases, ...(failure !== undefined && { failure }) };
}

function send(message: FromHarness): Promise<void> {
  return new Promise((resolve) => {
    // Who asked may be gone.
    if (process.send === undefined) resolve();
    else process.send(message, undefined, {}, () => resolve());
  });
}
