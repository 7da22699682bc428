/** Random histories on images of one file system, held against a profile. */
import fc from 'fast-check';
import { NotReplayable } from '../persistence/actions.ts';
import type { Profile } from '../persistence/profile.ts';
import { type Held, hold } from './hold.ts';
import { type ImageLab, runOnImage, type Seen } from './image-run.ts';
import type { KnownKind } from './known.ts';
import { BEFORE, disturbancesOf, histories } from './sequences.ts';

export interface HeldHistories {
  readonly histories: number;
  readonly cuts: number;
  readonly images: number;
  readonly trees: number;
  readonly modelled: number;
  /** Histories that the model of the ops could not follow: nothing is known of those. */
  readonly notFollowed: number;
  readonly seen: number;
  readonly known: ReadonlyMap<KnownKind, number>;
  readonly outside: readonly string[];
  /** Per image: making it, mounting it, the calls, and mounting each of its cuts. */
  readonly msPerImage: number;
}

export function holdHistories(
  lab: ImageLab,
  profile: Profile,
  { runs, seed }: { readonly runs: number; readonly seed: number },
): HeldHistories {
  const total = { histories: 0, cuts: 0, images: 0, trees: 0, modelled: 0, seen: 0, notFollowed: 0 };
  const known = new Map<KnownKind, number>();
  let ms = 0;
  const history = fc.record({ calls: histories, disturbances: disturbancesOf(lab.fileSystem.forcings) });
  const result = fc.check(
    fc.property(history, ({ calls, disturbances }) => {
      const started = performance.now();
      const found = runOnImage(lab, BEFORE, calls, disturbances);
      ms += performance.now() - started;
      const held = holdIfFollowed(profile, found);
      if (held === undefined) {
        total.notFollowed += 1;
        return;
      }
      total.histories += 1;
      total.cuts += found.cuts.length;
      total.images += found.images;
      total.trees += held.trees;
      total.modelled += held.modelled;
      total.seen += held.seen;
      for (const [kind, count] of held.known) known.set(kind, (known.get(kind) ?? 0) + count);
      const [outside] = held.outside;
      if (outside !== undefined) throw new Error(`${outside}\nbeside the calls: ${JSON.stringify(disturbances)}`);
    }),
    { numRuns: runs, seed },
  );
  const error = result.errorInstance;
  const outside = result.failed ? [error instanceof Error ? error.message : String(error)] : [];
  return { ...total, known, outside, msPerImage: ms / Math.max(1, total.images + total.histories) };
}

function holdIfFollowed(profile: Profile, { trace, cuts }: Seen): Held | undefined {
  try {
    return hold(profile, trace, cuts);
  } catch (error) {
    if (error instanceof NotReplayable) return undefined;
    throw error;
  }
}
