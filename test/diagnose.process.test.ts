/** Directories that crashes left, with other values in them: the case that left one is among those that `diagnose` finds nearest. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { candidatesIn, loadFormIn, nearestOf } from '../harness/diagnose.ts';
import type { Entry, Tree } from '../harness/domain/trace.ts';
import { hashBytes } from '../harness/domain/tree.ts';
import { formOf } from '../harness/explain/sketch.ts';
import { modelNamed } from '../harness/models/all.ts';
import type { Cell } from '../harness/models/model.ts';
import { randomNumbers } from '../harness/persistence/random.ts';
import { BUILT_IN_STORES } from '../harness/store/catalogue.ts';
import { casesOf } from './lab/depth.ts';
import { type Lab, openLab } from './lab/lab.ts';
import { noPtrace } from './record/ptrace/tracing.ts';

const STORES = BUILT_IN_STORES.map(({ name }) => name).filter((name) => name !== 'result-writer');
const SCENARIOS = ['replace', 'save-twice'];
const MODELS = [['process-kill'], ['power-loss', 'ext4'], ['power-loss', 'xfs']] as const;
/** Directories of each store. */
const TAKEN = 10;

const other = (text: string): Entry => {
  const bytes = Buffer.from(text);
  return { kind: 'file', mode: 0o600, bytes, hash: hashBytes(bytes) };
};

/** As of another machine: other values of other sizes, at other times. Files that hold the same still do. Locks name processes, and stay. */
function elsewhere(tree: Tree): Tree {
  const values = new Map<string, Entry>();
  return new Map(
    [...tree].map(([path, entry]): [string, Entry] => {
      const name = path.replace(/1\d{12}/, (time) => String(Number(time) - 86_400_000));
      if (entry.kind !== 'file' || path.includes('lock')) return [name, entry];
      const form = formOf(entry);
      const value = JSON.stringify(
        { [`key ${values.size}`]: { sessionId: 'x'.repeat(100 + values.size), updatedAt: Date.now() } },
        undefined,
        2,
      );
      const made =
        form === 'whole' ? other(value) : form === 'cut off' ? other(value.slice(0, 40)) : form === 'zeros' ? other('\0'.repeat(7)) : entry;
      const known = values.get(entry.hash) ?? made;
      values.set(entry.hash, known);
      return [name, known];
    }),
  );
}

describe.skipIf(noPtrace !== undefined)('a directory that a crash left, with other values', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab();
  });
  afterAll(() => lab.close());

  test.each(casesOf(STORES, ['rename-away', 'copy-then-replace-unsynced']))('%s', async (name) => {
    const store = await lab.builtIn(name);
    const ranks: string[] = [];
    for (const scenario of SCENARIOS) {
      const { candidates, directories } = await lab.on(store, { scenario, effort: { states: 400 } }, async ({ bench }) => {
        const cells = MODELS.map(
          ([model, profile]): Cell => ({ store, scenario: bench.scenario, model: modelNamed(model), ...(profile && { profile }) }),
        );
        const random = randomNumbers(1);
        const found = await candidatesIn(cells, bench);
        expect(found.doubts).toEqual([]);
        const taken = Array.from(
          { length: TAKEN / SCENARIOS.length },
          () => found.candidates[Math.floor(random() * found.candidates.length)],
        );
        const made = taken.flatMap((candidate) =>
          candidate === undefined ? [] : [{ candidate, tree: elsewhere(candidate.verdict.sighting.tree) }],
        );
        const seen = await Promise.all(made.map(async (one) => ({ ...one, load: await loadFormIn(one.tree, bench) })));
        return { candidates: found.candidates, directories: seen };
      });
      for (const { candidate, tree, load } of directories) {
        const { candidates: nearest, differences } = nearestOf(tree, candidates, load);
        ranks.push(nearest.includes(candidate) ? 'found' : `${scenario}: ${differences.map(({ text }) => text).join('; ')}`);
      }
    }
    expect(ranks).toEqual(Array.from({ length: TAKEN }, () => 'found'));
  });
});
