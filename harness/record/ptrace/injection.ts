/**
 * Makes syscalls of a traced thread fail, or carry out a part only, while the thread lives on.
 *
 * At its entry a syscall that is to fail gets no number, so that the kernel carries out none; at its exit the thread is told the errno.
 * `close` is carried out, and reports the errno all the same: the kernel gives the descriptor back first. What was changed of a syscall that
 * carries out a part is put back at its exit, because the code around it counts on its registers and vectors.
 */
import type { Faults } from '../fault.ts';
import { errnoNumber } from './errno.ts';
import type { Libc } from './libc.ts';
import type { OpAtEntry } from './op-reader.ts';
import { setArgument, setResult, skipSyscall } from './registers.ts';
import { tearVector } from './tear.ts';

export class Injections {
  readonly #libc: Libc;
  readonly #faults: Faults;
  /** Threads inside a syscall that was changed, and what makes its result of the one that the kernel gives. */
  readonly #inside = new Map<number, (result: bigint) => bigint>();

  constructor(libc: Libc, faults: Faults) {
    this.#libc = libc;
    this.#faults = faults;
  }

  /** Op `index` is about to happen; it stands at its entry. Returns whether it was changed: then `leave` must be called at its exit. */
  enter(index: number, op: OpAtEntry): boolean {
    const injection = this.#faults.at(index, op.intent);
    if (injection === undefined) return false;
    if (injection.kind === 'short') {
      const restore = tear(this.#libc, op, injection.bytes);
      this.#inside.set(op.tid, (result) => {
        restore();
        return result;
      });
      return true;
    }
    const result = -errnoNumber(injection.errno);
    if (op.syscall.call !== 'close') skipSyscall(this.#libc, op.tid);
    this.#inside.set(op.tid, () => {
      setResult(this.#libc, op.tid, result);
      return BigInt(result);
    });
    return true;
  }

  /** The result of the syscall at whose exit the thread stands, as the thread is told it. */
  leave(tid: number, result: bigint): bigint {
    const change = this.#inside.get(tid);
    this.#inside.delete(tid);
    return change === undefined ? result : change(result);
  }
}

/** Lets a syscall carry out its first bytes only. Returns what puts its arguments back, at its exit. */
export function tear(libc: Libc, { tid, syscall, args }: OpAtEntry, bytes: number): () => void {
  const index = syscall.bytes;
  if (index === undefined) return () => {};
  const before = args[index] ?? 0n;
  const vector = syscall.vector === undefined ? undefined : tearVector(libc, tid, args[syscall.vector] ?? 0n, Number(before), bytes);
  setArgument(libc, tid, index, BigInt(vector?.entries ?? bytes));
  return () => {
    vector?.restore();
    setArgument(libc, tid, index, before);
  };
}
