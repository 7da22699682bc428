/**
 * The answers of a process that recovers trees, written line by line so that none is lost when a tree ends the process:
 *
 *     load 3 {…}        load result 3, as JSON, with the files that load opened
 *     rest 5 {…}        rest 5 of a recovery: save, second load, files left
 *     tree 17 3 5       tree 17 of the batch had load result 3 and rest 5
 *     tree 18 3 5 once  the same, and calls of the store were carried out at once
 *     stage             a save or a second load begins
 *     failed "…"        the harness could not build a tree
 *
 * The parent also watches the file grow, as a sign of progress.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { AfterLoad, RecoveredTree, Recovery } from '../domain/recovery.ts';

/** The part of a recovery after the load, and the files that it leaves. */
export type Rest = Omit<Recovery, keyof AfterLoad> & { readonly left: readonly string[] };

export const answerLine = {
  load: (id: number, json: string): string => `load ${id} ${json}\n`,
  rest: (id: number, json: string): string => `rest ${id} ${json}\n`,
  tree: (index: number, load: number, rest: number, atOnce: boolean): string => `tree ${index} ${load} ${rest}${atOnce ? ' once' : ''}\n`,
  stage: (): string => 'stage\n',
  failed: (message: string): string => `failed ${JSON.stringify(message)}\n`,
};

/** Equal answers of all processes are one object, so that each is judged once. */
export class AnswerPool {
  readonly #loads = new Map<string, AfterLoad>();
  readonly #answers = new Map<AfterLoad, Map<string, RecoveredTree>>();

  answer(loadText: string, restText: string): RecoveredTree {
    const load = this.#loads.get(loadText) ?? (JSON.parse(loadText) as AfterLoad);
    this.#loads.set(loadText, load);
    const withLoad = this.#answers.get(load) ?? new Map<string, RecoveredTree>();
    this.#answers.set(load, withLoad);
    const known = withLoad.get(restText);
    if (known !== undefined) return known;
    const { left, ...rest } = JSON.parse(restText) as Rest;
    const answer: RecoveredTree = { recovery: { ...load, ...rest }, left };
    withLoad.set(restText, answer);
    return answer;
  }
}

export interface TreeAnswer {
  /** Of the tree in its batch. */
  readonly index: number;
  readonly answer: RecoveredTree;
  /** Calls of the store were carried out at once. */
  readonly atOnce: boolean;
}

const CHUNK_BYTES = 1 << 16;

/** Reads the answers of one batch while they are written. */
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

  /** The answers since the last call. Throws if the harness failed. */
  *read(): Generator<TreeAnswer> {
    for (const line of this.#newLines()) {
      const [kind, first = '', second = '', third = '', how] = line.split(' ', 5);
      const json = (): string => line.slice(line.indexOf('{'));
      if (kind === 'load') this.#loads.set(first, json());
      else if (kind === 'rest') this.#rests.set(first, json());
      else if (kind === 'failed') throw new Error(`the harness could not build a crash state: ${line.slice('failed '.length)}`);
      else if (kind === 'tree') {
        const answer = this.#pool.answer(this.#loads.get(second) ?? '', this.#rests.get(third) ?? '');
        yield { index: Number(first), answer, atOnce: how === 'once' };
      }
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
