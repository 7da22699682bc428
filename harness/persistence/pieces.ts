/**
 * The pieces that a power cut may lose, under one profile, at one boundary: everything that is not certainly on disk.
 *
 * Ops are carried out one by one. Their effects become pieces; pieces that an fsync forces leave the list and become part of the
 * durable disk. Each change is yielded as it is made, so that `file-versions.ts` and `name-versions.ts` can follow; the sampler,
 * `rebuild` and the calibration read the list itself.
 */
import type { Disk, InodeTable } from './disk.ts';
import { grouped, pageOf } from './grouping.ts';
import { resizedTo } from './inode.ts';
import { InodeTracker } from './inode-tracker.ts';
import {
  type Action,
  type Effect,
  type Event,
  type FilePart,
  type InodeEffect,
  type MicroOp,
  type NameChange,
  PAGE_BYTES,
} from './micro-op.ts';
import { changesIn, entriesAndPathOf, keyOfName, namesOfFile } from './named-pieces.ts';
import { NOTHING } from './namespace.ts';
import { type FilePiece, inodeAfter, type NamePiece, NEVER, type Piece } from './piece.ts';
import type { Profile } from './profile.ts';

/** A change of the list: a piece added, an inode flushed at a log position, or pieces forced. */
export type Change =
  | { readonly kind: 'added'; readonly piece: NamePiece | FilePiece }
  | { readonly kind: 'flushed'; readonly inode: number; readonly position: number }
  /** `ahead`: before pieces with earlier log positions, so that new states may be possible. */
  | {
      readonly kind: 'forced';
      readonly names: readonly NameChange[];
      readonly inodes: ReadonlySet<number>;
      readonly ahead: boolean;
    };

export class Pieces {
  readonly profile: Profile;
  readonly inodeTable: InodeTable;
  /** The durable disk: everything forced so far. */
  disk: Disk;
  /** In the order of creation. The array is replaced, not mutated, when pieces are forced. */
  all: Piece[] = [];
  /** By inode; an inode with no piece left is removed. */
  readonly files = new Map<number, FilePiece[]>();
  names: NamePiece[] = [];
  /** The last position in the log, and the last one that is certainly on disk. */
  logEnd = 0;
  durableLog = 0;
  readonly #trackers = new Map<number, InodeTracker>();
  /** The number of durable names of each inode; and all inodes that ever had a name. */
  readonly #links = new Map<number, number>();
  readonly #named = new Set<number>();

  constructor(start: Disk, profile: Profile) {
    this.profile = profile;
    this.inodeTable = start.inodeTable;
    this.disk = start;
    for (const [, inode] of start.namespace.paths(start.inodeTable.names)) {
      this.#links.set(inode, 1);
      this.#named.add(inode);
    }
  }

  /** Carries out an op, and yields each change as soon as it is made. */
  *carryOut({ microOps, events }: Action): Generator<Change> {
    for (const group of grouped(microOps, this.profile, this.inodeTable.unit)) yield* this.#add(group);
    for (const event of events) yield* this.#event(event);
  }

  /** The visible disk with all pieces but these. */
  diskWithout(lost: ReadonlySet<Piece>): Disk {
    let { disk } = this;
    for (const piece of this.names) if (!lost.has(piece)) disk = disk.renamed(piece.changes);
    const done = new Set<number>();
    for (const [, inode] of disk.namespace.paths(this.inodeTable.names)) {
      if (done.has(inode)) continue;
      done.add(inode);
      for (const piece of this.files.get(inode) ?? []) {
        if (!lost.has(piece)) disk = disk.withInode(inode, inodeAfter(disk.inode(inode), piece, this.inodeTable.unit));
      }
    }
    return disk;
  }

  *#add(microOps: readonly MicroOp[]): Generator<Change> {
    const first = microOps[0];
    if (first === undefined) return;
    if (first.effect.kind === 'names') {
      yield* this.#addNames(first, first.effect);
      return;
    }
    const effects = microOps.map(({ effect }) => effect).filter((effect) => effect.kind !== 'names');
    yield this.#addFile(microOps, first.inode, effects);
  }

  *#addNames(microOp: MicroOp, { changes, made, over }: Extract<Effect, { kind: 'names' }>): Generator<Change> {
    const position = this.#nextPosition();
    const { renameOver } = this.profile;
    const flushes = over !== undefined && (renameOver === 'flushed' || (renameOver === 'flushed-if-not-empty' && over.size > 0));
    if (flushes && this.#flush(microOp.inode, position)) yield { kind: 'flushed', inode: microOp.inode, position };
    const piece: NamePiece = { kind: 'names', microOps: [microOp], position, after: 0, neededBy: NEVER, forced: false, changes };
    this.all.push(piece);
    this.names.push(piece);
    for (const { directory, was, now } of changes) {
      this.#tracker(directory).touch(position, true);
      for (const inode of [was, now]) if (inode !== NOTHING) this.#tracker(inode).touch(position, made); // for an old file, only times
      if (now !== NOTHING) this.#named.add(now);
    }
    yield { kind: 'added', piece };
  }

  #addFile(microOps: readonly MicroOp[], inode: number, effects: readonly InodeEffect[]): Change {
    const tracker = this.#tracker(inode);
    // Stores to mapped memory reach the journal when the kernel writes their pages back, in whatever order.
    const isJournalled = this.profile.data === 'journalled' && microOps[0]?.op.call !== 'mapwrite';
    const logged = isJournalled || effects.some(isLogged);
    const position = logged ? this.#nextPosition() : 0;
    const allocates = effects.some((effect) => this.#allocates(effect));
    const requires = new Set([...tracker.requiredBy(effects, this.profile), ...this.#dataBeforeGrowth(effects, microOps[0])]);
    const pieces = this.#listOf(inode);
    const piece: FilePiece = {
      kind: 'file',
      microOps,
      position,
      after: !logged && allocates && this.profile.metadata === 'logged' ? this.logEnd : 0,
      neededBy: NEVER,
      forced: false,
      inode,
      effects,
      requires: [...requires].filter(({ forced }) => !forced),
      allocates,
      at: pieces.length,
    };
    this.all.push(piece);
    pieces.push(piece);
    tracker.remember(piece, this.inodeTable.unit);
    // Overwritten data changes only times, and within one clock tick not even those.
    if (logged || allocates) tracker.touch(this.logEnd, logged && effects.some(({ kind }) => kind !== 'mode'));
    return { kind: 'added', piece };
  }

  /** Whether an effect of a write allocates blocks or grows the file. */
  #allocates(effect: InodeEffect): boolean {
    switch (effect.kind) {
      case 'data':
        return effect.fresh || effect.appended || this.profile.overwrite === 'copied';
      case 'grow':
        return effect.by === 'write';
      case 'resize':
      case 'mode':
        return false;
      default:
        return effect satisfies never;
    }
  }

  /** Where a size waits for data, and the growing page's data is in other pieces of the same op: those pieces. */
  #dataBeforeGrowth(effects: readonly InodeEffect[], microOp: MicroOp | undefined): readonly FilePiece[] {
    const grow = effects.find((effect) => effect.kind === 'grow' && effect.by === 'write');
    if (grow?.kind !== 'grow' || this.profile.growth !== 'with-data') return [];
    const page = Math.floor((grow.size - 1) / PAGE_BYTES);
    const found: FilePiece[] = [];
    for (let at = this.all.length - 1; at >= 0; at -= 1) {
      const piece = this.all[at];
      if (piece?.kind !== 'file' || piece.microOps[0]?.op !== microOp?.op) break;
      const [effect] = piece.effects;
      if (effect?.kind !== 'data' || pageOf(effect.at, this.inodeTable.unit) !== page) break;
      found.push(piece);
    }
    return found;
  }

  *#event(event: Event): Generator<Change> {
    switch (event.kind) {
      case 'fsync':
      case 'fdatasync':
        yield* this.#sync(event.inode, event.kind === 'fdatasync', event.part);
        return;
      case 'sync':
        this.durableLog = this.logEnd;
        yield* this.#force(() => true);
        return;
      case 'close':
        yield* this.#close(event.inode);
        return;
      case 'resized': {
        const tracker = this.#tracker(event.inode);
        const { close } = this.profile;
        if (close === 'flushed-if-emptied' && event.to === 0) tracker.flushAtClose = true;
        if (close === 'flushed-if-shortened' && event.to < event.from) tracker.flushAtClose = true;
        return;
      }
      case 'touched':
        this.#tracker(event.inode).touch(this.logEnd, false);
        return;
      default:
        event satisfies never;
    }
  }

  *#close(inode: number): Generator<Change> {
    const tracker = this.#tracker(inode);
    if (!tracker.flushAtClose) return;
    tracker.flushAtClose = false;
    const position = this.#nextPosition();
    // xfs starts that flush only for unallocated data; data in allocated pages is not flushed.
    const onlyFresh = this.profile.close === 'flushed-if-shortened';
    if (!this.#flush(inode, position, ({ effects }) => !onlyFresh || effects.some((effect) => effect.kind === 'data' && effect.fresh)))
      return;
    this.all.push({ kind: 'flush', microOps: [], position, after: 0, neededBy: NEVER, forced: false });
    yield { kind: 'flushed', inode, position };
  }

  /** Requires the file's data on disk from this log position on. Returns whether that affects any piece. */
  #flush(inode: number, position: number, needsFlush: (piece: FilePiece) => boolean = () => true): boolean {
    if (position === 0) return false;
    let flushed = false;
    const need = (piece: FilePiece): void => {
      if (piece.forced || piece.neededBy <= position) return;
      piece.neededBy = position;
      flushed = true;
      for (const required of piece.requires) need(required);
    };
    for (const piece of this.files.get(inode) ?? []) if (piece.allocates && needsFlush(piece)) need(piece);
    return flushed;
  }

  *#sync(inode: number, dataOnly: boolean, part?: FilePart): Generator<Change> {
    const directory = this.disk.inode(inode).kind === 'directory';
    const own = (piece: Piece): boolean =>
      piece.kind === 'file' &&
      piece.inode === inode &&
      !(dataOnly && piece.effects.some(({ kind }) => kind === 'mode')) &&
      (part === undefined || piece.effects.every((effect) => isWithin(effect, part, this.inodeTable.unit)));
    const rule = directory ? this.profile.fsyncDirectory : this.profile.fsyncFile;
    switch (rule) {
      case 'nothing':
        return;
      case 'file':
        yield* this.#force(own);
        return;
      case 'entries':
        yield* this.#force((piece) => own(piece) || (piece.kind === 'names' && changesIn(piece, inode)));
        return;
      case 'log': {
        const { lastChange, lastSizeChange } = this.#tracker(inode);
        // Allocation by this fsync commits the whole log; but if it happened earlier, it committed only the log up to there.
        const allocated = (this.files.get(inode) ?? []).filter(own).map(({ after, forced }) => (forced ? 0 : after));
        this.durableLog = Math.max(this.durableLog, directory || !dataOnly ? lastChange : lastSizeChange, ...allocated);
        yield* this.#force((piece) => own(piece) || this.#reached(piece));
        return;
      }
      case 'file-and-names':
      case 'entries-and-path': {
        const replayed = directory ? entriesAndPathOf(this.names, inode) : namesOfFile(this.names, inode);
        yield* this.#force((piece) => own(piece) || (piece.kind === 'names' && replayed.has(piece)));
        return;
      }
      default:
        rule satisfies never;
    }
  }

  #reached({ position, neededBy }: Piece): boolean {
    return (position > 0 && position <= this.durableLog) || neededBy <= this.durableLog;
  }

  *#force(which: (piece: Piece) => boolean): Generator<Change> {
    const inodes = new Set<number>();
    let end = 0;
    const force = (piece: Piece): void => {
      if (piece.forced) return;
      piece.forced = true;
      end = Math.max(end, piece.position, piece.after);
      if (piece.kind !== 'file') return;
      inodes.add(piece.inode);
      for (const required of piece.requires) force(required); // its prerequisites are on disk too
    };
    for (const piece of this.all) if (which(piece)) force(piece);
    for (const inode of inodes) this.#settleFile(inode);
    const names = this.#settleNames();
    if (names.length > 0) for (const inode of this.#forgetNameless()) inodes.add(inode);
    const left = this.all.filter((piece) => (piece.kind === 'file' ? this.files.get(piece.inode)?.[piece.at] === piece : !piece.forced));
    if (left.length === this.all.length && inodes.size === 0) return;
    this.all = left;
    // On btrfs, fsync of a directory is not a commit, so a name can be forced without the earlier log.
    const ahead = left.some(({ forced, position, neededBy }) => !forced && ((position > 0 && position <= end) || neededBy <= end));
    yield { kind: 'forced', names, inodes, ahead };
  }

  /** Moves forced name changes into the durable disk, and returns them. */
  #settleNames(): readonly NameChange[] {
    if (!this.names.some(({ forced }) => forced)) return [];
    const later = new Set<string>();
    const left: NamePiece[] = [];
    // Newest first, because an older piece that stays must not undo a newer forced one.
    for (const piece of [...this.names].reverse()) {
      if (piece.forced) {
        for (const change of piece.changes) later.add(keyOfName(change));
      } else {
        piece.changes = piece.changes.filter((change) => !later.has(keyOfName(change)));
        if (piece.changes.length > 0) left.push(piece);
        else piece.forced = true; // it is no longer visible
      }
    }
    const changes = this.names.flatMap((piece) => (piece.forced ? piece.changes : []));
    for (const { directory, name, now } of changes) {
      const was = this.disk.namespace.at(directory, name);
      this.#links.set(was, (this.#links.get(was) ?? 0) - 1);
      this.#links.set(now, (this.#links.get(now) ?? 0) + 1);
      this.disk = this.disk.withNamespace(this.disk.namespace.with(directory, name, now));
    }
    this.names = left.reverse();
    return changes;
  }

  /** Forces the pieces of inodes whose last name is certainly gone: no state shows them, even if they are still open and written. */
  *#forgetNameless(): Generator<number> {
    const named = new Set(this.names.flatMap(({ changes }) => changes.map(({ now }) => now)));
    for (const [inode, pieces] of this.files) {
      if (named.has(inode) || !this.#named.has(inode) || (this.#links.get(inode) ?? 0) > 0) continue;
      for (const piece of pieces) piece.forced = true;
      this.#settleFile(inode);
      yield inode;
    }
  }

  /** Moves forced pieces into the durable disk, up to the first piece that is not forced. */
  #settleFile(inode: number): void {
    const pieces = this.files.get(inode) ?? [];
    let state = this.disk.inode(inode);
    // A forced truncation to 0 discards all earlier writes, whether or not they were forced.
    const cut = pieces.findLastIndex(
      ({ forced, effects }) => forced && effects.some(({ kind, ...rest }) => kind === 'resize' && 'size' in rest && rest.size === 0),
    );
    let left = pieces.slice(cut + 1);
    if (cut >= 0) {
      const modes = pieces.slice(0, cut).filter(({ effects }) => effects.some(({ kind }) => kind === 'mode'));
      if (state.kind === 'file') state = resizedTo(state, this.inodeTable.unit, 0);
      left = [...modes, ...left];
    }
    const undecided = left.findIndex(({ forced }) => !forced);
    const settled = undecided < 0 ? left : left.slice(0, undecided);
    state = settled.reduce((all, piece) => inodeAfter(all, piece, this.inodeTable.unit), state);
    this.disk = this.disk.withInode(inode, state);
    left = left.slice(settled.length);
    if (left.length === 0) this.files.delete(inode);
    else this.files.set(inode, left);
    for (const [at, piece] of left.entries()) piece.at = at;
  }

  #nextPosition(): number {
    if (this.profile.metadata === 'free') return 0;
    this.logEnd += 1;
    return this.logEnd;
  }

  #tracker(inode: number): InodeTracker {
    const known = this.#trackers.get(inode);
    if (known !== undefined) return known;
    const tracker = new InodeTracker();
    this.#trackers.set(inode, tracker);
    return tracker;
  }

  #listOf(inode: number): FilePiece[] {
    const known = this.files.get(inode);
    if (known !== undefined) return known;
    const list: FilePiece[] = [];
    this.files.set(inode, list);
    return list;
  }
}

/** Whether data is that of a part of its file. Sizes that were set belong to all of it. */
function isWithin(effect: InodeEffect, { from, end }: FilePart, unit: InodeTable['unit']): boolean {
  switch (effect.kind) {
    case 'data':
      return effect.at * unit >= from && effect.at * unit < end;
    case 'grow':
      return effect.by === 'allocate' || (effect.size > from && effect.size <= end);
    case 'resize':
    case 'mode':
      return true;
    default:
      return effect satisfies never;
  }
}

/** Metadata that is logged when it changes, not when data is written. */
function isLogged(effect: InodeEffect): boolean {
  return effect.kind === 'resize' || effect.kind === 'mode' || (effect.kind === 'grow' && effect.by === 'allocate');
}
