import { closeSync, openSync, writeSync } from 'node:fs';
import type { Libc } from './libc.ts';

const IOVEC_BYTES = 16;

/**
 * Shortens a vector of buffers, in the memory of the stopped thread, to `bytes` in all. Returns how many of its entries are
 * left. The thread is killed when the call returns, so that it never reads its vector again.
 */
export function tearVector(libc: Libc, tid: number, address: bigint, count: number, bytes: number): number {
  let left = bytes;
  for (let index = 0; index < count; index += 1) {
    const lengthAt = address + BigInt(index * IOVEC_BYTES + 8);
    const length = Number(libc.readMemory(tid, lengthAt, 8).readBigUInt64LE(0));
    if (length < left) {
      left -= length;
      continue;
    }
    const shortened = Buffer.alloc(8);
    shortened.writeBigUInt64LE(BigInt(left), 0);
    const memory = openSync(`/proc/${tid}/mem`, 'r+');
    writeSync(memory, shortened, 0, 8, Number(lengthAt));
    closeSync(memory);
    return index + 1;
  }
  return count;
}
