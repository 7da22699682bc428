/** Which answers are used that were found at once, and which trees are recovered by Node's own calls. The processes are made up. */
import { expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import type { RecoveredTree } from '../../harness/domain/recovery.ts';
import { AtOnce, type RecoverTrees } from '../../harness/recover/at-once.ts';

const answer = (value: string, left: readonly string[] = []): RecoveredTree => ({ recovery: { load: { kind: 'loaded', value } }, left });

/** Each tree is named by its only file. `atOnce` and `node`: what is found in it. */
function processes(atOnce: (name: string) => RecoveredTree, node: (name: string) => RecoveredTree = atOnce) {
  const did: string[] = [];
  const recover: RecoverTrees = async (trees, how, onAnswer) => {
    for (const [index, tree] of trees.entries()) {
      const [name = ''] = tree.keys();
      did.push(how.atOnce ? `${name} at once` : `${name} by Node`);
      onAnswer(index, (how.atOnce ? atOnce : node)(name), how.atOnce && !name.startsWith('sync'));
    }
  };
  const used = async (by: AtOnce, names: readonly string[]): Promise<unknown[]> => {
    const found: unknown[] = [];
    const trees = names.map((name) => treeOf({ [name]: '' }));
    await by.recover(trees, recover, (index, { recovery }) => {
      found[index] = recovery.load.kind === 'loaded' ? recovery.load.value : recovery.load.kind;
    });
    return found;
  };
  return { did, used };
}

test('the first tree of each kind of answer is recovered by Node too, once for a store', async () => {
  const { did, used } = processes((name) => answer(name.slice(0, 1)));
  const atOnce = new AtOnce(true);
  expect(await used(atOnce, ['a1', 'a2', 'b1'])).toEqual(['a', 'a', 'b']);
  expect(did.sort()).toEqual(['a1 at once', 'a1 by Node', 'a2 at once', 'b1 at once', 'b1 by Node']);
  did.length = 0;
  expect(await used(atOnce, ['a3', 'c1'])).toEqual(['a', 'c']);
  expect(did.sort()).toEqual(['a3 at once', 'c1 at once', 'c1 by Node']);
  expect(atOnce.isTrusted).toBe(true);
});

test('answers that differ in names that vary are of one kind, also in messages', async () => {
  const random = (at: number): string => `f.1753${at}00000000.0f8fad5b-d9cb-469f-a165-70867728950${at}`;
  let runs = 0;
  const { did, used } = processes(() => {
    runs += 1;
    return answer(`cannot read ${random(runs)}`, [random(9 - runs)]);
  });
  const atOnce = new AtOnce(true);
  await used(atOnce, ['a', 'b', 'c']);
  expect(did.sort()).toEqual(['a at once', 'a by Node', 'b at once', 'c at once']);
  expect(atOnce.isTrusted).toBe(true);
});

test('after an answer that Node does not find, its answers are used, and only its calls', async () => {
  const { did, used } = processes(
    (name) => answer(name.startsWith('a') ? 'a' : 'wrong'),
    (name) => answer(name.slice(0, 1)),
  );
  const atOnce = new AtOnce(true);
  expect(await used(atOnce, ['a1', 'b1', 'b2'])).toEqual(['a', 'b', 'b']);
  expect(atOnce.isTrusted).toBe(false);
  expect(did.sort()).toEqual(
    [...['a1', 'b1', 'b2'].map((tree) => `${tree} at once`), ...['a1', 'b1', 'b1', 'b2'].map((tree) => `${tree} by Node`)].sort(),
  );
  did.length = 0;
  expect(await used(atOnce, ['b3'])).toEqual(['b']);
  expect(did).toEqual(['b3 by Node']);
});

test('where no call was carried out at once, the answer is that of Node', async () => {
  const { did, used } = processes((name) => answer(name));
  expect(await used(new AtOnce(true), ['sync'])).toEqual(['sync']);
  expect(did).toEqual(['sync at once']);
});

test('files left count, not only what was loaded', async () => {
  const { used } = processes(
    () => answer('a', ['left']),
    () => answer('a'),
  );
  const atOnce = new AtOnce(true);
  await used(atOnce, ['a1']);
  expect(atOnce.isTrusted).toBe(false);
});

test('a store may be left to Node from the start', async () => {
  const { did, used } = processes((name) => answer(name));
  expect(await used(new AtOnce(false), ['a'])).toEqual(['a']);
  expect(did).toEqual(['a by Node']);
});
