/**
 * Carries out one task in one race after the other.
 *
 * It signals that it is ready, when each step begins, and how the step ends; by then a note contains the loaded value or the error. When
 * the race is done it signals that, and is held until the instructions name the next race. The store is evaluated again for each race.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreCalls } from '../domain/store.ts';
import type { Json, TaskStep } from '../domain/trace.ts';
import { noteFile, type TaskFile, type TaskNote, type TaskRace } from '../protocol/task-file.ts';
import { MARK_PREFIX } from '../record/ptrace/protocol.ts';
import { load } from '../store/calls.ts';
import { loadBundle } from './load-bundle.ts';
import { carryOut, recordingHere, untilFilesAreIdle } from './steps.ts';
import { installTimersThatWait } from './timers-that-wait.ts';

/** A process that never waits is never seen to have settled, so that the file operation which it waits for is not let through. */
const sleep = (): Promise<void> => new Promise((resolve) => later(resolve, 1));
const later = setTimeout; // before the timers of a race

type Mark = (kind: 'began' | 'resolved' | 'rejected', step: number, note?: TaskNote) => void;

/** The value of the last load, if it succeeded. */
type LastLoaded = { readonly value?: Json } | undefined;

async function loadOnce(store: StoreCalls, directory: string, index: number, mark: Mark): Promise<LastLoaded> {
  mark('began', index);
  const loaded = await load(store, directory);
  if (loaded.kind === 'threw') mark('rejected', index, { loaded, error: loaded.error });
  else mark('resolved', index, { loaded });
  return loaded.kind === 'loaded' ? loaded : undefined;
}

async function saveOnce(
  store: StoreCalls,
  directory: string,
  {
    step,
    index,
    lastLoaded,
  }: { readonly step: Exclude<TaskStep, { kind: 'load' }>; readonly index: number; readonly lastLoaded: LastLoaded },
  mark: Mark,
): Promise<void> {
  const saved = step.kind === 'save-loaded' ? lastLoaded?.value : undefined;
  mark('began', index, saved === undefined ? {} : { saved });
  try {
    // A task whose load failed has no value to save.
    if (step.kind !== 'save-loaded') await carryOut(store, directory, step);
    else if (lastLoaded === undefined) throw new Error('nothing was loaded');
    else await store.save(directory, saved);
  } catch (error) {
    return mark('rejected', index, { error: error instanceof Error ? error.message : String(error) });
  }
  mark('resolved', index);
}

async function race(
  { bundle, task, steps }: TaskFile,
  { directory, notes }: TaskRace,
  recording: ReturnType<typeof recordingHere>,
): Promise<void> {
  const mark: Mark = (kind, step, note = {}) => {
    if (Object.keys(note).length > 0) writeFileSync(join(notes, noteFile(task, step, kind)), JSON.stringify(note));
    existsSync(`${MARK_PREFIX}${kind}/${step}`);
  };
  const store = await loadBundle(bundle);
  recording.start();
  let lastLoaded: LastLoaded;
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'load') lastLoaded = await loadOnce(store, directory, index, mark);
    else await saveOnce(store, directory, { step, index, lastLoaded }, mark);
  }
  await store.close?.(directory);
  await untilFilesAreIdle(recording, sleep);
  recording.finish();
}

/** Until the process is ended. `instructions`: the file that names the next race, as `TaskRace`. */
export async function carryOutRaces(taskFile: string, instructions: string): Promise<never> {
  let now: TaskRace | undefined;
  process.on('uncaughtExceptionMonitor', (error) => {
    if (now !== undefined) writeFileSync(`${now.directory}.complaint`, error.stack ?? error.message);
  });
  const file = JSON.parse(readFileSync(taskFile, 'utf8')) as TaskFile;
  installTimersThatWait();
  const recording = recordingHere();
  for (;;) {
    const next = JSON.parse(readFileSync(instructions, 'utf8')) as TaskRace;
    // It was not held at the end of the last race: its signal was lost, and it ran without control.
    if (next.directory === now?.directory) process.exit(1);
    now = next;
    await race(file, now, recording);
  }
}
