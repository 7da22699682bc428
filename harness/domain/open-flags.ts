/** The flags of `open` in the words of traces. */
import { constants } from 'node:fs';
import type { OpenFlag } from './trace.ts';

const { O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DSYNC = 0, O_SYNC = 0, O_DIRECTORY = 0 } = constants;
/** The bit that O_TMPFILE adds to O_DIRECTORY on Linux. Node does not export it. */
export const TMPFILE = process.platform === 'linux' ? 0o20000000 : 0;

const NAMED: readonly (readonly [OpenFlag, number])[] = [
  ['create', O_CREAT],
  ['exclusive', O_EXCL],
  ['truncate', O_TRUNC],
  ['append', O_APPEND],
  ['tmpfile', TMPFILE],
  ['directory', O_DIRECTORY],
];

export function openFlagsIn(bits: number): OpenFlag[] {
  const access: OpenFlag[] = (bits & O_RDWR) !== 0 ? ['read', 'write'] : (bits & O_WRONLY) !== 0 ? ['write'] : ['read'];
  return [...access, ...NAMED.filter(([, bit]) => (bits & bit) !== 0).map(([flag]) => flag), ...forcedIn(bits)];
}

/** What a write through a descriptor with these flags forces to disk before it returns. O_SYNC has the bit of O_DSYNC, too. */
export function forcedIn(bits: number): ('sync' | 'dsync')[] {
  if (O_SYNC !== 0 && (bits & O_SYNC) === O_SYNC) return ['sync'];
  return (bits & O_DSYNC) === 0 ? [] : ['dsync'];
}
