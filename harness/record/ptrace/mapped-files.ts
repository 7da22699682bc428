/**
 * What processes store into files of a directory that they have mapped, found by comparing their memory with what it held at the last stop.
 *
 * Allows   several mappings and processes for one file, mappings that move or grow, files that are renamed or resized while mapped.
 * Forbids  opening a file: a close changes what some file systems flush. Memory is read with process_vm_readv(2).
 * Unseen   bytes that have changed back by the next stop, and the order of the stores between two stops.
 *
 * Soft-dirty bits would tell which pages changed, but not every kernel has them.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Range } from '../../domain/trace.ts';
import type { Libc } from './libc.ts';
import { installMappingFilter } from './seccomp.ts';
import type { Syscall } from './syscalls.ts';

/** Limit on the bytes that are compared at a stop. */
const MOST_BYTES = 64 * 1024 * 1024;
const PAGE_BYTES = 4096;

const UNFOLLOWED = 'a file is mapped, and no syscall filter can be installed that stops where mappings change';

/** One line of /proc/<pid>/maps. */
interface Mapping {
  readonly pid: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly writable: boolean;
  /** Where in the file it begins. */
  readonly offset: number;
  /** Identifies the file, whatever its name. */
  readonly inode: string;
  /** The file's absolute path. */
  readonly path: string;
}

/** Pages of a file by number, as far as some process has them mapped. */
type Pages = ReadonlyMap<number, Buffer>;

interface Contents {
  readonly inode: string;
  readonly path: string;
  readonly pages: Pages;
}

/** A file into which something was stored, and the range from the first changed byte to the last. */
export interface StoredInto {
  readonly path: string;
  readonly range: Range;
  /** From now on these bytes are known. Returns false if they have changed again by now: others do not stop while they are read. */
  readonly take: () => boolean;
}

export const STORED_MEANWHILE = 'a mapped file was stored into while the recorder read it, by another thread or process';

export class MappedFiles {
  readonly #libc: Libc;
  readonly #table: ReadonlyMap<number, Syscall>;
  /** Processes that also stop at calls about mappings. */
  readonly #followed = new Set<number>();
  #directory: string;
  /** By inode: the bytes at the last stop. */
  readonly #known = new Map<string, Pages>();
  #seen = false;
  #doubt: string | undefined;

  constructor(libc: Libc, table: ReadonlyMap<number, Syscall>, directory: string) {
    this.#libc = libc;
    this.#table = table;
    this.#directory = directory;
  }

  /** The next run of the same processes, in another directory. */
  moveTo(directory: string): void {
    this.#directory = directory;
    this.#known.clear();
    this.#seen = false;
  }

  /** Some file of the directory was mapped, in whatever way. */
  get seen(): boolean {
    return this.#seen;
  }

  /** Why something that was stored may not have been found. */
  get doubt(): string | undefined {
    return this.#doubt;
  }

  /** A call maps a file of the directory. */
  see(): void {
    this.#seen = true;
  }

  /** Whether there are mappings that were made earlier. Costs a read of /proc for each process. */
  findEarlier(pids: Iterable<number>): boolean {
    for (const pid of pids) this.#seen ||= mappingsIn(pid, this.#directory).length > 0;
    return this.#seen;
  }

  /** A thread, which is stopped, has mapped a file or changed a mapping. `filtered`: its process does not stop at every syscall. */
  onMapped(tid: number, pid: number, pids: Iterable<number>, filtered: boolean): void {
    if (filtered && !this.#followed.has(pid)) {
      this.#followed.add(pid);
      if (!installMappingFilter(this.#libc, tid, this.#table)) this.#doubt ??= UNFOLLOWED;
    }
    this.refresh(pids);
  }

  /** The file of the directory that a process shares by a mapping in this range of addresses, with the part of the file. */
  at(pid: number, address: bigint, length: bigint): { readonly path: string; readonly range: Range } | undefined {
    if (!this.#seen) return undefined;
    const found = mappingsIn(pid, this.#directory).find(({ start, end }) => start < address + length && end > address);
    if (found === undefined) return undefined;
    const { start, end, offset, path } = found;
    const [from, to] = [address > start ? address : start, address + length < end ? address + length : end];
    return { path, range: { offset: offset + Number(from - start), length: Number(to - from) } };
  }

  /** Whether a process shares a file of the directory and may store into it. */
  isStoredBy(pid: number): boolean {
    return this.#seen && mappingsIn(pid, this.#directory).some(({ writable }) => writable);
  }

  /** The files into which these processes have stored since the last stop, by path. */
  stored(pids: Iterable<number>): StoredInto[] {
    const stored: StoredInto[] = [];
    for (const { inode, path, pages } of this.#read(pids)) {
      const range = changedRange(this.#known.get(inode) ?? new Map(), pages);
      if (range === undefined) this.#known.set(inode, pages);
      else stored.push({ path, range, take: () => this.#take(inode, pages, pids) });
    }
    return stored.sort((one, other) => (one.path < other.path ? -1 : 1));
  }

  #take(inode: string, pages: Pages, pids: Iterable<number>): boolean {
    this.#known.set(inode, pages);
    const now = this.#read(pids).find((file) => file.inode === inode);
    return now === undefined || changedRange(pages, now.pages) === undefined;
  }

  /** Takes what is there as known: after a call that maps files, or changes their contents. */
  refresh(pids: Iterable<number>): void {
    for (const { inode, pages } of this.#read(pids)) this.#known.set(inode, pages);
  }

  /** The files that some process may store into. */
  #read(pids: Iterable<number>): Contents[] {
    if (!this.#seen) return [];
    const mappings = [...pids].flatMap((pid) => mappingsIn(pid, this.#directory));
    const files = new Map<string, { readonly path: string; readonly size: number; readonly pages: Map<number, Buffer> }>();
    for (const { inode, path, writable } of mappings) {
      if (!writable || files.has(inode)) continue;
      files.set(inode, { path, size: statSync(path, { throwIfNoEntry: false })?.size ?? 0, pages: new Map() });
    }
    if ([...files.values()].reduce((sum, { size }) => sum + size, 0) > MOST_BYTES) {
      this.#doubt ??= `more than ${MOST_BYTES / 1024 / 1024} MiB of files are mapped: what is stored into them is not compared`;
      return [];
    }
    for (const { pid, inode, start, end, offset } of mappings) {
      const file = files.get(inode);
      if (file === undefined) continue;
      const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(Number(end - start), file.size - offset)));
      const read = bytes.length === 0 ? 0 : this.#libc.readInto(pid, start, bytes);
      for (let at = 0; at < read; at += PAGE_BYTES)
        file.pages.set((offset + at) / PAGE_BYTES, bytes.subarray(at, Math.min(at + PAGE_BYTES, read)));
    }
    return [...files].map(([inode, { path, pages }]) => ({ inode, path, pages }));
  }
}

/** From the first changed byte to the last. Pages that were not mapped before have not changed. */
function changedRange(before: Pages, after: Pages): Range | undefined {
  let [first, end] = [Number.POSITIVE_INFINITY, 0];
  for (const [page, now] of after) {
    const was = before.get(page);
    const length = Math.min(was?.length ?? 0, now.length);
    if (was === undefined || was.compare(now, 0, length, 0, length) === 0) continue;
    for (let at = 0; at < length; at += 1) {
      if (was[at] === now[at]) continue;
      first = Math.min(first, page * PAGE_BYTES + at);
      end = Math.max(end, page * PAGE_BYTES + at + 1);
    }
  }
  return end === 0 ? undefined : { offset: first, length: end - first };
}

const LINE = /^(?<start>[0-9a-f]+)-(?<end>[0-9a-f]+) .(?<write>.).s (?<offset>[0-9a-f]+) (?<inode>\S+ \d+) +(?<path>\/.*)$/;

/** The mappings by which a process shares files of a directory that have a name. */
function mappingsIn(pid: number, directory: string): Mapping[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/maps`, 'latin1');
  } catch {
    return []; // it is gone
  }
  const below = Buffer.from(`${directory}/`).toString('latin1').replaceAll('\n', '\\012');
  if (!text.includes(below)) return [];
  return text.split('\n').flatMap((line) => {
    const { start, end, write, offset, inode, path } = LINE.exec(line)?.groups ?? {};
    if (start === undefined || end === undefined || offset === undefined || inode === undefined || path === undefined) return [];
    if (!path.startsWith(below) || path.endsWith(' (deleted)')) return [];
    const name = Buffer.from(path.replaceAll('\\012', '\n'), 'latin1').toString('utf8');
    const range = { start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), offset: Number.parseInt(offset, 16) };
    return [{ pid, ...range, writable: write === 'w', inode, path: name }];
  });
}
