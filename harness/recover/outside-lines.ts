/** What processes that recover used outside of the harness's directories: one file for each process and its forks, one line of JSON for each use. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Outside, OutsideNotes } from '../record/outside.ts';

export interface OutsideLine {
  /** The bundle of the store that used it. */
  readonly bundle: string;
  readonly what: 'path' | 'listed' | 'unseen';
  readonly text: string;
}

export interface OutsideNotesOptions {
  /** It takes a file of each process. */
  readonly directory: string;
  /** The harness's directories, of which nothing is noted. */
  readonly own: readonly string[];
}

let files = 0;

/** The last arguments of a process that notes what is used outside; none if it is not to. */
export function outsideArguments(options: OutsideNotesOptions | undefined): string[] {
  if (options === undefined) return [];
  files += 1;
  return [join(options.directory, String(files)), ...options.own];
}

export const outsideLine = ({ bundle, what, text }: OutsideLine): string => `${JSON.stringify([bundle, what, text])}\n`;

/** What the processes with files in this directory have used so far for one store. */
export function readOutsideLines(directory: string, bundle: string): Outside {
  const notes = new OutsideNotes();
  for (const name of readdirSync(directory)) {
    for (const line of readFileSync(join(directory, name), 'utf8').split('\n')) {
      if (line === '') continue;
      const [whose, what, text] = JSON.parse(line) as [string, OutsideLine['what'], string];
      if (whose === bundle) notes[what](text);
    }
  }
  return notes.all();
}
