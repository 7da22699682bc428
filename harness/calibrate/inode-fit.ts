/**
 * Whether one inode can match an entry of a tree after a power cut, by search instead of enumeration.
 *
 * Method: go from the last piece back to the first, with the goals that earlier pieces must still meet: bytes, size, mode, and pieces
 * that a kept piece requires. A kept piece must match the goals where it writes, and so meets them; the durable disk must meet the
 * rest. The bytes show at once whether a piece can be kept, so there is little backtracking.
 */
import type { Entry } from '../domain/trace.ts';
import type { FileInode, Inode } from '../persistence/inode.ts';
import type { InodeEffect, Unit } from '../persistence/micro-op.ts';
import type { FilePiece } from '../persistence/piece.ts';
import { Steps } from './steps.ts';

/** A range of bytes of one unit: start and end. */
type ByteRange = readonly [number, number];

/** The goals that the durable disk and the pieces still to visit must meet. */
interface Wanted {
  /** The size before the visited pieces: the entry's size, at most that, or any, because a visited piece sets it. */
  readonly size: 'exactly' | 'at-most' | 'any';
  readonly mode: boolean;
  /** Bytes from here on are not needed. */
  readonly end: number;
  /** The needed bytes by unit. For a missing unit: everything before `end`. */
  readonly bytes: ReadonlyMap<number, readonly ByteRange[]>;
  readonly required: ReadonlySet<FilePiece>;
}

/** What happens to a piece when the log ends at some position. */
type Fate = 'kept' | 'lost' | 'open';

export class InodeFit {
  readonly #durable: Inode;
  readonly #pieces: readonly FilePiece[];
  readonly #entry: Entry;
  readonly #unit: Unit;
  readonly #target: Uint8Array;
  /** The first piece that writes each unit. */
  readonly #first = new Map<number, number>();
  readonly #known = new Map<string, boolean>();
  #fates: readonly Fate[] = [];
  /** The first piece that may set the size. Before it, the disk must hold the goals of units without earlier pieces. */
  #firstResize = 0;
  #failed = new Set<string>();
  #steps = new Steps('');

  constructor(durable: Inode, pieces: readonly FilePiece[], entry: Entry, unit: Unit) {
    this.#durable = durable;
    this.#pieces = pieces;
    this.#entry = entry;
    this.#unit = unit;
    this.#target = entry.kind === 'file' ? entry.bytes : new Uint8Array();
    for (const [at, { effects }] of pieces.entries()) {
      for (const effect of effects) if (effect.kind === 'data' && !this.#first.has(effect.at)) this.#first.set(effect.at, at);
    }
  }

  /** Whether the inode can match if the log ends at this position. Throws Undecided. */
  possible(logEnd: number): boolean {
    if (this.#entry.kind !== this.#durable.kind) return false;
    if (this.#entry.kind === 'symlink') return this.#durable.kind === 'symlink' && this.#durable.target === this.#entry.target;
    const fates = fatesOf(this.#pieces, logEnd);
    if (fates === undefined) return false;
    const key = fates.join();
    const known = this.#known.get(key) ?? this.#search(fates);
    this.#known.set(key, known);
    return known;
  }

  #search(fates: readonly Fate[]): boolean {
    this.#fates = fates;
    this.#failed = new Set();
    this.#steps = new Steps('a file can have these contents');
    const sets = (piece: FilePiece, at: number): boolean => fates[at] !== 'lost' && piece.effects.some(({ kind }) => kind === 'resize');
    const firstResize = this.#pieces.findIndex(sets);
    this.#firstResize = firstResize < 0 ? this.#pieces.length : firstResize;
    const isFile = this.#durable.kind === 'file';
    const wanted: Wanted = {
      size: isFile ? 'exactly' : 'any',
      mode: true,
      end: this.#target.length,
      bytes: new Map(),
      required: new Set(),
    };
    if (firstResize < 0 && !this.#onDisk(wanted, (unit) => !this.#first.has(unit))) return false;
    return this.#before(this.#pieces.length, wanted);
  }

  /** Whether the pieces before `at` can meet the goals. */
  #before(at: number, wanted: Wanted): boolean {
    if (at === 0) return this.#isDurable(wanted);
    const key = `${at} ${keyOf(wanted)}`;
    if (this.#failed.has(key)) return false;
    this.#steps.take();
    const piece = this.#pieces[at - 1];
    const fate = this.#fates[at - 1];
    if (piece === undefined) throw new Error(`there is no piece ${at - 1}`);
    const required = wanted.required.has(piece);
    const kept = fate === 'lost' ? undefined : this.#keeping(piece, wanted);
    let found = kept !== undefined && this.#continueWith(at, piece, kept);
    const losable = fate !== 'kept' && !required && !(kept !== undefined && this.#isHarmless(piece));
    if (!found && losable) found = this.#continueWith(at, piece, wanted);
    if (!found) this.#failed.add(key);
    return found;
  }

  #continueWith(at: number, piece: FilePiece, wanted: Wanted): boolean {
    const next = this.#settled(at - 1, piece, wanted);
    return next !== undefined && this.#before(at - 1, next);
  }

  /** The goals before this piece if it is kept; undefined if it cannot be kept. */
  #keeping(piece: FilePiece, wanted: Wanted): Wanted | undefined {
    let now: Wanted | undefined = wanted;
    for (const effect of [...piece.effects].reverse()) now = now && this.#withEffect(effect, now);
    if (now === undefined) return undefined;
    const required = new Set(now.required);
    required.delete(piece);
    if (!piece.forced) for (const other of piece.requires) if (!other.forced) required.add(other);
    return { ...now, required };
  }

  #withEffect(effect: InodeEffect, wanted: Wanted): Wanted | undefined {
    const size = this.#target.length;
    switch (effect.kind) {
      case 'mode':
        if (wanted.mode && 'mode' in this.#entry && this.#entry.mode !== effect.mode) return undefined;
        return { ...wanted, mode: false };
      case 'grow':
        if (wanted.size === 'any') return wanted;
        if (effect.size > size) return undefined;
        return effect.size === size ? { ...wanted, size: 'at-most' } : wanted;
      case 'resize':
        if (wanted.size === 'exactly' ? effect.size !== size : wanted.size === 'at-most' && effect.size > size) return undefined;
        return this.#cutTo(effect.size, { ...wanted, size: 'any' });
      case 'data': {
        const to = effect.from + effect.bytes.length;
        const left: ByteRange[] = [];
        for (const [start, end] of this.#wantedOf(effect.at, wanted)) {
          const [from, until] = [Math.max(start, effect.from), Math.min(end, to)];
          if (from >= until) {
            left.push([start, end]);
            continue;
          }
          const brought = effect.bytes.subarray(from - effect.from, until - effect.from);
          if (Buffer.compare(brought, this.#targetOf(effect.at, from, until)) !== 0) return undefined;
          if (start < from) left.push([start, from]);
          if (until < end) left.push([until, end]);
        }
        return { ...wanted, bytes: new Map(wanted.bytes).set(effect.at, left) };
      }
      default:
        return effect satisfies never;
    }
  }

  /** The size was set: needed bytes beyond it must be zeros, whatever was there before. */
  #cutTo(size: number, wanted: Wanted): Wanted | undefined {
    const unit = this.#unit;
    const bytes = new Map<number, readonly ByteRange[]>();
    for (let at = Math.floor(size / unit); at * unit < wanted.end; at += 1) {
      for (const [from, to] of this.#wantedOf(at, wanted)) {
        if (this.#targetOf(at, Math.max(from, size - at * unit), to).some((byte) => byte !== 0)) return undefined;
      }
    }
    for (const [at, stretches] of wanted.bytes) {
      const kept = stretches.filter(([from]) => at * unit + from < size);
      if (at * unit < size)
        bytes.set(
          at,
          kept.map(([from, to]) => [from, Math.min(to, size - at * unit)] as const),
        );
    }
    return { ...wanted, end: Math.min(wanted.end, size), bytes };
  }

  /** Compares units with the disk as soon as no earlier piece can affect them. Undefined: the disk does not match. */
  #settled(at: number, piece: FilePiece, wanted: Wanted): Wanted | undefined {
    if (this.#firstResize < at) return wanted;
    const units = piece.effects.flatMap((effect) => (effect.kind === 'data' && this.#first.get(effect.at) === at ? [effect.at] : []));
    if (units.length === 0) return wanted;
    if (!this.#onDisk(wanted, (unit) => units.includes(unit))) return undefined;
    const bytes = new Map(wanted.bytes);
    for (const unit of units) bytes.set(unit, []);
    return { ...wanted, bytes };
  }

  #isDurable(wanted: Wanted): boolean {
    const disk = this.#durable;
    if (wanted.mode && 'mode' in disk && 'mode' in this.#entry && disk.mode !== this.#entry.mode) return false;
    if (disk.kind !== 'file') return true;
    const size = this.#target.length;
    if (wanted.size === 'exactly' ? disk.size !== size : wanted.size === 'at-most' && disk.size > size) return false;
    return this.#onDisk(wanted, () => true);
  }

  #onDisk(wanted: Wanted, which: (unit: number) => boolean): boolean {
    const { blocks } = this.#durable as FileInode; // only files have needed bytes
    for (let at = 0; at * this.#unit < wanted.end; at += 1) {
      if (!which(at)) continue;
      const found = blocks.get(at)?.bytes ?? new Uint8Array();
      for (const [from, to] of this.#wantedOf(at, wanted)) {
        const target = this.#targetOf(at, from, to);
        if (target.some((byte, index) => byte !== (found[from + index] ?? 0))) return false;
      }
    }
    return true;
  }

  #wantedOf(unit: number, { bytes, end }: Wanted): readonly ByteRange[] {
    const left = Math.min(this.#unit, end - unit * this.#unit);
    return bytes.get(unit) ?? (left > 0 ? [[0, left]] : []);
  }

  #targetOf(unit: number, from: number, to: number): Uint8Array {
    return this.#target.subarray(unit * this.#unit + from, unit * this.#unit + to);
  }

  /** Whether a piece that can be kept need not be tried as lost: its bytes cover everything that it requires. */
  #isHarmless({ effects, requires }: FilePiece): boolean {
    if (effects.some(({ kind }) => kind !== 'data')) return false;
    return requires.every((other) => {
      if (other.forced || this.#fates[other.at] === 'kept') return true;
      return other.effects.every((under) => effects.some((over) => covers(over, under))) && this.#isHarmless(other);
    });
  }
}

function covers(over: InodeEffect, under: InodeEffect): boolean {
  if (over.kind !== 'data' || under.kind !== 'data' || over.at !== under.at) return false;
  return over.from <= under.from && over.from + over.bytes.length >= under.from + under.bytes.length;
}

/** Undefined: no version is consistent with this end of the log, because some piece would have to be both kept and lost. */
function fatesOf(pieces: readonly FilePiece[], logEnd: number): readonly Fate[] | undefined {
  const fates: Fate[] = [];
  for (const { forced, position, after, neededBy, requires } of pieces) {
    const needed = (position > 0 && position <= logEnd) || neededBy <= logEnd;
    const unmet = position > logEnd || after > logEnd || requires.some((other) => !other.forced && fates[other.at] === 'lost');
    if (!forced && needed && unmet) return undefined;
    fates.push(forced || needed ? 'kept' : unmet ? 'lost' : 'open');
  }
  return fates;
}

function keyOf({ size, mode, end, bytes, required }: Wanted): string {
  const units = [...bytes].sort(([a], [b]) => a - b).map(([at, stretches]) => `${at}:${stretches.join(';')}`);
  const others = [...required].map(({ at }) => at).sort((a, b) => a - b);
  return `${size} ${mode} ${end} ${units.join(' ')} / ${others.join()}`;
}
