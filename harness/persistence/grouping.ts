/**
 * Which micro-ops of an op a profile keeps or loses together: a size that persists only with its data makes one piece with it.
 */
import { type MicroOp, PAGE_BYTES, type Unit } from './micro-op.ts';
import type { Profile } from './profile.ts';

/** The micro-ops of one op, one group per piece. */
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
  // In-place sectors persist one by one; a newly allocated page persists as a whole.
  const allocated = first.fresh || overwrite === 'copied';
  const next = microOps[end]?.effect;
  const grows = next?.kind === 'grow' && next.by === 'write';
  if (!grows) return allocated ? microOps.slice(at, end) : alone;
  return allocated || (growth === 'with-data' && first.appended) ? microOps.slice(at, end + 1) : alone;
}

/** The page that contains a unit of a file. */
export const pageOf = (at: number, unit: Unit): number => Math.floor((at * unit) / PAGE_BYTES);
