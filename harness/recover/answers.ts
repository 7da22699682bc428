/**
 * What a process that recovers trees writes down, line by line, so that nothing is lost when a tree ends it:
 *
 *     load 3 {…}        the third load that it met, as JSON
 *     rest 5 {…}        the fifth way in which a recovery went on: save, second load, files left
 *     tree 17 3 5       tree 17 of the batch: that load, and that rest
 *     stage             a save or a second load begins
 *     failed "…"        the harness could not build a tree
 *
 * The file also tells whoever watches it grow that something is getting done.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Loaded, RecoveredTree, Recovery } from '../domain/recovery.ts';

/** How a recovery goes on after the load, and what it leaves. */
export type Rest = Omit<Recovery, 'load'> & { readonly left: readonly string[] };

export const answerLine = {
  load: (id: number, json: string): string => `load ${id} ${json}\n`,
  rest: (id: number, json: string): string => `rest ${id} ${json}\n`,
  tree: (index: number, load: number, rest: number): string => `tree ${index} ${load} ${rest}\n`,
  stage: (): string => 'stage\n',
  failed: (message: string): string => `failed ${JSON.stringify(message)}\n`,
};

/** Answers that are equal are one object, whichever process gave them: whoever judges them can do so once. */
export class AnswerPool {
  readonly #loads = new Map<string, Loaded>();
  readonly #answers = new Map<Loaded, Map<string, RecoveredTree>>();

  answer(loadText: string, restText: string): RecoveredTree {
    const load = this.#loads.get(loadText) ?? (JSON.parse(loadText) as Loaded);
    this.#loads.set(loadText, load);
    const withLoad = this.#answers.get(load) ?? new Map<string, RecoveredTree>();
    this.#answers.set(load, withLoad);
    const known = withLoad.get(restText);
    if (known !== undefined) return known;
    const { left, ...rest } = JSON.parse(restText) as Rest;
    const answer: RecoveredTree = { recovery: { load, ...rest }, left };
    withLoad.set(restText, answer);
    return answer;
  }
}

const CHUNK_BYTES = 1 << 16;

/** Reads the answers of one batch as they come. */
export class AnswerReader {
  readonly #file: string;
  readonly #pool: AnswerPool;
  readonly #loads = new Map<string, string>();
  readonly #rests = new Map<string, string>();
  #at = 0;
  #unfinished = Buffer.alloc(0);

  constructor(file: string, pool: AnswerPool) {
    this.#file = file;
    this.#pool = pool;
  }

  /** What came since the last time, with each tree's place in the batch. Throws if the harness failed. */
  *read(): Generator<readonly [index: number, answer: RecoveredTree]> {
    for (const line of this.#newLines()) {
      const [kind, first = '', second = '', third = ''] = line.split(' ', 4);
      const json = (): string => line.slice(line.indexOf('{'));
      if (kind === 'load') this.#loads.set(first, json());
      else if (kind === 'rest') this.#rests.set(first, json());
      else if (kind === 'failed') throw new Error(`the harness could not build a crash state: ${line.slice('failed '.length)}`);
      else if (kind === 'tree') yield [Number(first), this.#pool.answer(this.#loads.get(second) ?? '', this.#rests.get(third) ?? '')];
    }
  }

  #newLines(): string[] {
    const parts = [this.#unfinished];
    try {
      const file = openSync(this.#file, 'r');
      try {
        for (;;) {
          const part = Buffer.allocUnsafe(CHUNK_BYTES);
          const length = readSync(file, part, 0, part.length, this.#at);
          if (length === 0) break;
          this.#at += length;
          parts.push(part.subarray(0, length));
        }
      } finally {
        closeSync(file);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // the process ended before it wrote anything
    }
    const all = Buffer.concat(parts);
    const end = all.lastIndexOf('\n') + 1;
    this.#unfinished = all.subarray(end);
    return all.toString('utf8', 0, end).split('\n').slice(0, -1);
  }
}
