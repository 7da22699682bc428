/**
 * Carries out a scenario on a store, in a process that ends as a program does: `node quit-workload.cjs <cell file> <directory>`.
 *
 * Nobody calls the store's `close`, and between two steps the event loop turns, as it does in a program. Once the process has learned that it
 * is to quit, it begins no further step. It stays for whatever its handlers and timers still do; where nothing is left, it says so by its
 * exit code.
 */
import { readFileSync } from 'node:fs';
import { rowOf, TRIGGER } from '../domain/quits.ts';
import { QUIT_CODES, type QuitFile, writeQuitNotes } from '../protocol/quit-file.ts';
import { LINGER_VARIABLE } from '../record/linger.ts';
import { complainIn } from './carry-out-cell.ts';
import { watchHandlers } from './handler-watch.ts';
import { loadBundle } from './load-bundle.ts';
import { carryOut, carryOutBefore, recordingHere, untilFilesAreIdle } from './steps.ts';

// The store may replace the global ones.
const [later, nextTurn, { reallyExit }] = [
  setTimeout,
  setImmediate,
  process as unknown as { readonly reallyExit: (code: number) => never },
];

/** How long the event loop may take to end by itself, after the last step: a server's never ends. */
const DRY_WITHIN_MS = 2_000;

const [cellFile = '', directory = ''] = process.argv.slice(2);
if (directory === '') throw new Error('usage: quit-workload.cjs <cell file> <directory>');
const cell = JSON.parse(readFileSync(cellFile, 'utf8')) as QuitFile;
const { quit, asked, withinMs } = cell;
const complain = complainIn(() => directory);
delete process.env[LINGER_VARIABLE];

const recording = recordingHere();
const planned = new Error('the program ends by this error');
const pending: boolean[] = [];
let underWay = false;
let ranDry = false;
let learned: { readonly underWay: boolean } | undefined;
let isAsked = false;

const leave = (code: number): never => Reflect.apply(reallyExit, process, [code]);
const takeNotes = (): void => writeQuitNotes(directory, { handled, pending, ranDry, ...(learned && { learned }) });

function learn(): void {
  if (learned !== undefined) return;
  learned = { underWay };
  takeNotes();
  recording.learned();
  later(() => leave(QUIT_CODES.late), withinMs).unref();
}

/** What a program does that ends itself. */
function endItself(): void {
  learn();
  if (quit === 'exit') process.exit(0);
  if (quit === 'rejection') void Promise.reject(planned);
  else throw planned;
}

/** The process asks itself, right here, and stays until a signal would have arrived. */
function ask(): void {
  isAsked = true;
  const { signal } = rowOf(quit);
  if (signal !== undefined) process.kill(process.pid, signal);
  else process.nextTick(endItself); // outside of every promise, where nobody catches it
  void turns();
}

process.on('uncaughtExceptionMonitor', (error) => {
  if (error !== planned) complain(error);
});
if (asked.by === 'recorder') process.on(TRIGGER, endItself);
const handled = watchHandlers((event, pass) => {
  if (event === rowOf(quit).signal) learn();
  if (event === 'beforeExit') return onDry(pass);
  const heard = pass();
  if (event === 'exit' && quit === 'end') finish();
  return heard;
});

/** Nothing is left to do. */
function onDry(pass: () => boolean): boolean {
  if (quit === 'end') {
    ranDry = true;
    return pass();
  }
  if (learned !== undefined) return leave(QUIT_CODES.stays);
  if (isAsked) return leave(QUIT_CODES.never);
  if (asked.by === 'itself') {
    ask();
  } else {
    isAsked = true; // a signal of the recorder may not have been looked at
    void turns();
  }
  return true;
}

function finish(): void {
  takeNotes();
  recording.finish();
}

/** Two turns of the event loop: whatever had happened before, its handlers have run. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => nextTurn(resolve));
}

const activeNow = (): string[] => process.getActiveResourcesInfo();

async function workload(): Promise<void> {
  const before = activeNow().length;
  const store = await loadBundle(cell.bundle);
  await carryOutBefore(store, directory, cell);
  await untilFilesAreIdle(recording);
  recording.start();
  for (const [index, step] of cell.steps.entries()) {
    underWay = true;
    try {
      await carryOut(store, directory, step);
      recording.mark('resolved', index);
    } catch (error) {
      recording.mark('rejected', index, String(error));
      complain(error);
    }
    underWay = false;
    if (asked.by === 'itself' && asked.after === index) {
      if (quit !== 'end') return ask();
      break;
    }
    await turns();
    pending.push(activeNow().length > before);
    if (learned !== undefined) return;
  }
  later(onNeverDry, DRY_WITHIN_MS).unref();
}

/** Where the event loop does not end, the recording does; and who would have been asked when nothing was left to do is asked now. */
function onNeverDry(): void {
  if (quit === 'end') {
    finish();
    leave(0);
  }
  if (asked.by === 'itself' && !isAsked) ask();
}

workload().catch((error) => {
  complain(error);
  leave(1);
});
