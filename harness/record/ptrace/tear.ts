import { closeSync, openSync, writeSync } from 'node:fs';
import type { Libc } from './libc.ts';

const IOVEC_BYTES = 16;

/** A shortened vector: how many entries are left, and how to restore it. */
interface Torn {
  readonly entries: number;
  readonly restore: () => void;
}

/** Shortens a vector of buffers, in the memory of the stopped thread, to a total of `bytes`. Restore it if the thread lives on. */
export function tearVector(libc: Libc, tid: number, address: bigint, count: number, bytes: number): Torn {
  let left = bytes;
  for (let index = 0; index < count; index += 1) {
    const lengthAt = address + BigInt(index * IOVEC_BYTES + 8);
    const length = Number(libc.readMemory(tid, lengthAt, 8).readBigUInt64LE(0));
    if (length < left) {
      left -= length;
      continue;
    }
    writeLength(tid, lengthAt, left);
    return { entries: index + 1, restore: () => writeLength(tid, lengthAt, length) };
  }
  return { entries: count, restore: () => {} };
}

function writeLength(tid: number, address: bigint, length: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(length), 0);
  const memory = openSync(`/proc/${tid}/mem`, 'r+');
  writeSync(memory, bytes, 0, 8, Number(address));
  closeSync(memory);
}
