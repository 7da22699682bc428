/**
 * Every version of one inode that a power cut may leave, under one profile, at one boundary.
 *
 * A version is made from another by one more piece, so that a boundary costs what is new at it. Each knows the stretch of the
 * log with which it can stand: not before what it needs (`low`), not beyond what needs a piece that it lost (`high`).
 */
import type { Hash } from './hash.ts';
import type { Inode } from './inode.ts';
import { type FilePiece, inodeAfter, NEVER } from './piece.ts';
import type { Profile } from './profile.ts';

export interface Version {
  readonly inode: Inode;
  /** The last piece that it kept, and those before it that it lost. All after it are lost. */
  readonly last: FilePiece | undefined;
  readonly gaps: readonly FilePiece[];
  readonly low: number;
  high: number;
}

export class FileVersions {
  readonly #profile: Profile;
  readonly #unit: 4096 | 512;
  /** The file as it is on disk for sure, and the pieces that may come on top; the list is the one in `Pieces`. */
  #durable: Inode;
  #pieces: readonly FilePiece[] = [];
  #count = 0;
  #versions: Version[] = [];
  /** Of these, one per appearance: where pieces are free of order, what is hidden beyond the size makes no state of its own. */
  #shown: Version[] = [];
  readonly #stored = new Map<string, number>();
  readonly #looks = new Map<string, number>();

  constructor(profile: Profile, unit: 4096 | 512, durable: Inode) {
    this.#profile = profile;
    this.#unit = unit;
    this.#durable = durable;
    this.#restart();
  }

  get shown(): readonly Version[] {
    return this.#shown;
  }

  /** How many there are, those that look alike included. */
  get count(): number {
    return this.#versions.length;
  }

  /** Takes the last piece of the list in, and tells which versions look new. */
  extend(pieces: readonly FilePiece[]): readonly Version[] {
    this.#pieces = pieces;
    const piece = pieces[this.#count];
    if (piece === undefined) throw new Error('there is no new piece');
    this.#count += 1;
    return this.#extend(piece);
  }

  /** Some pieces became needed by a place of the log: versions without them end before it. */
  flushed(): void {
    for (const version of this.#versions) version.high = Math.min(version.high, this.#endWithout(version));
  }

  /** Begins again, after pieces were forced. */
  settle(durable: Inode, pieces: readonly FilePiece[]): void {
    this.#durable = durable;
    this.#pieces = pieces;
    this.#restart();
  }

  #restart(): void {
    this.#versions = [];
    this.#shown = this.#profile.metadata === 'logged' ? this.#versions : [];
    this.#stored.clear();
    this.#looks.clear();
    this.#count = 0;
    this.#keep({ inode: this.#durable, last: undefined, gaps: [], low: 0, high: NEVER });
    for (const piece of this.#pieces) {
      this.#count += 1;
      this.#extend(piece);
    }
  }

  #extend(piece: FilePiece): readonly Version[] {
    const fresh: Version[] = [];
    const before = this.#versions.length;
    const old = piece.forced ? this.#versions.splice(0) : this.#versions;
    if (piece.forced) {
      this.#stored.clear();
      this.#looks.clear();
      if (this.#shown !== this.#versions) this.#shown = [];
    }
    for (let at = 0; at < before; at += 1) {
      const version = old[at];
      if (version === undefined) continue;
      const next = this.#next(version, piece);
      // A kept piece that is in the log leaves no version without it from its place on.
      version.high = Math.min(version.high, piece.neededBy - 1, piece.place === 0 ? NEVER : piece.place - 1);
      if (next !== undefined && this.#keep(next)) fresh.push(next);
    }
    return fresh;
  }

  #next(version: Version, piece: FilePiece): Version | undefined {
    const low = piece.forced ? version.low : Math.max(version.low, piece.place, piece.after);
    if (low > version.high) return undefined;
    const gaps = [...version.gaps, ...this.#pieces.slice(version.last === undefined ? 0 : version.last.at + 1, piece.at)];
    if (gaps.length > 0 && piece.requires.some((other) => !other.forced && gaps.includes(other))) return undefined;
    return { inode: inodeAfter(version.inode, piece, this.#unit), last: piece, gaps, low, high: version.high };
  }

  /** Whether it looks new. */
  #keep(version: Version): boolean {
    if (this.#profile.metadata === 'logged') {
      this.#versions.push(version);
      return true;
    }
    // Free of order, what is on disk is all that matters for what can come; of versions alike, the one that lost least stands for them.
    this.#put(this.#versions, this.#stored, storedKey(version.inode), version);
    return this.#put(this.#shown, this.#looks, keyOf(version.inode.hash), version);
  }

  #put(list: Version[], index: Map<string, number>, key: string, version: Version): boolean {
    const at = index.get(key);
    const known = at === undefined ? undefined : list[at];
    if (at === undefined || known === undefined) {
      index.set(key, list.push(version) - 1);
      return true;
    }
    if (this.#lostBy(version) < this.#lostBy(known)) list[at] = version;
    return false;
  }

  #lostBy({ gaps, last }: Version): number {
    return gaps.length + this.#count - (last === undefined ? 0 : last.at + 1);
  }

  #endWithout({ gaps, last }: Version): number {
    let end = NEVER;
    for (const { neededBy } of gaps) end = Math.min(end, neededBy - 1);
    for (let at = last === undefined ? 0 : last.at + 1; at < this.#count; at += 1)
      end = Math.min(end, (this.#pieces[at]?.neededBy ?? NEVER) - 1);
    return end;
  }
}

const keyOf = ({ a, b }: Hash): string => `${a} ${b}`;

function storedKey(inode: Inode): string {
  return inode.kind === 'file' ? `${keyOf(inode.stored)} ${inode.size} ${inode.mode}` : keyOf(inode.hash);
}
