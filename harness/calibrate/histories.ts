/** Runs random histories on images of one file system, and checks the cuts against a profile. */
import * as fc from 'fast-check';
import { NotReplayable } from '../persistence/actions.ts';
import type { Profile } from '../persistence/profile.ts';
import { type CutCheck, checkCuts } from './check-cuts.ts';
import { type ImageRun, type ImageSetup, runOnImage } from './image-run.ts';
import type { KnownKind } from './known.ts';
import { BEFORE, disturbancesOf, histories } from './sequences.ts';

export interface CalibratedHistories {
  readonly histories: number;
  readonly cuts: number;
  readonly images: number;
  readonly trees: number;
  readonly modelled: number;
  /** Histories that the model could not replay; they are not checked. */
  readonly notReplayable: number;
  readonly seen: number;
  readonly known: ReadonlyMap<KnownKind, number>;
  readonly outside: readonly string[];
  /** Per image: to make and mount it, to make the calls, and to mount its cuts. */
  readonly msPerImage: number;
}

export function calibrateHistories(
  setup: ImageSetup,
  profile: Profile,
  { runs, seed }: { readonly runs: number; readonly seed: number },
): CalibratedHistories {
  const total = { histories: 0, cuts: 0, images: 0, trees: 0, modelled: 0, seen: 0, notReplayable: 0 };
  const known = new Map<KnownKind, number>();
  let ms = 0;
  const history = fc.record({ calls: histories, disturbances: disturbancesOf(setup.fileSystem.forcings) });
  const result = fc.check(
    fc.property(history, ({ calls, disturbances }) => {
      const started = performance.now();
      const found = runOnImage(setup, BEFORE, calls, disturbances);
      ms += performance.now() - started;
      const check = checkIfReplayable(profile, found);
      if (check === undefined) {
        total.notReplayable += 1;
        return;
      }
      total.histories += 1;
      total.cuts += found.cuts.length;
      total.images += found.images;
      total.trees += check.trees;
      total.modelled += check.modelled;
      total.seen += check.seen;
      for (const [kind, count] of check.known) known.set(kind, (known.get(kind) ?? 0) + count);
      const [outside] = check.outside;
      if (outside !== undefined) throw new Error(`${outside}\ndisturbances: ${JSON.stringify(disturbances)}`);
    }),
    { numRuns: runs, seed },
  );
  const error = result.errorInstance;
  const outside = result.failed ? [error instanceof Error ? error.message : String(error)] : [];
  return { ...total, known, outside, msPerImage: ms / Math.max(1, total.images + total.histories) };
}

function checkIfReplayable(profile: Profile, { trace, cuts }: ImageRun): CutCheck | undefined {
  try {
    return checkCuts(profile, trace, cuts);
  } catch (error) {
    if (error instanceof NotReplayable) return undefined;
    throw error;
  }
}
