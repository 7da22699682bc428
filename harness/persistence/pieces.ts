/**
 * The pieces that a power cut may take, under one profile, at one boundary: what is not on disk for sure.
 *
 * Ops are carried out one by one. What they do becomes pieces; what an fsync forces leaves the list and becomes part of the durable
 * disk. Each change is told as it is made, so that what lists disks (`file-versions.ts`, `name-versions.ts`) can follow; the
 * sampler, `rebuild` and the calibration read the list itself.
 */
import type { Disk, Inodes } from './disk.ts';
import { grouped, pageOf } from './grouping.ts';
import { resizedTo } from './inode.ts';
import { type Action, type Effect, type Event, type InodeEffect, type MicroOp, type NameChange, PAGE_BYTES } from './micro-op.ts';
import { changesIn, entriesAndPathOf, keyOfName, namesOfFile } from './named-pieces.ts';
import { NOTHING } from './namespace.ts';
import { type FilePiece, inodeAfter, type NamePiece, NEVER, type Piece } from './piece.ts';
import type { Profile } from './profile.ts';
import { Standing } from './standing.ts';

/** What a change meant to the lists: a piece more, a flush of an inode at a place of the log, or pieces forced. */
export type Change =
  | { readonly kind: 'added'; readonly piece: NamePiece | FilePiece }
  | { readonly kind: 'flushed'; readonly inode: number; readonly place: number }
  /** `ahead`: of pieces in the log before them, so that there may be states now that there were not before. */
  | {
      readonly kind: 'forced';
      readonly names: readonly NameChange[];
      readonly inodes: ReadonlySet<number>;
      readonly ahead: boolean;
    };

export class Pieces {
  readonly profile: Profile;
  readonly world: Inodes;
  /** With everything forced so far. */
  disk: Disk;
  /** In the order in which they were made. Replaced, not changed, when some are forced. */
  all: Piece[] = [];
  /** By inode; those of an inode whose last piece was forced are gone. */
  readonly files = new Map<number, FilePiece[]>();
  names: NamePiece[] = [];
  /** The last place in the log, and the last one that is on disk for sure. */
  logEnd = 0;
  durableLog = 0;
  readonly #standings = new Map<number, Standing>();
  /** How many names each inode has on the durable disk; and all inodes that ever had one. */
  readonly #links = new Map<number, number>();
  readonly #named = new Set<number>();

  constructor(start: Disk, profile: Profile) {
    this.profile = profile;
    this.world = start.world;
    this.disk = start;
    for (const [, inode] of start.namespace.paths(start.world.names)) {
      this.#links.set(inode, 1);
      this.#named.add(inode);
    }
  }

  /** Carries out an op, and yields each change as soon as it is made. */
  *carryOut({ microOps, events }: Action): Generator<Change> {
    for (const group of grouped(microOps, this.profile, this.world.unit)) yield* this.#add(group);
    for (const event of events) yield* this.#event(event);
  }

  /** The disk with all pieces but these, as far as it can be seen. */
  diskWithout(lost: ReadonlySet<Piece>): Disk {
    let { disk } = this;
    for (const piece of this.names) if (!lost.has(piece)) disk = disk.renamed(piece.changes);
    const done = new Set<number>();
    for (const [, inode] of disk.namespace.paths(this.world.names)) {
      if (done.has(inode)) continue;
      done.add(inode);
      for (const piece of this.files.get(inode) ?? []) {
        if (!lost.has(piece)) disk = disk.withInode(inode, inodeAfter(disk.inode(inode), piece, this.world.unit));
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
    const place = this.#nextPlace();
    const { renameOver } = this.profile;
    const flushes = over !== undefined && (renameOver === 'flushed' || (renameOver === 'flushed-if-not-empty' && over.size > 0));
    if (flushes && this.#flush(microOp.inode, place)) yield { kind: 'flushed', inode: microOp.inode, place };
    const piece: NamePiece = { kind: 'names', microOps: [microOp], place, after: 0, neededBy: NEVER, forced: false, changes };
    this.all.push(piece);
    this.names.push(piece);
    for (const { directory, was, now } of changes) {
      this.#standing(directory).touch(place, true);
      for (const inode of [was, now]) if (inode !== NOTHING) this.#standing(inode).touch(place, made); // of a file that is not new, only times change
      if (now !== NOTHING) this.#named.add(now);
    }
    yield { kind: 'added', piece };
  }

  #addFile(microOps: readonly MicroOp[], inode: number, effects: readonly InodeEffect[]): Change {
    const standing = this.#standing(inode);
    const logged = effects.some(isLogged);
    const place = logged ? this.#nextPlace() : 0;
    const allocates = effects.some((effect) => this.#allocates(effect));
    const requires = new Set([...standing.requiredBy(effects, this.profile), ...this.#dataBeforeGrowth(effects, microOps[0])]);
    const pieces = this.#listOf(inode);
    const piece: FilePiece = {
      kind: 'file',
      microOps,
      place,
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
    standing.remember(piece, this.world.unit);
    // Data put in place of other data changes times only, and within a tick of the clock not even those.
    if (logged || allocates) standing.touch(this.logEnd, logged && effects.some(({ kind }) => kind !== 'mode'));
    return { kind: 'added', piece };
  }

  /** Whether an effect of a write gives something a place on disk. */
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

  /** Where the data of the page that grows is not all in the same piece, and the size waits for data: the pieces just made. */
  #dataBeforeGrowth(effects: readonly InodeEffect[], microOp: MicroOp | undefined): readonly FilePiece[] {
    const grow = effects.find((effect) => effect.kind === 'grow' && effect.by === 'write');
    if (grow?.kind !== 'grow' || this.profile.growth !== 'with-data') return [];
    const page = Math.floor((grow.size - 1) / PAGE_BYTES);
    const found: FilePiece[] = [];
    for (let at = this.all.length - 1; at >= 0; at -= 1) {
      const piece = this.all[at];
      if (piece?.kind !== 'file' || piece.microOps[0]?.op !== microOp?.op) break;
      const [effect] = piece.effects;
      if (effect?.kind !== 'data' || pageOf(effect.at, this.world.unit) !== page) break;
      found.push(piece);
    }
    return found;
  }

  *#event(event: Event): Generator<Change> {
    switch (event.kind) {
      case 'fsync':
      case 'fdatasync':
        yield* this.#sync(event.inode, event.kind === 'fdatasync');
        return;
      case 'sync':
        this.durableLog = this.logEnd;
        yield* this.#force(() => true);
        return;
      case 'close':
        yield* this.#close(event.inode);
        return;
      case 'resized': {
        const standing = this.#standing(event.inode);
        const { close } = this.profile;
        if (close === 'flushed-if-emptied' && event.to === 0) standing.flushAtClose = true;
        if (close === 'flushed-if-shortened' && event.to < event.from) standing.flushAtClose = true;
        return;
      }
      case 'touched':
        this.#standing(event.inode).touch(this.logEnd, false);
        return;
      default:
        event satisfies never;
    }
  }

  *#close(inode: number): Generator<Change> {
    const standing = this.#standing(inode);
    if (!standing.flushAtClose) return;
    standing.flushAtClose = false;
    const place = this.#nextPlace();
    // xfs starts that flush only where there is data without a place on disk; what went into a page that has one is left to itself.
    const placed = this.profile.close === 'flushed-if-shortened';
    if (!this.#flush(inode, place, ({ effects }) => !placed || effects.some((effect) => effect.kind === 'data' && effect.fresh))) return;
    this.all.push({ kind: 'flush', microOps: [], place, after: 0, neededBy: NEVER, forced: false });
    yield { kind: 'flushed', inode, place };
  }

  /** From this place of the log on, the file's data is on disk. */
  #flush(inode: number, place: number, waits: (piece: FilePiece) => boolean = () => true): boolean {
    if (place === 0) return false;
    let any = false;
    const need = (piece: FilePiece): void => {
      if (piece.forced || piece.neededBy <= place) return;
      piece.neededBy = place;
      any = true;
      for (const other of piece.requires) need(other);
    };
    for (const piece of this.files.get(inode) ?? []) if (piece.allocates && waits(piece)) need(piece);
    return any;
  }

  *#sync(inode: number, dataOnly: boolean): Generator<Change> {
    const directory = this.disk.inode(inode).kind === 'directory';
    const own = (piece: Piece): boolean =>
      piece.kind === 'file' && piece.inode === inode && !(dataOnly && piece.effects.some(({ kind }) => kind === 'mode'));
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
        const { changed, sized } = this.#standing(inode);
        // What gets its place on disk here commits all of the log; but it may have got it before, and with it only what came before that.
        const allocated = (this.files.get(inode) ?? []).map(({ after, forced }) => (forced ? 0 : after));
        this.durableLog = Math.max(this.durableLog, directory || !dataOnly ? changed : sized, ...allocated);
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

  #reached({ place, neededBy }: Piece): boolean {
    return (place > 0 && place <= this.durableLog) || neededBy <= this.durableLog;
  }

  *#force(which: (piece: Piece) => boolean): Generator<Change> {
    const inodes = new Set<number>();
    let end = 0;
    const force = (piece: Piece): void => {
      if (piece.forced) return;
      piece.forced = true;
      end = Math.max(end, piece.place, piece.after);
      if (piece.kind !== 'file') return;
      inodes.add(piece.inode);
      for (const other of piece.requires) force(other); // what it cannot be on disk without is there too
    };
    for (const piece of this.all) if (which(piece)) force(piece);
    for (const inode of inodes) this.#settleFile(inode);
    const names = this.#settleNames();
    if (names.length > 0) for (const inode of this.#forgetNameless()) inodes.add(inode);
    const left = this.all.filter((piece) => (piece.kind === 'file' ? this.files.get(piece.inode)?.[piece.at] === piece : !piece.forced));
    if (left.length === this.all.length && inodes.size === 0) return;
    this.all = left;
    // A name can be forced without what it waited for: on btrfs, fsync of a directory is no commit.
    const ahead = left.some(({ forced, place, neededBy }) => !forced && ((place > 0 && place <= end) || neededBy <= end));
    yield { kind: 'forced', names, inodes, ahead };
  }

  /** Moves forced changes of names into the durable disk, and tells them. */
  #settleNames(): readonly NameChange[] {
    if (!this.names.some(({ forced }) => forced)) return [];
    const later = new Set<string>();
    const left: NamePiece[] = [];
    // An older piece that stays must not undo a newer one that is forced: from the newest on, what is set is set.
    for (const piece of [...this.names].reverse()) {
      if (piece.forced) {
        for (const change of piece.changes) later.add(keyOfName(change));
      } else {
        piece.changes = piece.changes.filter((change) => !later.has(keyOfName(change)));
        if (piece.changes.length > 0) left.push(piece);
        else piece.forced = true; // nothing of it can be seen any more
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

  /** An inode whose last name is gone for sure cannot be seen in any state, even if it is still open and written to. */
  *#forgetNameless(): Generator<number> {
    const named = new Set(this.names.flatMap(({ changes }) => changes.map(({ now }) => now)));
    for (const [inode, pieces] of this.files) {
      if (named.has(inode) || !this.#named.has(inode) || (this.#links.get(inode) ?? 0) > 0) continue;
      for (const piece of pieces) piece.forced = true;
      this.#settleFile(inode);
      yield inode;
    }
  }

  /** Moves forced pieces into the durable disk, as far as no piece before them is undecided. */
  #settleFile(inode: number): void {
    const pieces = this.files.get(inode) ?? [];
    let state = this.disk.inode(inode);
    // A file cut to nothing for sure has lost what was written to it before, for sure or not.
    const cut = pieces.findLastIndex(
      ({ forced, effects }) => forced && effects.some(({ kind, ...rest }) => kind === 'resize' && 'size' in rest && rest.size === 0),
    );
    let left = pieces.slice(cut + 1);
    if (cut >= 0) {
      const modes = pieces.slice(0, cut).filter(({ effects }) => effects.some(({ kind }) => kind === 'mode'));
      if (state.kind === 'file') state = resizedTo(state, this.world.unit, 0);
      left = [...modes, ...left];
    }
    const undecided = left.findIndex(({ forced }) => !forced);
    const settled = undecided < 0 ? left : left.slice(0, undecided);
    state = settled.reduce((all, piece) => inodeAfter(all, piece, this.world.unit), state);
    this.disk = this.disk.withInode(inode, state);
    left = left.slice(settled.length);
    if (left.length === 0) this.files.delete(inode);
    else this.files.set(inode, left);
    for (const [at, piece] of left.entries()) piece.at = at;
  }

  #nextPlace(): number {
    if (this.profile.metadata === 'free') return 0;
    this.logEnd += 1;
    return this.logEnd;
  }

  #standing(inode: number): Standing {
    const known = this.#standings.get(inode);
    if (known !== undefined) return known;
    const standing = new Standing();
    this.#standings.set(inode, standing);
    return standing;
  }

  #listOf(inode: number): FilePiece[] {
    const known = this.files.get(inode);
    if (known !== undefined) return known;
    const list: FilePiece[] = [];
    this.files.set(inode, list);
    return list;
  }
}

/** Metadata that is logged when it is made, not when data is written. */
function isLogged(effect: InodeEffect): boolean {
  return effect.kind === 'resize' || effect.kind === 'mode' || (effect.kind === 'grow' && effect.by === 'allocate');
}
