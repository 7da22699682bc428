/**
 * Reads the op from a stopped syscall: which call, on which files of the store's directory.
 */
import { dirname, relative, resolve } from 'node:path';
import { type Call, changesTree } from '../../domain/calls.ts';
import type { RawMark, RawOp } from '../../domain/events.ts';
import type { NameRule, Range } from '../../domain/trace.ts';
import { Acks } from '../acks.ts';
import { markKey, type OpIntent, opKey } from '../order.ts';
import { type OutsideNotes, pathsMeant } from '../outside.ts';
import type { ProgramStart } from '../recorder.ts';
import { errnoName } from './errno.ts';
import { FileIds } from './files.ts';
import type { Libc } from './libc.ts';
import type { MappedFiles, StoredInto } from './mapped-files.ts';
import { type DescriptorState, descriptorState } from './process-info.ts';
import { MARK_PREFIX } from './protocol.ts';
import { skipSyscall } from './registers.ts';
import { forcingFlags, Inside, type Located, locate, openFlags, readPath, writtenThrough } from './resolve.ts';
import { F_UNLCK, FLOCK_UNLOCK, IO_URING_SETUP, isOp, isShared, LEAVING, type Syscall, type Where } from './syscalls.ts';
import { textOf } from './written-text.ts';

/** An op at its entry. */
export interface OpAtEntry {
  readonly kind: 'op';
  readonly tid: number;
  readonly key: string;
  readonly intent: OpIntent;
  readonly syscall: Syscall;
  readonly args: readonly bigint[];
  readonly details: Details | undefined;
}

/** The workload reports that a step settled, or a program writes that it did. */
interface MarkAtEntry {
  readonly kind: 'mark';
  readonly tid: number;
  readonly key: string;
  /** When it is let through. A program may write several with one call. */
  readonly marks: () => readonly RawMark[];
}

/** What waits for its turn in the order of a run. */
export type Arrival = OpAtEntry | MarkAtEntry;

type SyscallRead =
  | Arrival
  /** A task of a race is about to begin a step. */
  | { readonly kind: 'began'; readonly tid: number; readonly step: number }
  | { readonly kind: 'finished' }
  /** The process has learned that it is to quit. */
  | { readonly kind: 'learned' }
  /** The memory of a process that has mapped files is about to be gone. */
  | { readonly kind: 'leaves' }
  | { readonly kind: 'unmeasured'; readonly what: string };

/** What is recorded of an op beyond its key. */
interface Details {
  readonly id: number;
  readonly toId: number | undefined;
  readonly offset: number | undefined;
  /** The part of a mapped file that the call is about. */
  readonly part: Range | undefined;
}

export interface ReaderOptions {
  readonly libc: Libc;
  readonly table: ReadonlyMap<number, Syscall>;
  readonly directory: string;
  readonly names: readonly NameRule[];
  /** Whether files get ids and writes get offsets. A run that ends in a kill needs neither. */
  readonly withDetails: boolean;
  /** Takes what is used outside of the directory. */
  readonly outside: OutsideNotes;
  /** What is run in place of a workload. */
  readonly program?: ProgramStart | undefined;
  readonly mapped: MappedFiles;
  /** The number in the trace of the process that a thread belongs to. */
  readonly processNumber: (tid: number) => number;
}

export class OpReader {
  readonly #options: ReaderOptions;
  readonly #inside: Inside;
  readonly #ids: FileIds;
  readonly #acks = new Acks();

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#inside = new Inside(options.directory);
    this.#ids = new FileIds(options.directory);
  }

  /** Reads a syscall at its entry. `info` is the kernel's struct ptrace_syscall_info. Undefined: not of interest. */
  read(tid: number, info: Buffer): SyscallRead | undefined {
    const { libc, table, program } = this.#options;
    const number = numberIn(info);
    const syscall = table.get(number);
    if (syscall === undefined) return number === IO_URING_SETUP ? refuseRing(libc, tid) : undefined;
    const args = argumentsIn(info);
    if (!isOp(syscall, args)) return undefined;
    if (LEAVING.has(syscall.name)) return this.#options.mapped.isStoredBy(tid) ? { kind: 'leaves' } : undefined;
    const file = this.#locate(tid, syscall.file, args);
    if (file === undefined) return undefined;
    if (program === undefined && file.path.startsWith(MARK_PREFIX)) return readMark(tid, file.path.slice(MARK_PREFIX.length));
    if (program !== undefined && syscall.call === 'write' && file.path === program.output)
      return this.#said(tid, textOf(libc, tid, syscall, args));
    const to = syscall.to && this.#locate(tid, syscall.to, args);
    const path = this.#inside.relative(file.path);
    const toPath = to && this.#inside.relative(to.path);
    if (path === undefined) this.#noteOutside(syscall, file, args, tid);
    if (to !== undefined && toPath === undefined) this.#noteOutside(syscall, to, args, tid);
    if (path === undefined && toPath === undefined) return undefined;
    if (syscall.name === 'mmap') {
      this.#options.mapped.see();
      if (!isShared(args) || !mayStore(tid, args)) return undefined;
    }
    return this.#op(tid, syscall, args, { file, path: path ?? this.#outside(file) }, to && { file: to, path: toPath ?? this.#outside(to) });
  }

  /** What is written to the standard output of a program. */
  #said(tid: number, text: string): MarkAtEntry | undefined {
    const [first] = this.#acks.marksIn(text);
    if (first !== undefined) return { kind: 'mark', tid, key: markKey(first), marks: () => this.#acks.take(text) };
    this.#acks.take(text);
    return undefined;
  }

  /** Only notes what a call uses outside of the directory: for calls that are no ops any more. */
  lookOutside(tid: number, info: Buffer): undefined {
    const syscall = this.#options.table.get(numberIn(info));
    const args = argumentsIn(info);
    if (syscall === undefined || !isOp(syscall, args)) return;
    for (const where of [syscall.file, syscall.to]) {
      const file = where && this.#locate(tid, where, args);
      if (file !== undefined && this.#inside.relative(file.path) === undefined) this.#noteOutside(syscall, file, args, tid);
    }
  }

  #op(tid: number, syscall: Syscall, args: readonly bigint[], from: NamedFile, target: NamedFile | undefined): OpAtEntry {
    const { libc, names, withDetails, processNumber } = this.#options;
    const state = writtenThrough(tid, syscall, args);
    const flags = openFlags(libc, tid, syscall, args) ?? (state && forcingFlags(state, syscall, args));
    // A symlink maps a name (`to`) to a text, which is recorded as the file that it leads to.
    const [path, to] =
      syscall.text === undefined
        ? [from.path, target?.path]
        : [this.#linkTarget(from.file, readPath(libc, tid, args[syscall.text] ?? 0n)), from.path];
    const intent: OpIntent = {
      call: syscall.call === 'lock' && unlocks(libc, tid, syscall, args) ? 'unlock' : syscall.call,
      path,
      process: processNumber(tid),
      ...(flags && { flags }),
      ...(to !== undefined && { to: { path: to } }),
    };
    const details = withDetails ? this.#details(tid, syscall, args, from, target, state) : undefined;
    return { kind: 'op', tid, key: opKey(intent, names), intent, syscall, args, details };
  }

  #details(
    tid: number,
    syscall: Syscall,
    args: readonly bigint[],
    from: NamedFile,
    target: NamedFile | undefined,
    state: DescriptorState | undefined,
  ): Details {
    const id = this.#ids.of(from.path, from.file);
    const replaced = target && this.#ids.existing(target.path, target.file);
    return { id, toId: target && (replaced ?? id), offset: this.#offset(tid, syscall, args, state), part: this.#part(tid, syscall, args) };
  }

  #locate(tid: number, where: Where, args: readonly bigint[]): Located | undefined {
    if (!('address' in where)) return locate(this.#options.libc, tid, where, args);
    const path = this.#options.mapped.at(tid, ...addressesIn(where, args))?.path;
    return path === undefined ? undefined : { path, deleted: false };
  }

  #part(tid: number, { call, file }: Syscall, args: readonly bigint[]): Range | undefined {
    return call === 'msync' && 'address' in file ? this.#options.mapped.at(tid, ...addressesIn(file, args))?.range : undefined;
  }

  /** `known`: of the descriptor, if it was read. */
  #offset(tid: number, syscall: Syscall, args: readonly bigint[], known: DescriptorState | undefined): number | undefined {
    if (syscall.bytes === undefined || syscall.call === 'read' || !('fd' in syscall.file)) return undefined;
    const descriptor = Number(args[syscall.file.fd]);
    if (typeof syscall.offset === 'number') {
      const offset = BigInt.asIntN(64, args[syscall.offset] ?? 0n);
      if (offset >= 0n) return Number(offset);
    } else if (syscall.offset !== undefined) {
      const pointer = args[syscall.offset.pointer] ?? 0n;
      if (pointer !== 0n) return Number(this.#options.libc.readMemory(tid, pointer, 8).readBigInt64LE(0));
    }
    const state = known ?? descriptorState(tid, descriptor);
    return state?.append ? this.#ids.size(`/proc/${tid}/fd/${descriptor}`) : state?.position;
  }

  /** What was stored into a mapped file, as an op that has happened. `tid` is the thread whose stop showed it. */
  stored(tid: number, { path: absolute, range }: StoredInto): { readonly key: string; readonly op: RawOp } {
    const { names, withDetails, processNumber } = this.#options;
    const path = this.#inside.relative(absolute) ?? absolute;
    const intent = { call: 'mapwrite', path, process: processNumber(tid) } as const;
    const id = withDetails ? this.#ids.of(path, { path: absolute, deleted: false }) : 0;
    return { key: opKey(intent, names), op: { kind: 'op', ...intent, via: 'memory', id, ...(withDetails && { range }) } };
  }

  /** The op as an event at its entry, without its result. */
  entered(op: OpAtEntry): RawOp {
    return this.returned({ ...op, details: undefined }, 0n);
  }

  /** The op as an event after its return. */
  returned({ intent, syscall, details }: OpAtEntry, result: bigint): RawOp {
    const failed = result < 0n && result > -4096n;
    const to = intent.to && { path: intent.to.path, id: details?.toId ?? details?.id ?? 0 };
    if (details !== undefined && !failed) {
      this.#ids.created(intent.path, details.id);
      if (to !== undefined) this.#ids.created(to.path, to.id);
    }
    const written = details?.offset === undefined || failed ? undefined : { offset: details.offset, length: Number(result) };
    const range: Range | undefined = written ?? details?.part;
    return {
      kind: 'op',
      call: intent.call,
      via: syscall.name,
      path: intent.path,
      id: details?.id ?? 0,
      process: intent.process,
      ...(intent.flags && { flags: intent.flags }),
      ...(to && { to }),
      ...(range && { range }),
      ...(failed && { error: errnoName(Number(-result)) }),
    };
  }

  /** A descriptor's file was noted when it was opened, or belongs to what the run was started with. */
  #noteOutside(syscall: Syscall, { path, given }: Located, args: readonly bigint[], tid: number): void {
    const { call } = syscall;
    const { outside, program, libc } = this.#options;
    if (program !== undefined) {
      if (path === program.input && call === 'read') outside.path(path);
      if (given !== undefined && mayChange({ call, flags: openFlags(libc, tid, syscall, args) ?? [] })) outside.changed(path);
    }
    if (given !== undefined) for (const meant of pathsMeant(given)) outside.path(meant);
    else if (call === 'readdir') outside.listed(path);
  }

  #outside(file: Located): string {
    return relative(this.#options.directory, file.path);
  }

  #linkTarget(link: Located, text: string): string {
    const target = resolve(dirname(link.path), text);
    const path = this.#inside.relative(target);
    if (path === undefined) this.#options.outside.path(target); // what goes through the link goes there
    return path ?? text;
  }
}

/** A file with its name in the op. */
interface NamedFile {
  readonly file: Located;
  readonly path: string;
}

/** Whether a call on locks lets go of one: by its operation or, of fcntl, by the type that its struct flock begins with. */
function unlocks(libc: Libc, tid: number, { name }: Syscall, [, operation = 0n, lock = 0n]: readonly bigint[]): boolean {
  if (name === 'flock') return (Number(BigInt.asUintN(32, operation)) & FLOCK_UNLOCK) !== 0;
  const type = libc.readMemory(tid, lock, 2);
  return type.length === 2 && type.readInt16LE(0) === F_UNLCK;
}

/** From the kernel's struct ptrace_syscall_info at an entry. */
const numberIn = (info: Buffer): number => Number(info.readBigUInt64LE(24));
const argumentsIn = (info: Buffer): bigint[] => [0, 1, 2, 3, 4, 5].map((index) => info.readBigUInt64LE(32 + 8 * index));

/** The addresses that a call about a mapping names, and how many. */
const addressesIn = ({ address }: Extract<Where, { address: number }>, args: readonly bigint[]): [bigint, bigint] => [
  args[address] ?? 0n,
  args[address + 1] ?? 0n,
];

/** Whether a call by a path makes, changes or removes a file, or opens it for that. */
function mayChange({ call, flags }: { readonly call: Call; readonly flags: readonly string[] }): boolean {
  return call === 'open' ? flags.includes('write') || flags.includes('create') : changesTree(call);
}

/** Whether a file that is about to be mapped was opened to write: otherwise the mapping can never be stored into. */
function mayStore(tid: number, args: readonly bigint[]): boolean {
  return descriptorState(tid, Number(BigInt.asIntN(32, args[4] ?? -1n)))?.writes ?? true;
}

function readMark(tid: number, text: string): SyscallRead | undefined {
  const [kind, step] = text.split('/');
  if (kind === 'finished' || kind === 'learned') return { kind };
  if (kind === 'began') return { kind, tid, step: Number(step) };
  if (kind !== 'resolved' && kind !== 'rejected') return undefined;
  const mark: RawMark = { kind, step: Number(step) };
  return { kind: 'mark', tid, key: markKey(mark), marks: () => [mark] };
}

/**
 * Refuses an io_uring as a kernel without it does (ENOSYS): what is done through one is not seen. Programs then make syscalls; the event loops
 * of Node 22 and later, for instance. On x86-64 the kernel has put ENOSYS into the result before it stops at the entry.
 */
function refuseRing(libc: Libc, tid: number): SyscallRead | undefined {
  if (process.arch !== 'x64') return { kind: 'unmeasured', what: 'io_uring: its operations are not syscalls' };
  skipSyscall(libc, tid);
  return undefined;
}
