/**
 * From a trace to micro-ops: replays its ops on the inode model.
 *
 * What an op does not record (the mode of a new file, the size after truncate, the target of a symlink, unrecorded bytes) is read
 * from the trace's trees. After each op the model is compared with them, and a trace that the model cannot follow is rejected,
 * never guessed. Not supported: unrecorded effects on files without a name. Everything that existed before the first op is on disk.
 */
import type { Entry, Op, Trace, Tree } from '../domain/trace.ts';
import { equalEntries, equalTrees } from '../domain/tree.ts';
import { type Disk, diskOf, entryOf, inodeOf } from './disk.ts';
import { entryInWords } from './entries.ts';
import { contentsOf, emptyFile, type FileInode, hasData, type Inode } from './inode.ts';
import {
  type Action,
  type Effect,
  type Event,
  type FilePart,
  type MicroOp,
  type NameChange,
  PAGE_BYTES,
  pagesOf,
  type Unit,
} from './micro-op.ts';
import { Names, NOTHING, ROOT } from './namespace.ts';
import { type ResolvedPath, resolvePath } from './resolve-path.ts';

/** The model cannot determine what an op of the trace did to the disk; the message names the op and the reason. */
export class NotReplayable extends Error {
  override readonly name = 'NotReplayable';
}

/** Throws NotReplayable. */
export function replay(trace: Trace, unit: Unit): { readonly start: Disk; readonly actions: readonly Action[] } {
  const replaying = new Replay(trace, unit);
  const start = replaying.disk;
  const actions = trace.ops.map((op) => replaying.action(op));
  replaying.checkAll();
  return { start, actions };
}

class Replay {
  disk: Disk;
  readonly #trace: Trace;
  readonly #unit: Unit;
  readonly #names = new Names();
  readonly #born: Inode[] = [];
  /** File ids of the trace -> inodes. */
  readonly #byId = new Map<number, number>();
  #op: Op | undefined;
  #microOps: MicroOp[] = [];
  #events: Event[] = [];

  constructor(trace: Trace, unit: Unit) {
    this.#trace = trace;
    this.#unit = unit;
    this.disk = diskOf(trace.trees[0] ?? new Map(), unit, this.#names, this.#born);
  }

  action(op: Op): Action {
    this.#op = op;
    this.#microOps = [];
    this.#events = [];
    if (op.error === undefined) {
      this.#carryOut(op);
      this.#check(op);
    }
    const action = { op, microOps: this.#microOps, events: this.#events };
    this.#op = undefined;
    return action;
  }

  /** Compares the final state with the trace's last tree. */
  checkAll(): void {
    const tree = this.#trace.trees[this.#trace.ops.length];
    if (tree !== undefined && !equalTrees(this.disk.toTree(), tree))
      throw new NotReplayable('the final tree of the model differs from that of the run');
  }

  #carryOut(op: Op): void {
    switch (op.call) {
      case 'open':
        this.#open(op);
        return;
      case 'write':
      case 'copy':
        this.#write(op);
        this.#forceWritten(op);
        return;
      case 'mapwrite':
        this.#store(op);
        return;
      case 'msync':
        this.#event(op, 'fdatasync', op.range && pagesOf(op.range));
        return;
      case 'truncate':
      case 'allocate':
        this.#resize(op);
        return;
      case 'rename':
        this.#rename(op);
        return;
      case 'link':
        this.#link(op);
        return;
      case 'symlink':
      case 'mkdir':
      case 'mknod':
        this.#make(op);
        return;
      case 'unlink':
      case 'rmdir':
        this.#remove(op);
        return;
      case 'chmod':
        this.#chmod(op);
        return;
      case 'fsync':
      case 'fdatasync':
      case 'close':
        this.#event(op, op.call);
        return;
      case 'chown':
      case 'utimes':
      case 'xattr':
        this.#event(op, 'touched');
        this.#chmod(op); // a change of owner clears setuid
        return;
      case 'sync':
        // sync_file_range starts writing, and promises nothing: neither the size nor the block allocation is on disk after it.
        if (op.via !== 'sync_file_range') this.#events.push({ kind: 'sync' });
        return;
      case 'read':
      case 'stat':
      case 'access':
      case 'readdir':
      case 'readlink':
      case 'lock':
      case 'unlock':
      case 'mmap':
        return;
      default:
        op.call satisfies never;
    }
  }

  #event(op: Op, kind: 'fsync' | 'fdatasync' | 'close' | 'touched', part?: FilePart): void {
    const inode = this.#inodeOf(op);
    if (inode !== NOTHING) this.#events.push({ kind, inode, ...(part && { part }) });
  }

  #open(op: Op): void {
    if (op.flags?.includes('tmpfile')) {
      this.#byId.set(op.file.id, this.#newInode(emptyFile((op.mode ?? 0o600) & 0o7777)));
      return;
    }
    const place = this.#resolve(op.file.actual, true);
    if (place === undefined) return;
    let { inode } = place;
    if (inode === NOTHING) {
      const made = this.#tree(op).get(place.path);
      if (made?.kind !== 'file') return; // nothing was created: not a regular file, or outside the directory
      inode = this.#newInode(emptyFile(made.mode));
      this.#name(inode, [{ ...place, was: NOTHING, now: inode }], { made: true });
    } else {
      const file = this.disk.inode(inode);
      if (file.kind === 'file') {
        const now = this.#contents(inode, op);
        const truncated = op.flags?.includes('truncate') ?? (now !== undefined && now.bytes.length === 0 && file.size > 0);
        if (truncated) this.#setSize(inode, file, 0);
      }
    }
    this.#byId.set(op.file.id, inode);
  }

  #write(op: Op): void {
    const inode = this.#inodeOf(op);
    const file = inode === NOTHING ? undefined : this.disk.inode(inode);
    if (file?.kind !== 'file') return;
    const { range, data } = op;
    const after = this.#contents(inode, op)?.bytes;
    if (range !== undefined) {
      if (range.length === 0) return;
      const bytes = data ?? after?.subarray(range.offset, range.offset + range.length);
      if (bytes === undefined) throw this.#refusal('it wrote to a file without a name, and the bytes were not recorded');
      this.#putBytes(inode, file, range.offset, bytes.subarray(0, range.length));
    } else if (after !== undefined) {
      this.#putDifference(inode, file, after);
    } else {
      throw this.#refusal('it wrote to a file without a name, and the offset was not recorded');
    }
  }

  /** Through a descriptor that was opened with O_SYNC or O_DSYNC, or with the flags of the call: as the kernel does, after it has written. */
  #forceWritten(op: Op): void {
    const part = op.range && pagesOf(op.range);
    if (op.flags?.includes('sync')) this.#event(op, 'fsync', part);
    else if (op.flags?.includes('dsync')) this.#event(op, 'fdatasync', part);
  }

  /** Changes the file to `after`, writing only the units that differ. */
  #putDifference(inode: number, file: FileInode, after: Uint8Array): void {
    const before = contentsOf(file, this.#unit);
    for (let at = 0; at < after.length; at += this.#unit) {
      const now = after.subarray(at, at + this.#unit);
      const same = Buffer.compare(before.subarray(at, at + this.#unit), now) === 0;
      const current = this.disk.inode(inode);
      if (!same && current.kind === 'file') this.#putBytes(inode, current, at, now);
    }
  }

  /** Stores into mapped files, which the tree shows: all of them, where stores into several were found at one stop. */
  #store(op: Op): void {
    for (const [path, entry] of this.#tree(op)) {
      if (entry.kind !== 'file' || equalEntries(entry, this.#trace.trees[op.index - 1]?.get(path))) continue;
      const { inode = NOTHING } = this.#resolve(path, false) ?? {};
      const file = inode === NOTHING ? undefined : this.disk.inode(inode);
      if (file?.kind === 'file') this.#putDifference(inode, file, entry.bytes);
    }
  }

  #putBytes(inode: number, before: FileInode, offset: number, bytes: Uint8Array): void {
    const unit = this.#unit;
    const end = offset + bytes.length;
    for (let page = Math.floor(offset / PAGE_BYTES) * PAGE_BYTES; page < end; page += PAGE_BYTES) {
      const fresh = !hasData(before, page / unit, (page + PAGE_BYTES) / unit);
      const pageEnd = Math.min(page + PAGE_BYTES, end);
      for (let from = Math.max(page, offset); from < pageEnd; ) {
        const at = Math.floor(from / unit);
        const to = Math.min((at + 1) * unit, pageEnd);
        const part = bytes.subarray(from - offset, to - offset);
        this.#add(inode, { kind: 'data', at, from: from - at * unit, bytes: part, fresh, appended: from >= before.size });
        from = to;
      }
      if (pageEnd > before.size) this.#add(inode, { kind: 'grow', size: pageEnd, by: 'write' });
    }
  }

  #resize(op: Op): void {
    const inode = this.#inodeOf(op);
    const file = inode === NOTHING ? undefined : this.disk.inode(inode);
    if (file?.kind !== 'file') return;
    const after = this.#contents(inode, op)?.bytes;
    const size = after?.length ?? (op.range && op.range.offset + op.range.length);
    if (size === undefined) throw this.#refusal('it set the size of a file without a name, and the size was not recorded');
    if (op.call === 'truncate') {
      this.#setSize(inode, file, size);
      return;
    }
    if (size > file.size) this.#add(inode, { kind: 'grow', size, by: 'allocate' });
    const grown = this.disk.inode(inode);
    if (after !== undefined && grown.kind === 'file') this.#putDifference(inode, grown, after); // a hole was punched, or a range was zeroed
  }

  #setSize(inode: number, file: FileInode, size: number): void {
    if (size !== file.size) this.#add(inode, { kind: 'resize', size, before: file.size });
    this.#events.push({ kind: 'resized', inode, from: file.size, to: size });
  }

  #rename(op: Op): void {
    const from = this.#resolve(op.file.actual, false);
    const to = op.to && this.#resolve(op.to.actual, false);
    if (to === undefined) {
      if (from !== undefined && from.inode !== NOTHING) this.#name(from.inode, [{ ...from, was: from.inode, now: NOTHING }]); // moved out
      return;
    }
    if (from === undefined || from.inode === NOTHING) {
      this.#moveIn(op, to);
      return;
    }
    if (from.inode === to.inode) return; // both are names of one file: rename does nothing
    const over = to.inode === NOTHING ? undefined : this.disk.inode(to.inode);
    const exchanged = over !== undefined && this.#tree(op).has(from.path);
    const changes = [
      { ...from, was: from.inode, now: exchanged ? to.inode : NOTHING },
      { ...to, was: to.inode, now: from.inode },
    ];
    this.#name(from.inode, changes, over?.kind === 'file' && !exchanged ? { over } : {});
  }

  /** A file moved in from outside the directory: whether its data is on disk is unknown, so it counts as just written. */
  #moveIn(op: Op, to: ResolvedPath): void {
    const entry = this.#tree(op).get(to.path);
    if (entry === undefined) return;
    if (entry.kind === 'directory') throw this.#refusal('it moved a directory in from outside');
    const inode = this.#newInode(entry.kind === 'file' ? emptyFile(entry.mode) : inodeOf(entry, this.#unit));
    const file = this.#born[inode];
    if (entry.kind === 'file' && file?.kind === 'file') this.#putBytes(inode, file, 0, entry.bytes);
    const over = to.inode === NOTHING ? undefined : this.disk.inode(to.inode);
    this.#name(inode, [{ ...to, was: to.inode, now: inode }], { made: true, ...(over?.kind === 'file' && { over }) });
    this.#byId.set(op.file.id, inode);
  }

  #link(op: Op): void {
    const to = op.to && this.#resolve(op.to.actual, false);
    if (to === undefined || to.inode !== NOTHING) return;
    const known = this.#resolve(op.file.actual, false)?.inode ?? NOTHING;
    const inode = known === NOTHING ? (this.#byId.get(op.file.id) ?? NOTHING) : known;
    if (inode === NOTHING) throw this.#refusal('it linked a file from outside');
    this.#name(inode, [{ ...to, was: NOTHING, now: inode }]);
  }

  #make(op: Op): void {
    const file = op.call === 'symlink' ? op.to : op.file;
    const place = file && this.#resolve(file.actual, false);
    if (file === undefined || place === undefined || place.inode !== NOTHING) return;
    const entry = this.#tree(op).get(place.path);
    if (entry === undefined) return;
    const inode = this.#newInode(inodeOf(entry, this.#unit));
    this.#name(inode, [{ ...place, was: NOTHING, now: inode }], { made: true });
    this.#byId.set(file.id, inode);
  }

  #remove(op: Op): void {
    const place = this.#resolve(op.file.actual, false);
    if (place === undefined || place.inode === NOTHING) return;
    this.#name(place.inode, [{ ...place, was: place.inode, now: NOTHING }]);
  }

  #chmod(op: Op): void {
    const inode = this.#inodeOf(op);
    if (inode === NOTHING || inode === ROOT) return; // trees do not contain the store's directory itself
    const before = this.disk.inode(inode);
    const path = this.#pathOf(inode, op);
    const entry = path === undefined ? undefined : this.#tree(op).get(path);
    const mode = entry !== undefined && 'mode' in entry ? entry.mode : op.call === 'chmod' ? op.mode : undefined;
    if (mode !== undefined && 'mode' in before && before.mode !== mode) this.#add(inode, { kind: 'mode', mode });
  }

  #name(inode: number, changes: readonly NameChange[], how: { readonly made?: boolean; readonly over?: FileInode } = {}): void {
    const plainChanges = changes.map(({ directory, name, was, now }) => ({ directory, name, was, now }));
    const { made = false, over } = how;
    this.#add(inode, { kind: 'names', changes: plainChanges, made, ...(over && { over: { size: over.size } }) });
  }

  #add(inode: number, effect: Effect): void {
    if (this.#op === undefined) throw new Error('a micro-op belongs to an op');
    this.#microOps.push({ op: this.#op, part: this.#microOps.length + 1, inode, effect });
    this.disk = this.disk.after(inode, effect);
  }

  #newInode(inode: Inode): number {
    return this.#born.push(inode) - 1;
  }

  /** The inode of an op: by its file id if that is known, else by its path. */
  #inodeOf(op: Op): number {
    const byId = this.#byId.get(op.file.id);
    if (byId !== undefined) return byId;
    const inode = this.#resolve(op.file.actual, true)?.inode ?? NOTHING;
    if (inode !== NOTHING) this.#byId.set(op.file.id, inode);
    return inode;
  }

  #resolve(path: string, follow: boolean): ResolvedPath | undefined {
    return resolvePath(this.disk, path, follow);
  }

  /** A current path of an inode; undefined if it has none. */
  #pathOf(inode: number, op: Op): string | undefined {
    for (const path of [op.file.actual, op.to?.actual]) {
      const place = path === undefined ? undefined : this.#resolve(path, true);
      if (place?.inode === inode) return place.path;
    }
    for (const [path, current] of this.disk.namespace.paths(this.#names)) if (current === inode) return path;
    return undefined;
  }

  /** The file in the run's tree after the op. */
  #contents(inode: number, op: Op): Extract<Entry, { kind: 'file' }> | undefined {
    const path = this.#pathOf(inode, op);
    const entry = path === undefined ? undefined : this.#tree(op).get(path);
    return entry?.kind === 'file' ? entry : undefined;
  }

  #tree(op: Op): Tree {
    return this.#trace.trees[op.index] ?? new Map();
  }

  /** Compares the paths that the op changed, in the run or in the model, with the run's tree. */
  #check(op: Op): void {
    const [before, after] = [this.#trace.trees[op.index - 1], this.#trace.trees[op.index]];
    if (before === undefined || after === undefined) throw this.#refusal('there is no tree after it');
    const paths = new Set<string>();
    if (this.#microOps.length > 0) {
      for (const path of [op.file.actual, op.to?.actual]) paths.add((path !== undefined && this.#resolve(path, false)?.path) || '');
    }
    if (before !== after) {
      for (const [path, entry] of after) if (!equalEntries(entry, before.get(path))) paths.add(path);
      for (const path of before.keys()) if (!after.has(path)) paths.add(path);
    }
    for (const path of paths) {
      const inode = this.#resolve(path, false)?.inode ?? NOTHING;
      if (path === '') continue; // the store's directory itself, or a path outside it
      const entry = inode === NOTHING ? undefined : entryOf(this.disk.inode(inode), this.#unit);
      if (!equalEntries(entry, after.get(path)))
        throw this.#refusal(`the model has ${entryInWords(entry)} at ${path}, the run ${entryInWords(after.get(path))}`);
    }
  }

  #refusal(why: string): NotReplayable {
    const { index, call, file } = this.#op ?? {};
    return new NotReplayable(`op ${index}, ${call} ${file?.path}: ${why}`);
  }
}
