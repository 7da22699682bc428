/** What a path that a store's process used stands for, and so how it is kept with a cell. */
import { MARK_PREFIX } from '../record/ptrace/protocol.ts';

export type OutsideKind =
  /** The harness's: its directories and its programs, which are in the key as a whole, and the marks that children make for the tracer. */
  | 'own'
  /** What is different for each process, boot or reading, and so decides nothing: process ids, descriptors, terminals, chance. */
  | 'passing'
  /** Other state of the kernel, which may change at any time. */
  | 'kernel'
  /** Kept by what is there. */
  | 'file';

const PASSING =
  /^\/(?:proc\/(?:self|thread-self|\d+|sys\/kernel\/random)|dev\/(?:fd|stdin|stdout|stderr|tty|ptmx|pts|random|urandom))(?:\/|$)/;
/** The C library asks for it when it gives memory back or counts processors, at any time, in every program. */
const OF_THE_C_LIBRARY =
  /^\/(?:proc\/sys\/vm\/overcommit_memory|sys\/(?:devices\/system\/cpu\/(?:online|possible)|kernel\/mm\/transparent_hugepage\/\w+))$/;
const OF_THE_KERNEL = /^\/(?:proc|sys)(?:\/|$)/;

/** `own`: directories of the harness. */
export function outsideKind(path: string, own: readonly string[]): OutsideKind {
  if (path.startsWith(MARK_PREFIX) || own.some((root) => path === root || path.startsWith(`${root}/`))) return 'own';
  if (PASSING.test(path) || OF_THE_C_LIBRARY.test(path)) return 'passing';
  return OF_THE_KERNEL.test(path) ? 'kernel' : 'file';
}
