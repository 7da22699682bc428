/** A search for the smallest loss recovers dozens of trees. It confirms the one that it reports, and no step on the way. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { treeKey } from '../../../harness/domain/tree.ts';
import { isLoss } from '../../../harness/judge/outcome.ts';
import { type Lab, openLab } from '../../lab/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

test('what a search tries on its way is not confirmed', async () => {
  const store = await lab.builtIn('placeholder-first');
  await lab.on(store, { scenario: 'replace' }, async ({ bench, check }) => {
    const confirmed = new Set<string>();
    const recovery: typeof bench.recovery = {
      ...bench.recovery,
      confirm: (tree, next, kind) => {
        confirmed.add(treeKey(tree));
        return bench.recovery.confirm(tree, next, kind);
      },
    };
    const { explored } = await check({ model: 'power-loss:xfs' }, { ...bench, recovery });
    const losses = explored.verdicts.filter(({ outcome }) => isLoss(outcome));
    const kinds = new Set(losses.map(({ outcome, recovery: { load, save } }) => [outcome, load.kind, save?.kind].join()));
    expect(kinds.size).toBeGreaterThan(0);
    // The first and the last of each kind, and the smallest.
    expect(confirmed.size).toBeLessThanOrEqual(2 * kinds.size + 1);
  });
});
