/** The acknowledgements in what the processes of a program write to its standard output: each counts at the write that completes its line. */
import type { RawMark } from '../../domain/events.ts';
import { nameIn } from '../../domain/program.ts';
import type { Libc } from './libc.ts';
import type { Syscall } from './syscalls.ts';

const IOVEC_BYTES = 16;
/** A longer text holds no line of a program that acknowledges: its rest is not read. */
const MOST_BYTES = 1 << 20;

export class Acks {
  /** Of the line that is not complete yet, as bytes. */
  #unfinished = '';
  #count = 0;

  /** The marks that a text would make. */
  marksIn(text: string): RawMark[] {
    const lines = `${this.#unfinished}${text}`.split('\n').slice(0, -1);
    const names = lines.map((line) => nameIn(Buffer.from(line, 'latin1').toString('utf8'))).filter((name) => name !== undefined);
    return names.map((name, index) => ({ kind: 'resolved', step: this.#count + index, name }));
  }

  take(text: string): RawMark[] {
    const marks = this.marksIn(text);
    const all = `${this.#unfinished}${text}`;
    this.#unfinished = all.slice(all.lastIndexOf('\n') + 1);
    this.#count += marks.length;
    return marks;
  }
}

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
