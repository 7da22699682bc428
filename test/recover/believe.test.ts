/** When what recovery found is believed: with a recovery that answers from a table, and notes what it was asked. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { treeOf } from '../../harness/calibrate/tree-sketch.ts';
import { UsageError } from '../../harness/domain/errors.ts';
import type { Loaded, Recovery } from '../../harness/domain/recovery.ts';
import { FRESH, type Judgement, type Looker, type NotMeasured, type Sighting } from '../../harness/domain/sighting.ts';
import type { Outcome } from '../../harness/domain/store.ts';
import type { Tree } from '../../harness/domain/trace.ts';
import { type CarriedOut, type Judged, recoverAndBelieve } from '../../harness/recover/believe.ts';
import type { StoreRecovery } from '../../harness/recover/recovery-of.ts';
import { freshDirectory } from '../lab/temporary.ts';

interface Case {
  readonly id: number;
}
type One = CarriedOut<Case, string>;

/** Trees hold one word: what load returns of them, and here the outcome too. */
const wordIn = (tree: Tree): string => {
  const entry = tree.get('live');
  return entry?.kind === 'file' ? Buffer.from(entry.bytes).toString() : '';
};
const treeWith = (word: string): Tree => treeOf({ live: word });
const loaded = (value: string): Recovery => ({ load: { kind: 'loaded', value } });

const judged = ({ load }: Recovery): Judgement => {
  const outcome = (load.kind === 'loaded' ? `${load.value}`.replace(/[^a-z-].*/, '') : 'unreadable') as Outcome;
  return { outcome, promised: { acknowledged: undefined, inFlight: [], earlier: [] } };
};
const sighting = (word: string, more: Partial<Sighting> = {}): Sighting => ({
  tree: treeWith(word),
  looker: FRESH,
  judge: ({ recovery }) => judged(recovery),
  ...more,
});
const carriedOut = (id: number, word: string, more: Partial<One> = {}): One => ({
  case: { id },
  run: 'shared',
  kind: 'load',
  sightings: [sighting(`${word} ${id}`)],
  ...more,
});

/** `warm`, `fresh`, `forked`: what such processes find in a tree, by its word. */
interface Answers {
  readonly warm?: (word: string) => Recovery;
  readonly fresh?: (word: string) => Recovery;
  /** Fresh ones that are forked, for all but the first tree of a kind. */
  readonly forked?: (word: string) => Recovery;
  readonly warmIsTrue?: boolean;
}

interface Fake {
  readonly recovery: StoreRecovery;
  /** Words of trees, in the order in which they were asked for; `forked` by a process that was forked. */
  readonly confirmed: string[];
  readonly forkedFor: string[];
  readonly recovered: string[][];
  readonly directories: string[];
}

function fakeRecovery({ warm = loaded, fresh = warm, forked = fresh, warmIsTrue = true }: Answers = {}): Fake {
  const [confirmed, forkedFor, recovered, directories]: [string[], string[], string[][], string[]] = [[], [], [], []];
  const kinds = new Set<string>();
  let isWarm = true;
  const find = (word: string): Recovery => (isWarm ? warm : fresh)(word);
  return {
    confirmed,
    forkedFor,
    recovered,
    directories,
    recovery: {
      whenFresh: { kind: 'loaded' },
      adds: [],
      readsTimes: false,
      isSlow: false,
      recover: async (directory) => {
        directories.push(directory);
        writeFileSync(join(directory, 'next'), '');
        return find('empty');
      },
      recoverTrees: async (trees, _next, onDone) => {
        recovered.push(trees.map(wordIn));
        onDone?.(trees.length);
        return trees.map((tree) => ({ recovery: find(wordIn(tree)), left: ['left'] }));
      },
      confirm: async (tree, _next, kind) => {
        const word = wordIn(tree);
        if (!confirmed.includes(word)) confirmed.push(word);
        if (kind === undefined || !kinds.has(kind)) {
          if (kind !== undefined) kinds.add(kind);
          return fresh(word);
        }
        forkedFor.push(word);
        return forked(word);
      },
      recoverDamaged: async () => {
        throw new Error('nothing is damaged here');
      },
      controlled: async (recover) => {
        const found = await recover('first');
        isWarm = warmIsTrue;
        return isWarm ? found : recover('again');
      },
    },
  };
}

const OPTIONS = { store: 'planted', next: {} };
const outcomesOf = ({ verdicts }: Judged<Case, string>): string[] => verdicts.map(({ case: { id }, outcome }) => `${id} ${outcome}`);
const idsOf = (words: readonly string[]): number[] => words.map((word) => Number(word.split(' ')[1]));

const CASES = [
  carriedOut(1, 'empty'),
  carriedOut(2, 'original'),
  carriedOut(3, 'empty'),
  carriedOut(4, 'stale'),
  carriedOut(5, 'empty', { kind: 'reader' }),
  carriedOut(6, 'empty'),
  carriedOut(7, 'new'),
];
const WARM = ['1 empty', '2 original', '3 empty', '4 stale', '5 empty', '6 empty', '7 new'];

describe('losses are confirmed', () => {
  /** A fresh process finds another outcome in one tree. */
  const instead =
    (id: number, outcome: Outcome): Answers['fresh'] =>
    (word) =>
      loaded(idsOf([word])[0] === id ? `${outcome} ${id}` : word);

  test.each<[string, Answers['fresh'], readonly number[], { readonly [id: number]: Outcome }]>([
    ['what is found again is believed: of each kind the first and the last, and nothing but losses', loaded, [1, 6, 4, 5], {}],
    ['one that is something else brings its kind into doubt', instead(6, 'original'), [1, 6, 4, 5, 3], { 6: 'original' }],
    ['one of a kind by itself too', instead(4, 'empty'), [1, 6, 4, 5], { 4: 'empty' }],
    ['those in the middle are not asked for', instead(3, 'original'), [1, 6, 4, 5], {}],
    ['and are, where one at the end is doubted', instead(1, 'blocked'), [1, 6, 4, 5, 3], { 1: 'blocked' }],
  ])('%s', async (_, fresh, asked, different) => {
    const { recovery, confirmed } = fakeRecovery({ warm: loaded, ...(fresh && { fresh }) });
    const found = await recoverAndBelieve(recovery, CASES, OPTIONS);
    expect(idsOf(confirmed)).toEqual(asked);
    expect(outcomesOf(found)).toEqual(WARM.map((line, at) => (different[at + 1] === undefined ? line : `${at + 1} ${different[at + 1]}`)));
    expect(found.unmeasured).toEqual([]);
  });

  test('all of a kind are redone if one differs, and each counts as what it is then', async () => {
    const fresh = (word: string): Recovery => loaded(word.replace('empty', idsOf([word])[0] === 5 ? 'empty' : 'original'));
    const { recovery } = fakeRecovery({ warm: loaded, fresh });
    const found = await recoverAndBelieve(recovery, CASES, OPTIONS);
    expect(outcomesOf(found)).toEqual(['1 original', '2 original', '3 original', '4 stale', '5 empty', '6 original', '7 new']);
  });

  const same: Looker = { who: 'the same process' };
  const threw: Loaded = { kind: 'threw', error: 'Error: no' };
  test.each<[string, Partial<Sighting>, (word: string) => Recovery]>([
    ['by who looks', { looker: same }, loaded],
    ['by how the next save ended', {}, (word) => ({ ...loaded(word), ...(word.endsWith(' 2') && { save: { kind: 'saved' } }) })],
    ['by how the second load ended', {}, (word) => ({ ...loaded(word), ...(word.endsWith(' 2') && { secondLoad: threw }) })],
    [
      'by how load ended',
      { judge: () => ({ ...judged(loaded('empty')) }) },
      (word) => (word.endsWith(' 2') ? { load: threw } : loaded(word)),
    ],
  ])('losses differ %s', async (_, more, warm) => {
    const middle = { ...carriedOut(2, 'empty'), sightings: [sighting('empty 2', more)] };
    const { recovery, confirmed } = fakeRecovery({ warm });
    await recoverAndBelieve(recovery, [carriedOut(1, 'empty'), middle, carriedOut(3, 'empty')], OPTIONS);
    expect(idsOf(confirmed)).toEqual([1, 3, 2]);
  });

  test('one that a forked process does not find again is left to one that is started', async () => {
    const forked = (): Recovery => loaded('original');
    const { recovery, confirmed, forkedFor } = fakeRecovery({ forked });
    expect(outcomesOf(await recoverAndBelieve(recovery, CASES, OPTIONS))).toEqual(WARM);
    expect(idsOf(forkedFor)).toEqual([6, 5]); // of each answer the first is confirmed by a process that is started
    expect(idsOf(confirmed)).toEqual([1, 6, 4, 5]);
  });

  test('and what that one does not find again either is doubted', async () => {
    const other = (word: string): Recovery => loaded(idsOf([word])[0] === 6 ? 'original 6' : word);
    const { recovery } = fakeRecovery({ warm: loaded, fresh: other, forked: other });
    expect(outcomesOf(await recoverAndBelieve(recovery, CASES, OPTIONS))).toEqual(
      WARM.map((line) => line.replace('6 empty', '6 original')),
    );
  });

  test('not while a search only looks for one', async () => {
    const { recovery, confirmed } = fakeRecovery();
    expect(outcomesOf(await recoverAndBelieve(recovery, CASES, { ...OPTIONS, confirm: false }))).toEqual(WARM);
    expect(confirmed).toEqual([]);
  });
});

describe('a case that shared a process is carried out alone', () => {
  const alone = (id: number, answer: One | NotMeasured, asked: number[]): Pick<One, 'alone'> => ({
    alone: async () => {
      asked.push(id);
      return answer;
    },
  });

  test('and the verdict is on that run, where it was doubted', async () => {
    const asked: number[] = [];
    const { recovery, confirmed } = fakeRecovery();
    const own = { ...carriedOut(1, 'original'), run: 'alone' };
    const cases = [carriedOut(1, 'empty', alone(1, own, asked)), carriedOut(2, 'original', alone(2, own, asked))];
    const { verdicts } = await recoverAndBelieve(recovery, cases, OPTIONS);
    expect(verdicts.map(({ run, outcome }) => `${run} ${outcome}`)).toEqual(['alone original', 'shared original']);
    expect(confirmed).toEqual(['original 1']);
    expect(asked).toEqual([1]);
  });

  test('one that could not be is unmeasured, and brings its kind into doubt', async () => {
    const asked: number[] = [];
    const { recovery, confirmed } = fakeRecovery();
    const cases = [
      carriedOut(1, 'empty', alone(1, { reason: 'it left the order' }, asked)),
      carriedOut(2, 'empty', alone(2, carriedOut(2, 'original'), asked)),
      carriedOut(3, 'empty'),
    ];
    const found = await recoverAndBelieve(recovery, cases, OPTIONS);
    expect(found.unmeasured).toEqual([{ case: { id: 1 }, reason: 'it left the order' }]);
    expect(outcomesOf(found)).toEqual(['2 original', '3 empty']);
    expect(asked).toEqual([1, 2]);
    expect(idsOf(confirmed)).toEqual([3, 2]);
  });
});

describe('a warm process that remembers another directory', () => {
  const lies: Answers = { warm: () => loaded('original'), fresh: loaded, warmIsTrue: false };

  test('is not believed: every tree is recovered again, from copies', async () => {
    const directory = freshDirectory();
    const { recovery, recovered, directories } = fakeRecovery(lies);
    const cases = [
      carriedOut(1, 'empty'),
      carriedOut(2, 'new'),
      { ...carriedOut(3, 'stale'), sightings: [sighting('stale 3', { directory })] },
    ];
    const found = await recoverAndBelieve(recovery, cases, OPTIONS);
    expect(outcomesOf(found)).toEqual(['1 empty', '2 new', '3 stale']);
    expect(recovered).toEqual([
      ['empty 1', 'new 2'],
      ['empty 1', 'new 2', 'stale 3'],
    ]);
    expect(directories).toEqual([directory]);
  });

  test('planted: if warm processes were always believed, the loss would not show', async () => {
    const { recovery } = fakeRecovery({ ...lies, warmIsTrue: true });
    expect(outcomesOf(await recoverAndBelieve(recovery, [carriedOut(1, 'empty')], OPTIONS))).toEqual(['1 original']);
  });
});

describe('a case is as bad as its worst sighting', () => {
  test.each<[string, readonly string[], string]>([
    ['the first loss', ['original', 'stale', 'empty'], 'stale'],
    ['what others could read counts only where nothing is lost', ['exposed', 'original', 'empty'], 'empty'],
    ['and then it does', ['original', 'exposed', 'new'], 'exposed'],
    ['without a loss the first', ['new', 'original'], 'new'],
  ])('%s', async (_, words, outcome) => {
    const { recovery } = fakeRecovery();
    const one = { ...carriedOut(1, ''), sightings: words.map((word) => sighting(word)) };
    const { verdicts } = await recoverAndBelieve(recovery, [one], OPTIONS);
    expect(verdicts.map((verdict) => [verdict.outcome, wordIn(verdict.sighting.tree)])).toEqual([[outcome, outcome]]);
  });

  test('of what the process that lived on found no other process is asked', async () => {
    const { recovery, recovered, confirmed } = fakeRecovery();
    const seen = loaded('false-ack');
    const one = {
      ...carriedOut(1, ''),
      sightings: [sighting('original'), sighting('gone', { looker: { who: 'the same process' }, seen })],
    };
    const { verdicts } = await recoverAndBelieve(recovery, [one], OPTIONS);
    expect(verdicts).toMatchObject([{ outcome: 'false-ack', recovery: seen, left: [] }]);
    expect([recovered, confirmed]).toEqual([[['original']], ['original']]);
  });
});

test('a tree that is in a directory is recovered there, and what is left is listed', async () => {
  const directory = freshDirectory();
  const { recovery, recovered } = fakeRecovery();
  const progress: number[] = [];
  const cases = [carriedOut(1, 'new'), { ...carriedOut(2, 'empty'), sightings: [sighting('empty 2', { directory })] }];
  const options = { ...OPTIONS, onProgress: (done: number) => void progress.push(done) };
  const { verdicts } = await recoverAndBelieve(recovery, cases, options);
  expect(verdicts.map(({ left }) => left)).toEqual([['left'], ['next']]);
  expect(recovered).toEqual([['new 1']]);
  expect(progress.length).toBe(2);
});

test('a load that returns no JSON is a mistake in the store', async () => {
  const { recovery } = fakeRecovery({ warm: () => ({ load: { kind: 'not-json', what: 'a Map' } }) });
  const error = await recoverAndBelieve(recovery, [carriedOut(1, 'original')], OPTIONS).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UsageError);
  expect(error).toMatchObject({
    message: 'load of store planted returned a Map, which is not JSON',
    detail: 'It must return a value like the one that save was given.',
  });
});

describe('where recovery is that of a program', () => {
  test('what nobody knows is not measured, with the reason', async () => {
    const warm = (word: string): Recovery => (word === 'empty 3' ? { load: { kind: 'unclear', why: 'who knows' } } : loaded(word));
    const { recovery } = fakeRecovery({ warm });
    const found = await recoverAndBelieve(recovery, CASES, OPTIONS);
    expect(outcomesOf(found)).toEqual(WARM.filter((line) => line !== '3 empty'));
    expect(found.unmeasured).toEqual([{ case: { id: 3 }, reason: 'who knows' }]);
  });

  test('each tree is looked at with what had been promised of it, also when a loss is confirmed', async () => {
    const promising = (id: number, word: string, acknowledged: string): One =>
      carriedOut(id, word, {
        sightings: [
          sighting(`${word} ${id}`, {
            judge: ({ recovery }) => ({ ...judged(recovery), promised: { acknowledged, inFlight: [], earlier: [] } }),
          }),
        ],
      });
    const asked: string[] = [];
    const { recovery: fake } = fakeRecovery();
    const recovery: StoreRecovery = {
      ...fake,
      givenBy: ({ acknowledged }) => acknowledged ?? null,
      recoverTrees: (trees, given, onDone) => {
        asked.push(...trees.map((tree) => `${wordIn(tree)}: ${given}`));
        return fake.recoverTrees(trees, given, onDone);
      },
      confirm: (tree, given, kind) => {
        asked.push(`again ${wordIn(tree)}: ${given}`);
        return fake.confirm(tree, given, kind);
      },
    };
    await recoverAndBelieve(recovery, [promising(1, 'original', 'a'), promising(2, 'empty', 'b'), promising(3, 'new', 'a')], OPTIONS);
    expect(asked).toEqual(['original 1: a', 'new 3: a', 'empty 2: b', 'again empty 2: b']);
  });
});
