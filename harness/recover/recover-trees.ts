/**
 * Recovers many trees in warm processes, batch by batch.
 *
 * When a process hangs or ends, its written answers count. The tree in progress is recovered alone in a fresh process, and the rest of the
 * batch in other processes. When a process is slow to answer, the rest of its batch moves to others.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchEntry, RecoveredTree, TreeBatch } from '../domain/recovery.ts';
import type { Json, Tree } from '../domain/trace.ts';
import { discard } from '../machine/workspace.ts';
import { type AnswerPool, AnswerReader } from './answers.ts';
import { MOST_WORKERS, type RecoveryPool } from './pool.ts';
import type { BatchTask } from './worker.ts';

/** Limit for the trees of a batch: small batches lose less when a process ends, and share the last trees more evenly. */
const MOST_PER_BATCH = 128;
/** Least number of batches per process, if there are enough trees. */
const BATCHES_PER_WORKER = 4;
/** Processes that a batch may end; after that, each of its trees is recovered alone. */
const ENDS_PER_BATCH = 2;

export interface TreeRecovery {
  readonly bundle: string;
  readonly pool: RecoveryPool;
  /** The store's file calls are carried out at once, where the processes evaluate it for each tree: see `at-once.ts`. */
  readonly atOnce: boolean;
  /** Makes an empty directory, in memory if possible; `recoverInBatches` removes it. */
  readonly makeDirectory: () => string;
  /** Recovers a tree in a process that has done nothing else. */
  readonly alone: (tree: Tree) => Promise<RecoveredTree>;
}

/** Receives the index of a tree as soon as its answer is known, and whether calls of the store were carried out at once. */
export type OnAnswer = (index: number, answer: RecoveredTree, atOnce: boolean) => void;

/** Recovers distinct trees, each once. */
export async function recoverInBatches(
  { bundle, pool, atOnce, makeDirectory, alone }: TreeRecovery,
  trees: readonly Tree[],
  next: Json,
  answers: AnswerPool,
  onAnswer: OnAnswer,
): Promise<void> {
  if (trees.length === 0) return;
  const root = makeDirectory();
  mkdirSync(join(root, 'contents'));
  const coded = codeTrees(trees, join(root, 'contents'));
  const answered = new Set<number>();
  const settle: OnAnswer = (index, answer, wasAtOnce) => {
    if (answered.has(index)) return;
    answered.add(index);
    onAnswer(index, answer, wasAtOnce);
  };
  let batches = 0;
  const recoverAlone = async (index: number): Promise<void> => settle(index, await alone(trees[index] as Tree), false); // an index of `trees`
  const recoverBatch = async (places: readonly number[], ends = 0): Promise<void> => {
    if (places.length === 0) return;
    if (ends >= ENDS_PER_BATCH) {
      await Promise.all(places.map(recoverAlone));
      return;
    }
    batches += 1;
    const file = join(root, `answers-${batches}`);
    const reader = new AnswerReader(file, answers);
    const read = (): void => {
      for (const { index, answer, atOnce: wasAtOnce } of reader.read()) settle(places[index] ?? -1, answer, wasAtOnce);
    };
    const unanswered = (): number[] => places.filter((place) => !answered.has(place));
    const elsewhere: Promise<void>[] = [];
    let given = new Set<number>();
    await pool.warmTrees(batchOf(places, coded, { bundle, atOnce, next, root, answers: file }), {
      onProgress: read,
      onStuck: () => {
        const rest = unanswered().slice(1);
        given = new Set(rest);
        elsewhere.push(...chunks(rest, Math.ceil(rest.length / MOST_WORKERS)).map((some) => recoverBatch(some, ends)));
      },
    });
    read();
    const [culprit, ...others] = unanswered().filter((place) => !given.has(place));
    await Promise.all([...elsewhere, recoverBatch(others, ends + 1), ...(culprit === undefined ? [] : [recoverAlone(culprit)])]);
  };
  try {
    const size = Math.max(1, Math.min(MOST_PER_BATCH, Math.ceil(trees.length / (pool.workers * BATCHES_PER_WORKER))));
    await Promise.all(chunks(coded.order, size).map((places) => recoverBatch(places)));
  } finally {
    discard(root);
  }
}

interface CodedTrees {
  readonly entries: readonly BatchEntry[];
  readonly trees: readonly { readonly shape: number; readonly entries: readonly number[] }[];
  /** Indices of the trees, grouped by shape: a process that has recovered one tree can reuse its rest for others of that shape. */
  readonly order: readonly number[];
}

/** Writes each distinct file content once, and numbers the entries and shapes. */
function codeTrees(trees: readonly Tree[], spool: string): CodedTrees {
  const numbers = new Map<string, number>();
  const shapes = new Map<string, number>();
  const entries: BatchEntry[] = [];
  const hashes = new Set<string>();
  const coded = trees.map((tree) => {
    let shape = '';
    const places: number[] = [];
    for (const [path, entry] of tree) {
      const content = entry.kind === 'file' ? entry.hash : entry.kind === 'symlink' ? entry.target : '';
      const mode = entry.kind === 'symlink' ? 0 : entry.mode;
      const changed = entry.kind === 'file' ? entry.changed : undefined;
      const key = `${path}\0${entry.kind}\0${mode}\0${content}\0${changed}`;
      let number = numbers.get(key);
      if (number === undefined) {
        number = entries.push(changed === undefined ? [path, entry.kind, mode, content] : [path, entry.kind, mode, content, changed]) - 1;
        numbers.set(key, number);
        if (entry.kind === 'file' && !hashes.has(content)) {
          hashes.add(content);
          writeFileSync(join(spool, content), entry.bytes);
        }
      }
      places.push(number);
      shape += `${path}\0${entry.kind}\0${mode}\0${entry.kind === 'file' ? sizeClass(entry.bytes.length) : content}\0${changed}\0`;
    }
    const known = shapes.get(shape) ?? shapes.size;
    shapes.set(shape, known);
    return { shape: known, entries: places };
  });
  const shapeOf = (place: number): number => coded[place]?.shape ?? 0;
  return { entries, trees: coded, order: [...coded.keys()].sort((one, other) => shapeOf(one) - shapeOf(other)) };
}

/**
 * If recovery does not read a file, only a stat can observe its size. So sizes are compared by class: empty, or the order of magnitude.
 * Contents that are read are compared byte by byte.
 */
function sizeClass(bytes: number): number {
  return Math.ceil(Math.log2(bytes + 1) / SIZE_CLASS_BITS);
}

const SIZE_CLASS_BITS = 8;

/** A batch of some of the trees, with only the entries that they need. */
function batchOf(places: readonly number[], { entries, trees }: CodedTrees, task: Omit<BatchTask, 'entries' | 'trees'>): BatchTask {
  const numbers = new Map<number, number>();
  const needed: BatchEntry[] = [];
  const local = (number: number): number => {
    let known = numbers.get(number);
    if (known === undefined) {
      known = needed.push(entries[number] as BatchEntry) - 1; // every number is an index of `entries`
      numbers.set(number, known);
    }
    return known;
  };
  const chosen = places.map((place): TreeBatch['trees'][number] => {
    const { shape = 0, entries: all = [] } = trees[place] ?? {};
    return { shape, entries: all.map(local) };
  });
  return { ...task, entries: needed, trees: chosen };
}

function chunks<Item>(items: readonly Item[], size: number): (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}
