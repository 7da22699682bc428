/**
 * Makes syscalls of a traced thread fail, or carry out only a part, while the thread lives on.
 *
 * To fail a syscall, its number is removed at its entry, so that the kernel skips it, and the errno is set at its exit. `close` is
 * carried out and then returns the errno, because the kernel frees the descriptor first. What was written is taken back at the exit, too.
 * A syscall that is to carry out a part gets a smaller length at its entry; its registers and vector are restored at its exit, because the
 * calling code relies on them.
 */
import { diskIn } from '../disk.ts';
import { type Fault, Faults } from '../fault.ts';
import { errnoNumber } from './errno.ts';
import type { Libc } from './libc.ts';
import type { OpAtEntry } from './op-reader.ts';
import { setArgument, setResult, skipSyscall } from './registers.ts';
import { tearVector } from './tear.ts';

export class Injections {
  readonly #libc: Libc;
  readonly #faults: Faults;
  /** Threads inside a changed syscall, with the function from the result of the kernel to that of the thread. */
  readonly #inside = new Map<number, (result: bigint) => bigint>();

  constructor(libc: Libc, faults: readonly Fault[], directory: string) {
    this.#libc = libc;
    this.#faults = new Faults(faults, diskIn(directory));
  }

  /** At the entry of op `index`. Returns whether the op was changed: then `leave` must be called at its exit. */
  enter(index: number, op: OpAtEntry): boolean {
    const injection = this.#faults.at(index, op.intent, op.key);
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
      injection.takeBack?.();
      setResult(this.#libc, op.tid, result);
      return BigInt(result);
    });
    return true;
  }

  /** A step has settled. */
  settled(): void {
    this.#faults.settled();
  }

  /** At the exit of a syscall: the result that the thread will see. */
  leave(tid: number, result: bigint): bigint {
    const change = this.#inside.get(tid);
    this.#inside.delete(tid);
    return change === undefined ? result : change(result);
  }
}

/** Lets a syscall carry out its first bytes only. Returns a function that restores its arguments, for its exit. */
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
