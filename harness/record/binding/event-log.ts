/** Writes a child's events: to a function, or as JSON lines to a file through the original functions, which no hook sees. */
import { constants } from 'node:fs';
import type { RawEvent } from '../../domain/events.ts';
import type { NativeFs } from './native.ts';

const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND;

export function eventLog(fs: NativeFs, output: string | ((event: RawEvent) => void)): (event: RawEvent) => void {
  if (typeof output === 'function') return output;
  let log: number | undefined;
  return (event) => {
    log ??= fs.open(output, APPEND, 0o600);
    // Not buffered: the log of a run that hangs or crashes is complete.
    let rest = Buffer.from(`${JSON.stringify(event)}\n`);
    while (rest.length > 0) rest = rest.subarray(fs.writeBuffers(log, [rest], null));
  };
}
