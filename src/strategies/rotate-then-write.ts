import { serializeEntries } from '../entries.ts';
import { setAsideTranscripts } from '../transcripts.ts';
import type { Strategy } from './strategy.ts';

/** The text that this process wrote last, per strategy and store. It is never compared with the disk: one of the bugs. */
const lastWritten = new Map<string, string>();

/**
 * The order in which all historical designs save: set transcripts aside, rotate, serialize, skip the write if nothing changed,
 * write. Because rotation comes before the skip, a rotation that takes the live file away loses an unchanged store for good.
 */
export function rotateThenWrite(
  name: string,
  rotate: Strategy['rotate'],
  write: (storePath: string, text: string) => Promise<void>,
): Strategy['replace'] {
  return async ({ storePath, entries, removed, rotateBytes }) => {
    await setAsideTranscripts(storePath, removed, entries);
    await rotate(storePath, rotateBytes);
    const text = serializeEntries(entries);
    const key = `${name} ${storePath}`;
    if (lastWritten.get(key) === text) return;
    await write(storePath, text);
    lastWritten.set(key, text);
  };
}
