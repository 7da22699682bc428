/**
 * Which micro-ops of an op a profile keeps or loses together: where a size comes only with its data, the two are one piece.
 */
import { type MicroOp, PAGE_BYTES, type Unit } from './micro-op.ts';
import type { Profile } from './profile.ts';

/** The micro-ops of one op, cut into what makes one piece each. */
export function grouped(microOps: readonly MicroOp[], profile: Profile, unit: Unit): readonly (readonly MicroOp[])[] {
  const groups: (readonly MicroOp[])[] = [];
  for (let at = 0; at < microOps.length; at += groups.at(-1)?.length ?? 1) groups.push(groupAt(microOps, at, profile, unit));
  return groups;
}

function groupAt(microOps: readonly MicroOp[], at: number, { growth, overwrite }: Profile, unit: Unit): readonly MicroOp[] {
  const alone = microOps.slice(at, at + 1);
  const first = alone[0]?.effect;
  if (first?.kind !== 'data' || growth === 'free') return alone;
  const page = pageOf(first.at, unit);
  let end = at + 1;
  for (; end < microOps.length; end += 1) {
    const effect = microOps[end]?.effect;
    if (effect?.kind !== 'data' || pageOf(effect.at, unit) !== page) break;
  }
  // In place, each sector goes for itself; a page that gets a place on disk gets it whole.
  const placed = first.fresh || overwrite === 'copied';
  const next = microOps[end]?.effect;
  const grows = next?.kind === 'grow' && next.by === 'write';
  if (!grows) return placed ? microOps.slice(at, end) : alone;
  return placed || (growth === 'with-data' && first.appended) ? microOps.slice(at, end + 1) : alone;
}

/** The page of a file that one of its units is in. */
export const pageOf = (at: number, unit: Unit): number => Math.floor((at * unit) / PAGE_BYTES);
