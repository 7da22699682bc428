/**
 * The current set of the enumeration: every disk that a profile allows at one boundary, as name versions times file versions.
 *
 * It moves from boundary to boundary and never restarts. An op adds the states that keep part of it, and an fsync removes versions;
 * so each state between two acknowledgements is enumerated once, at the first boundary where it can occur.
 */
import type { Tree } from '../domain/trace.ts';
import { type Disk, pathTerm } from './disk.ts';
import { FileVersions, type Version } from './file-versions.ts';
import { type Hash, hashText, minus, NO_HASH, plus } from './hash.ts';
import type { HashSet } from './hash-set.ts';
import type { Action, MicroOp } from './micro-op.ts';
import type { MicroOpHistory } from './micro-op-history.ts';
import { type NameVersion, NameVersions } from './name-versions.ts';
import type { FilePiece, NamePiece, Piece } from './piece.ts';
import { type Change, Pieces } from './pieces.ts';
import type { Profile } from './profile.ts';
import type { PowerLossState } from './state.ts';
import { detailOf } from './state-id.ts';

/** A list of versions is too long: the caller's limit is certainly exceeded. */
export class TooMany extends Error {
  override readonly name = 'TooMany';
}

/** The longest allowed list of versions, and the most combinations to enumerate. */
interface Limits {
  readonly versions: number;
  readonly combinations: number;
}

/** One inode's factor in a product: its versions, and what each adds to the tree's hash under these names. */
interface Level {
  readonly inode: number;
  readonly versions: readonly Version[];
  readonly a: Int32Array;
  readonly b: Int32Array;
}

export class Frontier {
  readonly #history: MicroOpHistory;
  readonly #pieces: Pieces;
  readonly #names: NameVersions;
  readonly #files = new Map<number, FileVersions>();
  /** Hashes of the trees already enumerated since the last acknowledgement. */
  readonly #seen: HashSet;
  readonly #limits: Limits;
  /** Combinations enumerated so far. */
  enumerated = 0;

  constructor(history: MicroOpHistory, profile: Profile, seen: HashSet, limits: Limits) {
    this.#history = history;
    this.#pieces = new Pieces(history.start, profile);
    this.#names = new NameVersions(profile, history.start);
    this.#seen = seen;
    this.#limits = limits;
  }

  /** Carries out an op without enumerating the states it adds. */
  pass(action: Action): void {
    for (const change of this.#pieces.carryOut(action)) this.#take(change);
  }

  /** Carries out an op, and yields the new states that keep part of it. */
  *states(action: Action): Generator<PowerLossState> {
    let begun = 0;
    for (const change of this.#pieces.carryOut(action)) {
      const fresh = this.#take(change);
      if (change.kind === 'added') begun += change.piece.microOps.length;
      if (change.kind === 'forced' && change.ahead) yield* this.allStates(action);
      switch (fresh?.kind) {
        case 'names':
          for (const version of newestFirst(fresh.versions)) yield* this.#product(version, { action, begun });
          break;
        case 'file':
          if (fresh.versions.length === 0) break;
          for (const version of newestFirst(this.#names.versions)) yield* this.#product(version, { action, begun }, fresh);
          break;
        case undefined:
          break;
        default:
          fresh satisfies never;
      }
    }
  }

  /** Every new state at the current boundary. */
  *allStates(action: Action | undefined): Generator<PowerLossState> {
    for (const version of newestFirst(this.#names.versions)) yield* this.#product(version, { action, begun: action?.microOps.length ?? 0 });
  }

  #take(
    change: Change,
  ):
    | { readonly kind: 'names'; readonly versions: readonly NameVersion[] }
    | { readonly kind: 'file'; readonly inode: number; readonly versions: readonly Version[] }
    | undefined {
    switch (change.kind) {
      case 'added': {
        const { piece } = change;
        if (piece.kind === 'names') {
          const versions = this.#names.extend(this.#pieces.names);
          this.#checkLength(this.#names.versions.length);
          return { kind: 'names', versions };
        }
        const { inode } = piece;
        const file = this.#fileOf(inode);
        const versions = file.extend(this.#pieces.files.get(inode) ?? []);
        this.#checkLength(file.count);
        return { kind: 'file', inode, versions: [...versions] };
      }
      case 'flushed':
        this.#files.get(change.inode)?.flushed();
        return undefined;
      case 'forced':
        this.#settle(change);
        return undefined;
      default:
        return change satisfies never;
    }
  }

  #settle({ names, inodes }: Extract<Change, { kind: 'forced' }>): void {
    const { disk } = this.#pieces;
    for (const inode of inodes) {
      const pieces = this.#pieces.files.get(inode);
      if (pieces !== undefined) this.#fileOf(inode).settle(disk.inode(inode), pieces);
    }
    for (const inode of this.#files.keys()) if (!this.#pieces.files.has(inode)) this.#files.delete(inode);
    this.#names.settle(disk, inodes, names, this.#pieces.names);
  }

  #fileOf(inode: number): FileVersions {
    const known = this.#files.get(inode);
    if (known !== undefined) return known;
    const { profile, disk, inodeTable: world } = this.#pieces;
    const file = new FileVersions(profile, world.unit, disk.inode(inode));
    this.#files.set(inode, file);
    return file;
  }

  #checkLength(length: number): void {
    if (length > this.#limits.versions) throw new TooMany();
  }

  #countCombination(): void {
    this.enumerated += 1;
    if (this.enumerated > this.#limits.combinations) throw new TooMany();
  }

  /** All new states with these names; if `only` is given, only those with these versions of that file. */
  *#product(
    names: NameVersion,
    { action, begun }: Pick<Context, 'action' | 'begun'>,
    only?: { readonly inode: number; readonly versions: readonly Version[] },
  ): Generator<PowerLossState> {
    const levels = this.#levels(names, only);
    if (levels === undefined) return;
    const { all, disk } = this.#pieces;
    const context: Context = { history: this.#history, names, levels, pieces: all, count: all.length, disk, action, begun };
    const base = this.#names.hashOf(names);
    const depth = levels.length;
    const seen = this.#seen;
    if (depth === 0) {
      this.#countCombination();
      if (seen.add(base.a, base.b)) yield new EnumeratedState(context, [], Math.min(names.high, this.#pieces.logEnd), base.a, base.b);
      return;
    }
    // An odometer: `at[k]` is the version of level k; the other arrays hold the totals of the levels before k.
    const at = levels.map(({ versions }) => versions.length);
    const [sumA, sumB] = [new Int32Array(depth + 1), new Int32Array(depth + 1)];
    const [low, high] = [new Float64Array(depth + 1), new Float64Array(depth + 1)];
    sumA[0] = base.a;
    sumB[0] = base.b;
    low[0] = names.low;
    high[0] = Math.min(names.high, this.#pieces.logEnd);
    let level = 0;
    while (level >= 0) {
      const { versions, a, b } = levels[level] as Level; // `level` stays below the number of levels
      const next = (at[level] as number) - 1;
      if (next < 0) {
        at[level] = versions.length;
        level -= 1;
        continue;
      }
      at[level] = next;
      const version = versions[next] as Version;
      const from = Math.max(low[level] as number, version.low);
      const to = Math.min(high[level] as number, version.high);
      if (from > to) continue;
      const hashA = ((sumA[level] as number) + (a[next] as number)) | 0;
      const hashB = ((sumB[level] as number) + (b[next] as number)) | 0;
      if (level < depth - 1) {
        level += 1;
        sumA[level] = hashA;
        sumB[level] = hashB;
        low[level] = from;
        high[level] = to;
        continue;
      }
      this.#countCombination();
      if (seen.add(hashA, hashB)) yield new EnumeratedState(context, at.slice(), to, hashA, hashB);
    }
  }

  /** The files visible under these names that may differ from their durable version. Undefined: the file of `only` is not visible. */
  #levels(names: NameVersion, only: { readonly inode: number; readonly versions: readonly Version[] } | undefined): Level[] | undefined {
    const levels: Level[] = [];
    for (const [inode, file] of this.#files) {
      const target = inode === only?.inode;
      const paths = this.#names.pathsTo(inode, names);
      if (paths.length === 0) {
        if (target) return undefined;
        continue;
      }
      const versions = target ? only.versions : file.shown.slice();
      const [a, b] = [new Int32Array(versions.length), new Int32Array(versions.length)];
      const durable = this.#pieces.disk.inode(inode);
      for (const [index, { inode: state }] of versions.entries()) {
        let hash: Hash = NO_HASH;
        for (const path of paths) hash = plus(hash, minus(pathTerm(path.hash, state), pathTerm(path.hash, durable)));
        a[index] = hash.a;
        b[index] = hash.b;
      }
      levels.push({ inode, versions, a, b });
    }
    return levels;
  }
}

/** What the states of one product have in common. */
interface Context {
  readonly history: MicroOpHistory;
  readonly names: NameVersion;
  readonly levels: readonly Level[];
  /** The pieces at that time: the first `count` of the list. */
  readonly pieces: readonly Piece[];
  readonly count: number;
  readonly disk: Disk;
  /** The last op, and how many of its micro-ops had been carried out. */
  readonly action: Action | undefined;
  readonly begun: number;
}

/** An enumerated state; its tree, losses and id are computed on demand. */
class EnumeratedState implements PowerLossState {
  readonly #context: Context;
  readonly #picks: readonly number[];
  /** How much of the log is on disk. */
  readonly #logEnd: number;
  readonly #a: number;
  readonly #b: number;

  constructor(context: Context, picks: readonly number[], logEnd: number, a: number, b: number) {
    this.#context = context;
    this.#picks = picks;
    this.#logEnd = logEnd;
    this.#a = a;
    this.#b = b;
  }

  get boundary(): number {
    return this.#context.action?.op.index ?? 0;
  }

  get hash(): string {
    return hashText({ a: this.#a, b: this.#b });
  }

  get detail(): string {
    const { actions, inodeTable: world } = this.#context.history;
    return detailOf(this.lost, actions, world.unit, () => this.hash);
  }

  get disk(): Disk {
    let disk = this.#context.disk.withNamespace(this.#context.names.namespace);
    for (const [level, version] of this.#picked()) disk = disk.withInode(level.inode, version.inode);
    return disk;
  }

  toTree(): Tree {
    return this.disk.toTree();
  }

  get lost(): readonly MicroOp[] {
    const { pieces, count, names, action, begun } = this.#context;
    const picked = new Map(this.#picked().map(([{ inode }, version]) => [inode, version]));
    const present = pieces.slice(0, count);
    const lost = new Set<Piece>();
    const order = new Map(present.map((piece, index) => [piece, index]));
    for (const [index, piece] of present.entries()) {
      const version = piece.kind === 'names' ? names : piece.kind === 'file' ? picked.get(piece.inode) : undefined;
      const kept =
        version === undefined
          ? this.#couldKeep(piece, lost)
          : index <= indexOf(version.last, order) && !version.gaps.some((gap) => gap === piece);
      if (!kept) lost.add(piece);
    }
    const later = (action?.microOps ?? []).slice(begun);
    return [...[...lost].flatMap(({ microOps }) => microOps), ...later].sort((a, b) => a.op.index - b.op.index || a.part - b.part);
  }

  /** A piece that these names do not show is reported as kept wherever the profile allows it. */
  #couldKeep(piece: Piece, lost: ReadonlySet<Piece>): boolean {
    if (piece.kind === 'file' && piece.requires.some((required) => lost.has(required))) return false;
    return piece.position <= this.#logEnd && piece.after <= this.#logEnd;
  }

  #picked(): (readonly [Level, Version])[] {
    return this.#context.levels.flatMap((level, index) => {
      const version = level.versions[this.#picks[index] ?? 0];
      return version === undefined ? [] : [[level, version] as const];
    });
  }
}

function indexOf(last: NamePiece | FilePiece | undefined, order: ReadonlyMap<Piece, number>): number {
  // A last piece that left the list was forced since, and everything before it too.
  return last === undefined ? -1 : (order.get(last) ?? -1);
}

function* newestFirst<Item>(items: readonly Item[]): Generator<Item> {
  const copy = items.slice();
  for (let at = copy.length - 1; at >= 0; at -= 1) yield copy[at] as Item;
}
