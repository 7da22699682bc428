/** Where a child's events go: a file of JSON lines, written through the original functions so that no hook sees it, or a function. */
import { constants } from 'node:fs';
import type { RawEvent } from '../../domain/events.ts';
import type { NativeFs } from './native.ts';

const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND;

export function eventLog(fs: NativeFs, output: string | ((event: RawEvent) => void)): (event: RawEvent) => void {
  if (typeof output === 'function') return output;
  let log: number | undefined;
  return (event) => {
    log ??= fs.open(output, APPEND, 0o600);
    // Each event at once: a run that hangs or crashes still tells what it had done.
    let rest = Buffer.from(`${JSON.stringify(event)}\n`);
    while (rest.length > 0) rest = rest.subarray(fs.writeBuffers(log, [rest], null));
  };
}
