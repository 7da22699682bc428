/**
 * Faults: ops that fail while the process lives on. Which op of a run fails, and how, decided op by op as they come.
 *
 * Allows   an op that fails with an errno and is not carried out; a write or copy that carries out its first bytes only; a disk that is
 *          full from an op on, with or without room for the first bytes of that op; a file that somebody else has open on Windows, so that
 *          it can be neither replaced nor removed, once or for good; directories that cannot be synced, as on Windows.
 * Forbids  an errno from an op that was carried out, but for `close`: there the descriptor is gone, whatever it reports.
 * Real     both recorders ask here, so that a fault means the same under either.
 */
import { CALLS, type Call } from '../domain/calls.ts';
import type { OpenFlag } from '../domain/trace.ts';

/** `op` counts from 1 in the run that the fault comes in. */
export type Fault =
  | { readonly kind: 'errno'; readonly op: number; readonly errno: string }
  | { readonly kind: 'short'; readonly op: number; readonly bytes: number }
  /** Nothing that needs space gets any, from this op on. With `room`, this op is a write or copy that gets its first bytes. */
  | { readonly kind: 'full'; readonly op: number; readonly room?: number }
  /** The rename or unlink is refused because somebody has its target open: this once or, if it lasts, each one of that target from here on. */
  | { readonly kind: 'in-use'; readonly op: number; readonly lasts: boolean }
  /** From the start: fsync of a directory is refused. */
  | { readonly kind: 'no-directory-sync' };

/** One of the runs of a plan: an empty directory, a spool beside it, and what fails there. */
export interface FaultRun {
  readonly directory: string;
  readonly spool: string;
  readonly faults: readonly Fault[];
  /**
   * Calls that do not fail are not waited for, and the tree is looked at when a step has settled only: half the work. For stores whose calls
   * are never under way at the same time. Ops then have neither file ids nor ranges, and of errnos only those that were made.
   */
  readonly lean?: boolean;
}

/** What becomes of an op. `close` fails after it was carried out, everything else instead. */
type Injection = { readonly kind: 'fail'; readonly errno: string } | { readonly kind: 'short'; readonly bytes: number };

/** An op as it is known before it happens. */
export interface Intent {
  readonly call: Call;
  readonly path: string;
  readonly to?: { readonly path: string };
  readonly flags?: readonly OpenFlag[];
}

/** What stands at a path of the store's directory: symlinks are not followed. */
export type Look = (path: string) => 'directory' | 'other' | undefined;

/** The exit code of a child in which a step never settled although nothing was left that could settle it. */
export const NOTHING_LEFT_TO_WAIT_FOR = 87;

/** The first op at which a run may leave the recorded order: where its first fault comes; 0 if none comes at an op. */
export function firstFaultyOp(faults: readonly Fault[]): number {
  const ops = faults.flatMap((fault) => ('op' in fault ? [fault.op] : []));
  return ops.length === 0 ? 0 : Math.min(...ops);
}

/** The faults of one run, asked once for each of its ops, in order. */
export class Faults {
  readonly #faults: readonly Fault[];
  readonly #look: Look;
  readonly #inUse = new Set<string>();
  #full = false;

  constructor(faults: readonly Fault[], look: Look) {
    this.#faults = faults;
    this.#look = look;
  }

  /** What becomes of op `op`; undefined: it is carried out as ever. */
  at(op: number, intent: Intent): Injection | undefined {
    for (const fault of this.#faults) {
      const injection = this.#from(fault, op, intent);
      if (injection !== undefined) return injection;
    }
    if (this.#full && needsSpace(intent, this.#look)) return { kind: 'fail', errno: 'ENOSPC' };
    const target = replacedOrRemoved(intent, this.#look);
    return target !== undefined && this.#inUse.has(target) ? { kind: 'fail', errno: 'EPERM' } : undefined;
  }

  #from(fault: Fault, op: number, intent: Intent): Injection | undefined {
    if (fault.kind === 'no-directory-sync') {
      const syncs = intent.call === 'fsync' || intent.call === 'fdatasync';
      return syncs && (intent.path === '.' || this.#look(intent.path) === 'directory') ? { kind: 'fail', errno: 'EPERM' } : undefined;
    }
    if (fault.op !== op) return undefined;
    switch (fault.kind) {
      case 'errno':
        return { kind: 'fail', errno: fault.errno };
      case 'short':
        return { kind: 'short', bytes: fault.bytes };
      case 'full':
        this.#full = true;
        return fault.room === undefined ? undefined : { kind: 'short', bytes: fault.room };
      case 'in-use': {
        const target = replacedOrRemoved(intent, this.#look);
        if (target === undefined) return undefined;
        if (fault.lasts) this.#inUse.add(target);
        return { kind: 'fail', errno: 'EPERM' };
      }
      default:
        return fault satisfies never;
    }
  }
}

/**
 * Whether an op needs room on the disk: it makes a file or a name that is not there yet, or it puts bytes into a file. Bytes over others
 * count too, as on a file system that never writes in place. Not fsync: what a write was let have stays its own (ext4, xfs and btrfs reserve
 * it); a disk that is full only then is the errno of that fsync. Not a rename over an existing name, nor removing and truncating.
 */
export function needsSpace({ call, path, to, flags = [] }: Intent, look: Look): boolean {
  const { needs } = CALLS[call];
  switch (needs) {
    case 'bytes':
      return true;
    case 'name':
      return look(path) === undefined;
    case 'target':
      return to !== undefined && (call === 'symlink' || look(path) !== undefined) && look(to.path) === undefined;
    case 'as-opened':
      return flags.includes('tmpfile') || (flags.includes('create') && look(path) === undefined);
    case 'nothing':
      return false;
    default:
      return needs satisfies never;
  }
}

/** The file that an op would replace or remove, if there is one. */
export function replacedOrRemoved({ call, path, to }: Intent, look: Look): string | undefined {
  const target = call === 'unlink' ? path : call === 'rename' && look(path) !== undefined ? to?.path : undefined;
  return target !== undefined && look(target) === 'other' ? target : undefined;
}
