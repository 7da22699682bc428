/**
 * Forks this process. The child continues after the call of `fork`, with everything that was evaluated before.
 *
 * Node is not made for that. What it takes, each found by a failure:
 * - V8 asks the kernel to leave its heap out of forks (MADV_DONTFORK). A seccomp filter answers this advice with 0 and does nothing; one pass
 *   of MADV_DOFORK takes the mark off what is mapped already.
 * - V8 waits for helper threads, which a child does not have: start Node with `--single-threaded --v8-pool-size=0`.
 * - libuv's epoll and eventfd would be shared with the parent: `uv_loop_fork` makes new ones. libc's own `fork` makes libuv start a new thread pool.
 * - At exit Node joins threads that are gone: a child ends by `_exit`.
 *
 * Linux on x86-64, with koffi.
 */
import { readFileSync } from 'node:fs';
import type * as Koffi from 'koffi';
import { ALLOW, ANSWER_0, argument, assemble, headerOf, JUMP_IF_EQUAL, LOAD, NUMBER, RETURN } from '../record/ptrace/bpf.ts';

declare const require: NodeJS.Require;

const MADV_DONTFORK = 10;
const MADV_DOFORK = 11;
const MADVISE = 28;
const PR_SET_PDEATHSIG = 1;
const PR_SET_SECCOMP = 22;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_MODE_FILTER = 2;
const SIGCHLD = 17;
const SIG_DFL = 0;
const SIG_IGN = 1;
const SIGKILL = 9;
const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;
/** `struct pollfd`: descriptor, wanted events, events. */
const POLL_BYTES = 8;
const POLLIN = 1;

export interface Forks {
  /** Returns 0 in the child. Throws if there can be no more processes. */
  readonly fork: () => number;
  /** Waits until a child has ended. Returns its wait status. */
  readonly statusOf: (pid: number) => number;
  /** From now on the system reaps children. */
  readonly leaveToSystem: () => void;
  /** Call it in the child before anything else: makes it a process of its own. */
  readonly becomeChild: () => void;
  /** Call it in the child: it is killed when its parent ends. */
  readonly endWithParent: () => void;
  /** A pipe that programs do not inherit. */
  readonly pipe: () => readonly [output: number, input: number];
  /** Waits until one of these descriptors can be read, at most so many ms; for ever without. Returns those that can be. */
  readonly readable: (descriptors: readonly number[], withinMs?: number) => readonly number[];
  /** Ends a child. */
  readonly exit: (code: number) => never;
}

export const loadKoffi = (): typeof Koffi => require('koffi') as typeof Koffi;

/** Throws where processes cannot be forked. */
export function prepareForks(): Forks {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('forks are for Linux on x64');
  const koffi = loadKoffi();
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
  const pipe2 = libc.func('int pipe2(_Out_ int *descriptors, int flags)');
  const poll = libc.func('int poll(void *descriptors, ulong count, int timeout)');
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
    endWithParent: () => void prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0),
    pipe: () => {
      const ends = [0, 0];
      if (pipe2(ends, O_CLOEXEC) !== 0) throw new Error('no pipe');
      return [ends[0] ?? 0, ends[1] ?? 0];
    },
    readable: (descriptors, withinMs = -1) => {
      const asked = Buffer.alloc(descriptors.length * POLL_BYTES);
      for (const [at, descriptor] of descriptors.entries()) {
        asked.writeInt32LE(descriptor, at * POLL_BYTES);
        asked.writeInt16LE(POLLIN, at * POLL_BYTES + 4);
      }
      if (poll(asked, descriptors.length, Math.ceil(withinMs)) <= 0) return [];
      return descriptors.filter((_, at) => asked.readInt16LE(at * POLL_BYTES + 6) !== 0);
    },
    fork: () => {
      const pid = fork() as number;
      if (pid < 0) throw new Error('no process can be forked now'); // nobody must signal -1, which is every process
      return pid;
    },
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
  const filter = assemble([
    [LOAD, 0, 0, NUMBER],
    [JUMP_IF_EQUAL, 0, 3, MADVISE],
    [LOAD, 0, 0, argument(2)],
    [JUMP_IF_EQUAL, 0, 1, MADV_DONTFORK],
    [RETURN, 0, 0, ANSWER_0],
    [RETURN, 0, 0, ALLOW],
  ]);
  const header = headerOf(filter, BigInt(koffi.address(filter)));
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
