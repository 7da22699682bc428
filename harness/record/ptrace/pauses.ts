/**
 * Calls in which a thread of a race waits: for a time, or for another thread or process.
 *
 * A thread stops before such a call, so that even the shortest wait is seen. Numbers are those of x86-64, the only architecture
 * on which races run: the others have no filter that stops at these calls only.
 */

/** A filter rule: pass or trace if an argument (its lower 32 bits) has one of these values; else pass if `traces` is given, or trace. */
export interface PauseCall {
  readonly number: number;
  readonly passes?: readonly Check[];
  readonly traces?: readonly Check[];
  /** Index of the timeout in ms, for waits on descriptors: with a timeout of 0 the call shows whether it would wait. */
  readonly timeout?: number;
}

interface Check {
  readonly index: number;
  readonly values: readonly number[];
}

const NO_TIME = [0];
const NO_ADDRESS = [0];
/** FUTEX_WAIT and FUTEX_WAIT_BITSET, each with and without PRIVATE (128) and CLOCK_REALTIME (256). */
const FUTEX_WAITS = [0, 9, 128, 137, 265, 393];

export const PAUSE_CALLS: readonly PauseCall[] = [
  { number: 232 /* epoll_wait */, passes: [{ index: 3, values: NO_TIME }], timeout: 3 },
  { number: 281 /* epoll_pwait */, passes: [{ index: 3, values: NO_TIME }], timeout: 3 },
  // Only waits with a time limit: in the others, threads of one process wait for each other.
  { number: 202 /* futex */, passes: [{ index: 3, values: NO_ADDRESS }], traces: [{ index: 1, values: FUTEX_WAITS }] },
  { number: 35 /* nanosleep */ },
  { number: 230 /* clock_nanosleep */ },
];

const FOREVER = -1;

/** A thread that is about to wait. */
export interface Pause {
  readonly call: PauseCall;
  readonly args: readonly bigint[];
  /** The wait has a time limit. */
  readonly timed: boolean;
}

/** The wait that a syscall is about to begin, if any. `info` is the kernel's struct ptrace_syscall_info at its entry. */
export function pauseIn(info: Buffer): Pause | undefined {
  const number = Number(info.readBigUInt64LE(24));
  const args = [0, 1, 2, 3, 4, 5].map((index) => info.readBigUInt64LE(32 + 8 * index));
  const call = PAUSE_CALLS.find((pause) => pause.number === number);
  if (call === undefined) return undefined;
  const timed = call.timeout === undefined || Number(BigInt.asIntN(32, args[call.timeout] ?? 0n)) !== FOREVER;
  return { call, args, timed };
}

/** Calls in which a thread may sleep forever, by number, with the index of the timeout and its value for "no limit". */
const ENDLESS: ReadonlyMap<number, { readonly index: number; readonly value: bigint } | undefined> = new Map([
  [202 /* futex */, { index: 3, value: 0n }],
  [232 /* epoll_wait */, { index: 3, value: 0xffffffffn }],
  [281 /* epoll_pwait */, { index: 3, value: 0xffffffffn }],
  [61 /* wait4 */, undefined],
  [73 /* flock */, undefined],
  [72 /* fcntl: a lock */, undefined],
]);

/** Whether a sleeping thread sleeps until another one wakes it, by its /proc/<tid>/syscall. False in doubt. */
export function sleepsForever(syscall: string): boolean {
  const [number = '', ...args] = syscall.trim().split(' ');
  const limit = ENDLESS.get(Number(number));
  if (limit === undefined) return ENDLESS.has(Number(number));
  return BigInt.asUintN(32, BigInt(args[limit.index] ?? 0)) === BigInt.asUintN(32, limit.value);
}
