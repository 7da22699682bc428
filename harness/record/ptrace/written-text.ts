/** What a stopped thread is about to write. */
import type { Libc } from './libc.ts';
import type { Syscall } from './syscalls.ts';

const IOVEC_BYTES = 16;
/** A longer text holds no line of a program that acknowledges: its rest is not read. */
const MOST_BYTES = 1 << 20;

/** What a stopped thread is about to write, one character for each byte. */
export function textOf(libc: Libc, tid: number, { bytes, vector }: Syscall, args: readonly bigint[]): string {
  const read = (address: bigint, length: number): string => {
    const into = new Uint8Array(Math.min(length, MOST_BYTES));
    return Buffer.from(into.subarray(0, libc.readInto(tid, address, into))).toString('latin1');
  };
  const [, address = 0n] = args;
  const amount = Number(args[bytes ?? 2] ?? 0n);
  if (vector === undefined) return read(address, amount);
  const table = Buffer.from(read(address, amount * IOVEC_BYTES), 'latin1');
  let text = '';
  for (let at = 0; at + IOVEC_BYTES <= table.length; at += IOVEC_BYTES)
    text += read(table.readBigUInt64LE(at), Number(table.readBigUInt64LE(at + 8)));
  return text;
}
