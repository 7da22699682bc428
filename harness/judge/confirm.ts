/**
 * Which losses to believe. Thousands of crash states are recovered by a few warm processes; what these find lost counts when processes
 * that have done nothing else find it lost too. Of losses that went alike two are asked for: if one is something else, all are doubted.
 */
import type { Outcome } from '../domain/store.ts';
import { isLoss } from './outcome.ts';

interface Judged {
  readonly outcome: Outcome;
}

/** Losses that went alike, together, in the order in which they were told. */
export function kindsOfLosses<Verdict extends Judged>(verdicts: readonly Verdict[], kindOf: (loss: Verdict) => string): Verdict[][] {
  const kinds = new Map<string, Verdict[]>();
  for (const verdict of verdicts) {
    if (!isLoss(verdict.outcome)) continue;
    const kind = `${verdict.outcome} ${kindOf(verdict)}`;
    const alike = kinds.get(kind);
    if (alike === undefined) kinds.set(kind, [verdict]);
    else alike.push(verdict);
  }
  return [...kinds.values()];
}

/** The losses to recover once more, each by itself. `again` gives the outcome then; undefined if it could not be told. */
export async function doubtedLosses<Verdict extends Judged>(
  verdicts: readonly Verdict[],
  kindOf: (loss: Verdict) => string,
  again: (loss: Verdict) => Promise<Outcome | undefined>,
): Promise<ReadonlySet<Verdict>> {
  const kinds = kindsOfLosses(verdicts, kindOf);
  const doubted = await Promise.all(
    kinds.map(async (alike) => {
      const [first, last] = [alike[0], alike.at(-1)];
      const some = [...new Set([first, last])].filter((loss) => loss !== undefined);
      const same = await Promise.all(some.map(async (loss) => (await again(loss)) === loss.outcome));
      return same.includes(false) ? alike : [];
    }),
  );
  return new Set(doubted.flat());
}
