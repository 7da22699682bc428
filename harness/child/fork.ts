/**
 * Forks this process: the child goes on in the middle of its JavaScript, with everything that was evaluated before.
 *
 * Node is not made for that. What it takes, each found by a failure:
 * - V8 asks the kernel to leave its heap out of forks (MADV_DONTFORK). A seccomp filter answers this advice with 0 and does nothing; one pass
 *   of MADV_DOFORK takes the mark off what is mapped already.
 * - V8 waits for helper threads, which a child does not have: start Node with `--single-threaded --v8-pool-size=0`.
 * - libuv's epoll and eventfd would be shared with the parent: `uv_loop_fork` makes new ones. libc's own `fork` starts libuv's thread pool anew.
 * - At exit Node joins threads that are gone: a child ends by `_exit`.
 *
 * Linux on x86-64, with koffi.
 */
import { readFileSync } from 'node:fs';
import type * as Koffi from 'koffi';

declare const require: NodeJS.Require;

const MADV_DONTFORK = 10;
const MADV_DOFORK = 11;
const MADVISE = 28;
const PR_SET_SECCOMP = 22;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_MODE_FILTER = 2;
const SIGCHLD = 17;
const SIG_DFL = 0;
const SIG_IGN = 1;
const O_RDONLY = 0;

export interface Forks {
  /** Returns 0 in the child. */
  readonly fork: () => number;
  /** Waits until a child has ended. Returns its wait status. */
  readonly statusOf: (pid: number) => number;
  /** From now on the system reaps children. */
  readonly leaveToSystem: () => void;
  /** Call it in the child before anything else: makes it a process of its own. */
  readonly becomeChild: () => void;
  /** Ends a child. */
  readonly exit: (code: number) => never;
}

/** Throws where processes cannot be forked. */
export function prepareForks(): Forks {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('forks are for Linux on x64');
  const koffi = require('koffi') as typeof Koffi;
  const [libc, self] = [koffi.load('libc.so.6'), koffi.load(null)];
  const fork = libc.func('int fork()');
  const exit = libc.func('void _exit(int code)');
  const waitpid = libc.func('int waitpid(int pid, _Out_ int *status, int options)');
  const getpid = libc.func('int getpid()');
  const setsid = libc.func('int setsid()');
  const open = libc.func('int open(const char *path, int flags)');
  const dup2 = libc.func('int dup2(int from, int to)');
  const close = libc.func('int close(int descriptor)');
  const signal = libc.func('void *signal(int number, uintptr handler)');
  const madvise = libc.func('int madvise(uintptr address, size_t length, int advice)');
  const prctl = libc.func('int prctl(int option, ulong a, ulong b, ulong c, ulong d)');
  const loopFork = self.func('int uv_loop_fork(void *loop)');
  const defaultLoop = self.func('void *uv_default_loop()');

  ignoreAdvice(koffi, prctl);
  letForksCopy(madvise);
  const becomeChild = (): void => {
    loopFork(defaultLoop());
    signal(SIGCHLD, SIG_DFL);
    setsid();
    const none = open('/dev/null', O_RDONLY);
    dup2(none, 0);
    close(none);
    const pid = getpid() as number;
    Object.defineProperty(process, 'pid', { value: pid, enumerable: true, configurable: true, writable: true });
  };
  return {
    becomeChild,
    fork: () => fork() as number,
    leaveToSystem: () => void signal(SIGCHLD, SIG_IGN),
    statusOf: (pid) => {
      const status = [0];
      return waitpid(pid, status, 0) === pid ? (status[0] ?? -1) : -1;
    },
    exit: (code) => exit(code) as never,
  };
}

type Prctl = (option: number, a: number, b: number | bigint, c: number, d: number) => number;

/** From now on madvise(…, MADV_DONTFORK) succeeds and does nothing, here and in children. */
function ignoreAdvice(koffi: typeof Koffi, prctl: Prctl): void {
  const [load, jumpIfEqual, answer] = [0x20, 0x15, 0x06];
  const [errno0, allow] = [0x00050000, 0x7fff0000];
  const [number, lowerHalfOfAdvice] = [0, 16 + 8 * 2];
  const program = [
    [load, 0, 0, number],
    [jumpIfEqual, 0, 3, MADVISE],
    [load, 0, 0, lowerHalfOfAdvice],
    [jumpIfEqual, 0, 1, MADV_DONTFORK],
    [answer, 0, 0, errno0],
    [answer, 0, 0, allow],
  ] as const;
  const filter = Buffer.alloc(8 * program.length);
  for (const [at, [code, ifTrue, ifFalse, operand]] of program.entries()) {
    filter.writeUInt16LE(code, 8 * at);
    filter.writeUInt8(ifTrue, 8 * at + 2);
    filter.writeUInt8(ifFalse, 8 * at + 3);
    filter.writeUInt32LE(operand, 8 * at + 4);
  }
  const header = Buffer.alloc(16);
  header.writeUInt16LE(program.length, 0);
  header.writeBigUInt64LE(BigInt(koffi.address(filter)), 8);
  const install = (): number => prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, koffi.address(header), 0, 0);
  if (install() === 0) return;
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); // without privileges only so
  if (install() !== 0) throw new Error('no seccomp filter');
}

/** Takes the mark off what is mapped now. */
function letForksCopy(madvise: (address: bigint, length: number, advice: number) => number): void {
  for (const line of readFileSync('/proc/self/maps', 'latin1').split('\n')) {
    const [, from, to, flags] = /^([0-9a-f]+)-([0-9a-f]+) (....) /.exec(line) ?? [];
    if (flags?.[3] !== 'p' || line.includes('[v')) continue;
    const start = BigInt(`0x${from}`);
    madvise(start, Number(BigInt(`0x${to}`) - start), MADV_DOFORK);
  }
}
