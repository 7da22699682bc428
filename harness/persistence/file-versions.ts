/**
 * Every version of one inode that a power cut may leave, under one profile, at one boundary.
 *
 * Each version extends another by one kept piece, so that a boundary costs only its new versions. A version is consistent with a
 * range of log ends: at least `low`, which covers what it needs, and at most `high`, before anything that needs a piece it lost.
 */
import type { Hash } from './hash.ts';
import type { Inode } from './inode.ts';
import { type FilePiece, inodeAfter, NEVER } from './piece.ts';
import type { Profile } from './profile.ts';

export interface Version {
  readonly inode: Inode;
  /** The last kept piece, and the lost pieces before it. All later pieces are lost. */
  readonly last: FilePiece | undefined;
  readonly gaps: readonly FilePiece[];
  readonly low: number;
  high: number;
}

export class FileVersions {
  readonly #profile: Profile;
  readonly #unit: 4096 | 512;
  /** The file as it is certainly on disk, and the pieces that may be applied to it; the list is the one in `Pieces`. */
  #durable: Inode;
  #pieces: readonly FilePiece[] = [];
  #count = 0;
  #versions: Version[] = [];
  /** One version per visible content: without a log, bytes hidden beyond the size make no separate state. */
  #shown: Version[] = [];
  readonly #byStored = new Map<string, number>();
  readonly #byAppearance = new Map<string, number>();

  constructor(profile: Profile, unit: 4096 | 512, durable: Inode) {
    this.#profile = profile;
    this.#unit = unit;
    this.#durable = durable;
    this.#restart();
  }

  get shown(): readonly Version[] {
    return this.#shown;
  }

  /** The number of versions, including those that look the same. */
  get count(): number {
    return this.#versions.length;
  }

  /** Adds the last piece of the list, and returns the versions with new visible content. */
  extend(pieces: readonly FilePiece[]): readonly Version[] {
    this.#pieces = pieces;
    const piece = pieces[this.#count];
    if (piece === undefined) throw new Error('there is no new piece');
    this.#count += 1;
    return this.#extend(piece);
  }

  /** To call after a flush made pieces required from some log position on: versions without them end before it. */
  flushed(): void {
    for (const version of this.#versions) version.high = Math.min(version.high, this.#endWithout(version));
  }

  /** Rebuilds the versions after pieces were forced. */
  settle(durable: Inode, pieces: readonly FilePiece[]): void {
    this.#durable = durable;
    this.#pieces = pieces;
    this.#restart();
  }

  #restart(): void {
    this.#versions = [];
    this.#shown = this.#profile.metadata === 'logged' ? this.#versions : [];
    this.#byStored.clear();
    this.#byAppearance.clear();
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
      this.#byStored.clear();
      this.#byAppearance.clear();
      if (this.#shown !== this.#versions) this.#shown = [];
    }
    for (let at = 0; at < before; at += 1) {
      const version = old[at];
      if (version === undefined) continue;
      const next = this.#next(version, piece);
      // From a logged piece's position on, no version can lack that piece.
      version.high = Math.min(version.high, piece.neededBy - 1, piece.position === 0 ? NEVER : piece.position - 1);
      if (next !== undefined && this.#keep(next)) fresh.push(next);
    }
    return fresh;
  }

  #next(version: Version, piece: FilePiece): Version | undefined {
    const low = piece.forced ? version.low : Math.max(version.low, piece.position, piece.after);
    if (low > version.high) return undefined;
    const gaps = [...version.gaps, ...this.#pieces.slice(version.last === undefined ? 0 : version.last.at + 1, piece.at)];
    if (gaps.length > 0 && piece.requires.some((required) => !required.forced && gaps.includes(required))) return undefined;
    return { inode: inodeAfter(version.inode, piece, this.#unit), last: piece, gaps, low, high: version.high };
  }

  /** Returns whether its visible content is new. */
  #keep(version: Version): boolean {
    if (this.#profile.metadata === 'logged') {
      this.#versions.push(version);
      return true;
    }
    // Without a log, later states depend only on what is on disk: of equal versions, keep the one that lost least.
    this.#put(this.#versions, this.#byStored, storedKey(version.inode), version);
    return this.#put(this.#shown, this.#byAppearance, keyOf(version.inode.hash), version);
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
