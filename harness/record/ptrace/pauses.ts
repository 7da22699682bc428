/**
 * Calls in which a thread of a race waits: for a time, or for something that another thread or process does.
 *
 * A thread that is about to wait stops at the call, so that a wait is seen however short it is. Numbers are those of x86-64, the only
 * architecture on which races are run: elsewhere there is no filter that would stop at these calls only.
 */

/** Instructions of a filter in words: an argument (its lower 32 bits) with one of these values decides; what none decides traces. */
export interface PauseCall {
  readonly number: number;
  readonly passes?: readonly Check[];
  readonly traces?: readonly Check[];
  /** Waits for descriptors: asked with no time to wait, it says whether it would wait. The index of the timeout in ms. */
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
  // Only with a time limit: threads of one process wait for each other in every other call.
  { number: 202 /* futex */, passes: [{ index: 3, values: NO_ADDRESS }], traces: [{ index: 1, values: FUTEX_WAITS }] },
  { number: 35 /* nanosleep */ },
  { number: 230 /* clock_nanosleep */ },
];

const FOR_EVER = -1;

/** A thread that is about to wait. */
export interface Pause {
  readonly call: PauseCall;
  readonly args: readonly bigint[];
  /** It ends by itself. */
  readonly timed: boolean;
}

/** The wait that a syscall is, if it is one, by the kernel's struct ptrace_syscall_info at its entry. */
export function pauseIn(info: Buffer): Pause | undefined {
  const number = Number(info.readBigUInt64LE(24));
  const args = [0, 1, 2, 3, 4, 5].map((index) => info.readBigUInt64LE(32 + 8 * index));
  const call = PAUSE_CALLS.find((one) => one.number === number);
  if (call === undefined) return undefined;
  const timed = call.timeout === undefined || Number(BigInt.asIntN(32, args[call.timeout] ?? 0n)) !== FOR_EVER;
  return { call, args, timed };
}

/** Calls in which a thread may sleep for ever, by number, with the argument that would say how long and its value for no limit. */
const ENDLESS: ReadonlyMap<number, { readonly index: number; readonly value: bigint } | undefined> = new Map([
  [202 /* futex */, { index: 3, value: 0n }],
  [232 /* epoll_wait */, { index: 3, value: 0xffffffffn }],
  [281 /* epoll_pwait */, { index: 3, value: 0xffffffffn }],
  [61 /* wait4 */, undefined],
  [73 /* flock */, undefined],
  [72 /* fcntl: a lock */, undefined],
]);

/** Whether a sleeping thread, by its /proc/<tid>/syscall, sleeps until another one wakes it. In doubt not. */
export function sleepsForEver(syscall: string): boolean {
  const [number = '', ...args] = syscall.trim().split(' ');
  const limit = ENDLESS.get(Number(number));
  if (limit === undefined) return ENDLESS.has(Number(number));
  return BigInt.asUintN(32, BigInt(args[limit.index] ?? 0)) === BigInt.asUintN(32, limit.value);
}
