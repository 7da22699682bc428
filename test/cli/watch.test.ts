/** When `--watch` runs again. The runs are made up. */
import { renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type WatchedRun, watchAndRun } from '../../harness/cli/watch.ts';
import { InterruptedError, UsageError } from '../../harness/domain/errors.ts';
import { freshDirectory } from '../lab/temporary.ts';

/** Runs each of these in its turn, and ends with an error of its own after the last. Returns what was noted. */
async function watching(
  files: readonly string[],
  runs: readonly ((watched: WatchedRun) => Promise<void> | void)[],
  onWait: (() => void)[] = [],
) {
  const notes: string[] = [];
  const note = (text: string): void => {
    notes.push(text);
    if (text.endsWith('Ctrl-C ends it')) setImmediate(() => onWait.shift()?.());
  };
  let count = 0;
  const ended = new UsageError('no more runs');
  const run = async (watched: WatchedRun): Promise<void> => {
    const next = runs[count];
    count += 1;
    if (next === undefined) throw ended;
    await next(watched);
  };
  await expect(watchAndRun(run, files, note)).rejects.toBe(ended);
  return notes;
}

const stopped = ({ stop }: WatchedRun): Promise<never> =>
  new Promise((_, reject) => stop.addEventListener('abort', () => reject(new InterruptedError('stopped'))));

test('a change of a file that a run named, while nothing runs', async () => {
  const directory = freshDirectory();
  const [store, part] = [join(directory, 'store.js'), join(directory, 'part.js')];
  for (const file of [store, part]) writeFileSync(file, 'one');
  const notes = await watching(
    [store],
    [({ onFiles }) => onFiles([part, join(directory, 'none', 'package.json')])],
    [() => writeFileSync(part, 'two')],
  );
  expect(notes[0]).toBe('watching 2 files; Ctrl-C ends it');
  expect(notes[1]).toMatch(/part\.js changed$/);
});

test('a change while it runs stops the run', async () => {
  const store = join(freshDirectory(), 'store.js');
  writeFileSync(store, 'one');
  const notes = await watching(
    [store],
    [
      (watched) => {
        writeFileSync(store, 'two');
        return stopped(watched);
      },
    ],
  );
  expect(notes).toEqual([expect.stringMatching(/store\.js changed$/)]);
});

test('a new file in the place of the old one, and one that is gone and comes back', async () => {
  const store = join(freshDirectory(), 'store.js');
  writeFileSync(store, 'one');
  const notes = await watching(
    [store],
    [() => {}, () => {}, () => {}],
    [
      () => {
        writeFileSync(`${store}.tmp`, 'two');
        renameSync(`${store}.tmp`, store);
      },
      () => unlinkSync(store),
      () => writeFileSync(store, 'three'),
    ],
  );
  expect(notes.filter((text) => text.endsWith('changed'))).toHaveLength(3);
  expect(notes.at(-2)).toMatch(/^waiting for .*store\.js; Ctrl-C ends it$/);
});

test('not a file that is written with the same text, and no other file', async () => {
  const directory = freshDirectory();
  const store = join(directory, 'store.js');
  writeFileSync(store, 'one');
  const notes = await watching(
    [store],
    [() => {}],
    [
      () => {
        writeFileSync(store, 'one');
        writeFileSync(join(directory, 'other.js'), 'one');
        setTimeout(() => writeFileSync(store, 'two'), 200); // had the others counted, their change would be noted without this one
      },
    ],
  );
  expect(notes).toEqual(['watching 1 file; Ctrl-C ends it', expect.stringMatching(/store\.js changed$/)]);
});

test('an interruption from outside ends it', async () => {
  const interrupted = new InterruptedError('interrupted by SIGINT');
  await expect(
    watchAndRun(
      async () => {
        throw interrupted;
      },
      [],
      () => {},
    ),
  ).rejects.toBe(interrupted);
});
