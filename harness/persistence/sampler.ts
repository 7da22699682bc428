/**
 * Samples the states of a boundary that has too many: the informative ones first, then random ones from a seed.
 *
 * Ops of one file and one call site form a group. Informative states lose, or keep, exactly a small set of groups, the smallest sets
 * first; or exactly one op. A random state loses each piece with the same probability, which is itself random.
 */
import type { Op, Tree } from '../domain/trace.ts';
import type { Disk } from './disk.ts';
import { type Hash, hashText } from './hash.ts';
import type { HashSet } from './hash-set.ts';
import type { Action, MicroOp } from './micro-op.ts';
import type { MicroOpHistory } from './micro-op-history.ts';
import { lostWith, type Piece } from './piece.ts';
import { Pieces } from './pieces.ts';
import type { Profile } from './profile.ts';
import { randomNumbers } from './random.ts';
import type { PowerLossState } from './state.ts';
import { detailOf } from './state-id.ts';

/** Sets of lost pieces to try per requested state: many sets give the same state. */
const TRIES_PER_STATE = 4;

export class Sampler {
  readonly #history: MicroOpHistory;
  readonly #pieces: Pieces;
  readonly #seen: HashSet;
  readonly #random: () => number;
  enumerated = 0;

  constructor(history: MicroOpHistory, profile: Profile, seen: HashSet, seed: number) {
    this.#history = history;
    this.#pieces = new Pieces(history.start, profile);
    this.#seen = seen;
    this.#random = randomNumbers(seed);
  }

  /** Carries out an op. */
  pass(action: Action): void {
    for (const _ of this.#pieces.carryOut(action));
  }

  /**
   * Up to `max` new states at the current boundary. With `keeping`, only those that keep part of this op: the others are possible
   * at an earlier boundary.
   */
  *states(boundary: number, max: number, keeping?: Op): Generator<PowerLossState> {
    const open = this.#pieces.all.filter(({ forced, microOps }) => !forced && microOps.length > 0);
    const fresh = open.filter(({ microOps }) => microOps[0]?.op === keeping);
    let left = max;
    let tries = max * TRIES_PER_STATE;
    for (const lost of this.#sets(open)) {
      if (left === 0 || tries === 0) return;
      tries -= 1;
      const closed = lostWith(this.#pieces.all, lost);
      if (fresh.length > 0 && fresh.every((piece) => closed.has(piece))) continue;
      this.enumerated += 1;
      const disk = this.#pieces.diskWithout(closed);
      const { hash } = disk;
      if (!this.#seen.add(hash.a, hash.b)) continue;
      left -= 1;
      yield new Sampled(this.#history, boundary, disk, hash, closed);
    }
  }

  /** Sets of pieces to lose: the informative ones, then random ones without end. */
  *#sets(open: readonly Piece[]): Generator<ReadonlySet<Piece>> {
    yield* informativeSets(open);
    while (open.length > 0) {
      const chance = this.#random();
      yield new Set(open.filter(() => this.#random() < chance));
    }
  }
}

/** The largest sets of groups. Pairs show which two things must not be separated. */
const LARGEST_SET = 3;

/** The informative sets of pieces to lose, the smallest first. */
function* informativeSets(open: readonly Piece[]): Generator<ReadonlySet<Piece>> {
  const allBut = (lost: ReadonlySet<Piece>): ReadonlySet<Piece> => new Set(open.filter((piece) => !lost.has(piece)));
  yield new Set();
  yield new Set(open);
  const sites = groupsOf(open, (piece) => `${inodeOf(piece)} ${siteOf(piece.microOps[0]?.op)}`);
  for (let count = 1; count <= Math.min(LARGEST_SET, sites.length - 1); count += 1) {
    for (const chosen of subsets(sites, count)) {
      const lost = new Set(chosen.flat());
      yield lost;
      yield allBut(lost);
    }
    if (count > 1) continue;
    for (const op of groupsOf(open, (piece) => `${piece.microOps[0]?.op.index}`)) {
      const lost = new Set(op);
      yield lost;
      yield allBut(lost);
    }
  }
}

/** All subsets of `count` items. */
function* subsets<Item>(items: readonly Item[], count: number, from = 0): Generator<readonly Item[]> {
  if (count === 0) yield [];
  else
    for (let at = from; at <= items.length - count; at += 1) {
      for (const rest of subsets(items, count - 1, at + 1)) yield [items[at] as Item, ...rest]; // `at` is within the list
    }
}

function groupsOf(pieces: readonly Piece[], key: (piece: Piece) => string): Piece[][] {
  const groups = new Map<string, Piece[]>();
  for (const piece of pieces) {
    const group = groups.get(key(piece));
    if (group === undefined) groups.set(key(piece), [piece]);
    else group.push(piece);
  }
  return [...groups.values()];
}

const inodeOf = (piece: Piece): number => piece.microOps[0]?.inode ?? 0;

/** The source line of an op; if unknown, its call. */
function siteOf(op: Op | undefined): string {
  if (op?.site === undefined) return op?.call ?? '';
  return `${op.site.file}:${op.site.line}:${op.site.column}`;
}

class Sampled implements PowerLossState {
  readonly boundary: number;
  readonly disk: Disk;
  readonly lost: readonly MicroOp[];
  readonly hash: string;
  readonly #history: MicroOpHistory;

  constructor(history: MicroOpHistory, boundary: number, disk: Disk, hash: Hash, lost: ReadonlySet<Piece>) {
    this.#history = history;
    this.boundary = boundary;
    this.disk = disk;
    this.hash = hashText(hash);
    this.lost = [...lost].flatMap(({ microOps }) => microOps).sort((a, b) => a.op.index - b.op.index || a.part - b.part);
  }

  get detail(): string {
    return detailOf(this.lost, this.#history.actions, this.#history.inodeTable.unit, () => this.hash);
  }

  toTree(): Tree {
    return this.disk.toTree();
  }
}
