/**
 * The C library as the tracer needs it, called through koffi: ptrace, waitpid, posix_spawn, poll and tgkill.
 *
 * Linux only. Constants are from the kernel's uapi headers and are the same on x86-64 and arm64.
 */
import { createRequire } from 'node:module';
import { constants } from 'node:os';

export const PTRACE = {
  cont: 7,
  syscall: 24,
  setOptions: 0x4200,
  getEventMessage: 0x4201,
  getRegisterSet: 0x4204,
  setRegisterSet: 0x4205,
  seize: 0x4206,
  interrupt: 0x4207,
  listen: 0x4208,
  getSyscallInfo: 0x420e,
} as const;

export const OPTION = { sysGood: 1, fork: 2, vfork: 4, clone: 8, exec: 16, seccomp: 0x80, exitKill: 0x100000 } as const;
/** The options of a thread: `START` when it is attached, `TRACE` from the start of recording. */
export const START_OPTIONS = OPTION.sysGood | OPTION.fork | OPTION.vfork | OPTION.exec | OPTION.exitKill;
export const TRACE_OPTIONS = START_OPTIONS | OPTION.clone | OPTION.seccomp;
/** Values of the first byte of struct ptrace_syscall_info, and its size. */
export const SYSCALL_STOP = { entry: 1, exit: 2, filter: 3 } as const;
export const SYSCALL_INFO_BYTES = 88;
export const EVENT = { fork: 1, vfork: 2, clone: 3, exec: 4, seccomp: 7, stop: 128 } as const;
export const SIGNAL = { kill: 9, trap: 5, stop: 19, tstp: 20, ttin: 21, ttou: 22, urg: 23 } as const;

const WALL = 0x40000000;
const NO_HANG = 1;
const POLLIN = 1;
const O_CLOEXEC = 0o2000000;
const SPAWN_FLAGS = 0x04 | 0x08 | 0x80; // SETSIGDEF | SETSIGMASK | SETSID
/** Larger than posix_spawnattr_t and posix_spawn_file_actions_t of glibc (336 and 80 bytes) and musl. */
const OPAQUE_BYTES = 1024;
const MEMORY_BYTES = 4096;

export interface Libc {
  /** Returns -1 when the kernel refuses. */
  readonly ptrace: (request: number, tid: number, address: number | bigint, data: number | bigint) => number;
  readonly ptraceBuffer: (request: number, tid: number, address: number, data: Uint8Array) => number;
  /** Bytes of the memory of a stopped thread, at most 4096; fewer where the mapping ends. Valid until the next call. */
  readonly readMemory: (tid: number, address: bigint, length: number) => Buffer;
  /** Fills `into` with the memory of a process. Returns the number of bytes, fewer where the mapping or its file ends. */
  readonly readInto: (pid: number, address: bigint, into: Uint8Array) => number;
  /** The address of a buffer's bytes, for structs that hold pointers. */
  readonly addressOf: (buffer: Uint8Array) => bigint;
  /** Waits until a child or one of its threads changes state. Returns its id, or -1 if there is none; `status()` says what happened. */
  readonly waitAny: () => number;
  /** `waitAny` without waiting: 0 if nothing has happened. */
  readonly waitNow: () => number;
  /** Waits for one thread. */
  readonly waitFor: (tid: number) => number;
  readonly status: () => number;
  /** Starts a program (a path or name) in a new session, with `input` or /dev/null as standard input. Returns its pid. */
  readonly spawn: (file: string, args: readonly string[], env: readonly string[], input?: number) => number;
  /** A pipe whose ends children do not inherit: where it is read, and where it is written. */
  readonly pipe: () => readonly [number, number];
  /** Whether `fd` can be read now. */
  readonly isReadable: (fd: number) => boolean;
  /** Sends a signal to the first thread of a process, which takes it before anything else that it does. Nothing happens where it has ended. */
  readonly signal: (pid: number, signal: NodeJS.Signals) => void;
}

/** The number of tgkill(2). */
const TGKILL = { x64: 234, arm64: 131 } as const;

/** Loads koffi and the C library. Throws if either is missing. */
export function loadLibc(): Libc {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = loadFirst(koffi, ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`]);
  const ptrace = library.func('long ptrace(long request, int pid, uintptr_t address, uintptr_t data)');
  const ptraceBuffer = library.func('long ptrace(long request, int pid, uintptr_t address, void *data)');
  const waitpid = library.func('int waitpid(int pid, void *status, int options)');
  const poll = library.func('int poll(void *fds, unsigned long count, int timeout)');
  const threadKill = library.func('long syscall(long number, long pid, long tid, long signal)');
  const pipe2 = library.func('int pipe2(void *descriptors, int flags)');
  const spawn = prepareSpawn(library);
  const status = Buffer.alloc(4);
  const pollFd = Buffer.alloc(8);
  const readVector = library.func(
    'long process_vm_readv(int pid, void *local, unsigned long locals, void *remote, unsigned long remotes, unsigned long flags)',
  );
  const memory = Buffer.alloc(MEMORY_BYTES);
  const [local, remote] = [Buffer.alloc(16), Buffer.alloc(16)]; // struct iovec: address, length
  const readInto = (tid: number, address: bigint, into: Uint8Array): number => {
    local.writeBigUInt64LE(BigInt(koffi.address(into)), 0);
    local.writeBigUInt64LE(BigInt(into.length), 8);
    remote.writeBigUInt64LE(address, 0);
    remote.writeBigUInt64LE(BigInt(into.length), 8);
    return Math.max(0, Number(readVector(tid, local, 1, remote, 1, 0)));
  };
  return {
    ptrace: (request, tid, address, data) => ptrace(request, tid, address, data),
    ptraceBuffer: (request, tid, address, data) => ptraceBuffer(request, tid, address, data),
    readMemory: (tid, address, length) => {
      const bytes = memory.subarray(0, Math.min(length, MEMORY_BYTES));
      return bytes.subarray(0, readInto(tid, address, bytes));
    },
    readInto,
    addressOf: (buffer) => BigInt(koffi.address(buffer)),
    waitAny: () => waitpid(-1, status, WALL),
    waitNow: () => waitpid(-1, status, WALL | NO_HANG),
    waitFor: (tid) => waitpid(tid, status, WALL),
    status: () => status.readInt32LE(0),
    spawn,
    pipe: () => {
      const descriptors = Buffer.alloc(8);
      if (pipe2(descriptors, O_CLOEXEC) !== 0) throw new Error('no pipe could be made');
      return [descriptors.readInt32LE(0), descriptors.readInt32LE(4)];
    },
    signal: (pid, signal) => void threadKill(process.arch === 'arm64' ? TGKILL.arm64 : TGKILL.x64, pid, pid, constants.signals[signal]),
    isReadable: (fd) => {
      pollFd.writeInt32LE(fd, 0);
      pollFd.writeInt32LE(POLLIN, 4); // events, and no revents
      return poll(pollFd, 1, 0) > 0;
    },
  };
}

type Library = ReturnType<typeof import('koffi').load>;

function loadFirst(koffi: typeof import('koffi'), names: readonly string[]): Library {
  const errors: string[] = [];
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`no C library found: ${errors.join('; ')}`);
}

function prepareSpawn(library: Library): Libc['spawn'] {
  const spawn = library.func(
    'int posix_spawnp(_Out_ int *pid, const char *file, void *actions, void *attributes, const char **argv, const char **envp)',
  );
  const initActions = library.func('int posix_spawn_file_actions_init(void *actions)');
  const addOpen = library.func(
    'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, unsigned int mode)',
  );
  const addDuplicate = library.func('int posix_spawn_file_actions_adddup2(void *actions, int fd, int as)');
  const attributes = Buffer.alloc(OPAQUE_BYTES);
  library.func('int posix_spawnattr_init(void *attributes)')(attributes);
  library.func('int posix_spawnattr_setflags(void *attributes, short flags)')(attributes, SPAWN_FLAGS);
  // The child starts with no signal blocked and all handlers at their defaults: it must not inherit the tracer's.
  library.func('int posix_spawnattr_setsigmask(void *attributes, void *set)')(attributes, Buffer.alloc(128));
  library.func('int posix_spawnattr_setsigdefault(void *attributes, void *set)')(attributes, Buffer.alloc(128, 0xff));
  const actionsFor = (input: number | undefined): Buffer => {
    const actions = Buffer.alloc(OPAQUE_BYTES);
    initActions(actions);
    if (input === undefined) addOpen(actions, 0, '/dev/null', 0 /* O_RDONLY */, 0);
    else addDuplicate(actions, input, 0);
    for (const output of [1, 2]) addOpen(actions, output, '/dev/null', 1 /* O_WRONLY */, 0);
    return actions;
  };
  const actionsWithoutInput = actionsFor(undefined);
  return (file, args, env, input) => {
    const pid = [0];
    const error = spawn(
      pid,
      file,
      input === undefined ? actionsWithoutInput : actionsFor(input),
      attributes,
      [file, ...args, null],
      [...env, null],
    );
    if (error !== 0) throw new Error(`posix_spawn of ${file} failed with errno ${error}`);
    return pid[0] ?? 0;
  };
}
