/**
 * Faults: ops that fail while the process lives on. Decides for each op of a run, in order, whether and how it fails.
 *
 * Allows   an op that fails with an errno and is not carried out, once or the first times that it is tried; a read, write or copy that carries
 *          out its first bytes only; a disk that is full from an op on, with or without room for the first bytes of that op, to the end or
 *          until the step settles; a file system that is read-only from an op on; a file that another program has open on
 *          Windows, so that it cannot be replaced or removed, once or permanently; directories that cannot be synced, as on Windows;
 *          a close or an fsync that fails and takes back what was written since the file was last forced.
 * Forbids  an errno from an op that was carried out, except `close`, which frees the descriptor even when it fails.
 * Real     both recorders use this module, so a fault is the same under both.
 */
import { CALLS, type Call } from '../domain/calls.ts';
import type { OpenFlag } from '../domain/trace.ts';

/** `op` counts from 1 in the run with the fault. */
export type Fault =
  /** With `times`, so do the next calls like it, until so many failed or the step settles. Calls are alike that have one `opKey`. */
  | { readonly kind: 'errno'; readonly op: number; readonly errno: string; readonly times?: number }
  | { readonly kind: 'short'; readonly op: number; readonly bytes: number }
  /**
   * The close or fsync fails, and what was written to its file from op `since` on is taken back: a server refused it, or the disk did. `since`
   * is the first write of which nothing was forced.
   */
  | { readonly kind: 'lost'; readonly op: number; readonly since: number; readonly errno: string }
  /**
   * From this op on, ops that need space fail: to the end, or until its step settles. With `room`, this op is a write or copy that still
   * writes that many bytes.
   */
  | { readonly kind: 'full'; readonly op: number; readonly room?: number; readonly until?: 'settled' }
  /** From this op on, ops that change something fail: the file system was remounted, as after an error of the disk. */
  | { readonly kind: 'read-only'; readonly op: number }
  /** The rename or unlink fails because another program has its target open: once or, if `lasts`, every time from this op on. */
  | { readonly kind: 'in-use'; readonly op: number; readonly lasts: boolean }
  /** Every fsync of a directory fails. */
  | { readonly kind: 'no-directory-sync' };

/** One run of a plan: an empty directory, a spool beside it, and the faults. */
export interface FaultRun {
  readonly directory: string;
  readonly spool: string;
  readonly faults: readonly Fault[];
  /**
   * Half the work: the recorder does not wait for calls without a fault, and reads the tree only when a step has settled. For stores
   * whose calls never overlap. Ops then have no file ids and no ranges, and only injected errnos.
   */
  readonly lean?: boolean;
}

/** What is injected into an op. `close` fails after it is carried out; any other op fails instead. `takeBack` is called after either. */
export type Injection =
  | { readonly kind: 'fail'; readonly errno: string; readonly takeBack?: () => void }
  | { readonly kind: 'short'; readonly bytes: number };

/** An op as it is known before it happens. */
export interface Intent {
  readonly call: Call;
  readonly path: string;
  readonly to?: { readonly path: string };
  readonly flags?: readonly OpenFlag[];
}

/** The kind of entry at a path of the store's directory. Symlinks are not followed. */
export type Look = (path: string) => 'directory' | 'other' | undefined;

/** What faults need of the store's directory. */
export interface Disk {
  readonly look: Look;
  /** Keeps the contents of the file at a path; returns what puts them back into the file, at the path that it has by then. */
  readonly keep: (path: string) => ((now: string) => void) | undefined;
}

/** The errno of a change on a file system that is read-only. */
export const READ_ONLY_ERRNO = 'EROFS';

/** The exit code of a child whose event loop became empty before a step settled. */
export const NOTHING_LEFT_TO_WAIT_FOR = 87;

/** The op of the first fault, from which a run may leave the recorded order; 0 if no fault names an op. */
export function firstFaultyOp(faults: readonly Fault[]): number {
  const ops = faults.flatMap((fault) => ('op' in fault ? [fault.op] : []));
  return ops.length === 0 ? 0 : Math.min(...ops);
}

/** The faults of one run. Call `at` once for each op, in order. */
export class Faults {
  readonly #faults: readonly Fault[];
  readonly #look: Look;
  readonly #keep: Disk['keep'];
  readonly #inUse = new Set<string>();
  #full: 'no' | 'until the step settles' | 'to the end' = 'no';
  #readOnly = false;
  /** Calls with these keys fail so many times more. */
  readonly #refused = new Map<string, { readonly errno: string; left: number }>();
  #kept: ReturnType<Disk['keep']>;

  constructor(faults: readonly Fault[], { look, keep }: Disk) {
    this.#faults = faults;
    this.#look = look;
    this.#keep = keep;
  }

  /** What to inject into op `op`, whose `opKey` is `key`; undefined: it is carried out normally. */
  at(op: number, intent: Intent, key: string): Injection | undefined {
    for (const fault of this.#faults) {
      const injection = this.#from(fault, op, intent, key);
      if (injection !== undefined) return injection;
    }
    const refused = this.#refused.get(key);
    if (refused !== undefined && refused.left > 0) {
      refused.left -= 1;
      return { kind: 'fail', errno: refused.errno };
    }
    if (this.#readOnly && changesFiles(intent)) return { kind: 'fail', errno: READ_ONLY_ERRNO };
    if (this.#full !== 'no' && needsSpace(intent, this.#look)) return { kind: 'fail', errno: 'ENOSPC' };
    const target = replacedOrRemoved(intent, this.#look);
    return target !== undefined && this.#inUse.has(target) ? { kind: 'fail', errno: 'EPERM' } : undefined;
  }

  /** A step has settled. */
  settled(): void {
    if (this.#full === 'until the step settles') this.#full = 'no';
    this.#refused.clear();
  }

  #from(fault: Fault, op: number, intent: Intent, key: string): Injection | undefined {
    if (fault.kind === 'no-directory-sync') {
      const syncs = intent.call === 'fsync' || intent.call === 'fdatasync';
      return syncs && (intent.path === '.' || this.#look(intent.path) === 'directory') ? { kind: 'fail', errno: 'EPERM' } : undefined;
    }
    if (fault.kind === 'lost' && fault.since === op) this.#kept = this.#keep(intent.path);
    if (fault.op !== op) return undefined;
    switch (fault.kind) {
      case 'errno':
        if (fault.times !== undefined) this.#refused.set(key, { errno: fault.errno, left: fault.times - 1 });
        return { kind: 'fail', errno: fault.errno };
      case 'lost': {
        const kept = this.#kept;
        return { kind: 'fail', errno: fault.errno, ...(kept && { takeBack: () => kept(intent.path) }) };
      }
      case 'short':
        return { kind: 'short', bytes: fault.bytes };
      case 'full':
        this.#full = fault.until === undefined ? 'to the end' : 'until the step settles';
        return fault.room === undefined ? undefined : { kind: 'short', bytes: fault.room };
      case 'read-only':
        this.#readOnly = true;
        return undefined;
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
 * Whether an op needs space on the disk: it creates a file or a name, or writes bytes. Overwriting counts too, because some file
 * systems never write in place. An fsync does not: ext4, xfs and btrfs reserve the space when the data is written; a disk that is full
 * only at the fsync is an errno fault of it. Nor do a rename over an existing name, removing and truncating.
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

/**
 * Whether an op is refused by a file system that is read-only: it changes something, or forces what was changed before. ext4 that was
 * remounted after an error refuses both, also through files that were opened before. Closing, reading and locking work.
 */
export function changesFiles({ call, flags = [] }: Pick<Intent, 'call' | 'flags'>): boolean {
  const { changes, forces } = CALLS[call];
  if (changes === 'as-opened') return flags.some((flag) => flag !== 'read' && flag !== 'directory');
  return forces || changes !== 'nothing';
}

/** The file that an op would replace or remove, if any. */
export function replacedOrRemoved({ call, path, to }: Intent, look: Look): string | undefined {
  const target = call === 'unlink' ? path : call === 'rename' && look(path) !== undefined ? to?.path : undefined;
  return target !== undefined && look(target) === 'other' ? target : undefined;
}
