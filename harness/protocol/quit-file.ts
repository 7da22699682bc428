/** The input of a process that is asked to quit, and what it notes beside its directory. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Quit } from '../domain/quits.ts';
import type { CellFile } from './cell-file.ts';

/**
 * Who asks for the end, and when: the recorder by a signal, at a boundary; or the process itself, right after a step (from 0) has settled or
 * when it has nothing left to do. The end of the event loop comes by itself, after the step.
 */
export type Asked = { readonly by: 'recorder' } | { readonly by: 'itself'; readonly after: number | 'all' };

export interface QuitFile extends CellFile {
  readonly quit: Quit;
  readonly asked: Asked;
  /** How long the process may take to end once it has learned of the quit. */
  readonly withinMs: number;
}

/** What the process saw of its own quit. */
export interface QuitNotes {
  /** Quits that the store listened for at some time, with the stack of the call that did; empty where there is none. */
  readonly handled: { readonly [quit in Quit]?: string };
  /** Of each step that settled: whether something kept the event loop alive afterwards. */
  readonly pending: readonly boolean[];
  /** The event loop ended by itself. */
  readonly ranDry: boolean;
  /** Set once the process learned of the quit: whether a step was under way. */
  readonly learned?: { readonly underWay: boolean };
}

/** Exit codes of a process that did not end by its quit. */
export const QUIT_CODES = {
  /** It was asked to quit, and goes on although nothing is left to do. */
  stays: 88,
  /** It was asked to quit, and has not ended within the limit. */
  late: 90,
  /** It came to its end before the boundary. */
  never: 89,
} as const;

const fileOf = (directory: string): string => `${directory}.quit`;

export function writeQuitNotes(directory: string, notes: QuitNotes): void {
  writeFileSync(fileOf(directory), JSON.stringify(notes));
}

/** Undefined where the process was gone before it noted anything. */
export function readQuitNotes(directory: string): QuitNotes | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(directory), 'utf8')) as QuitNotes;
  } catch {
    return undefined;
  }
}
