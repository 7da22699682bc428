/**
 * Recovers the trees of a batch: builds each in a directory of its own, and loads it with a new evaluation of the store.
 *
 * The next save and the second load run once for all trees that recovery cannot distinguish: those with the same names, kinds, modes,
 * sizes (by orders of magnitude) and loaded value, and the same contents of every file that recovery read. Where the kernel does not record
 * reads, the contents of all files must be the same. If load itself changed the directory, both always run.
 */
import fs from 'node:fs';
import type { AfterLoad, BatchEntry, TreeBatch } from '../domain/recovery.ts';
import type { ModuleStore } from '../domain/store.ts';
import type { Json } from '../domain/trace.ts';
import { listFiles } from '../domain/tree.ts';
import { answerLine, type Rest } from '../recover/answers.ts';
import { load, save } from '../store/calls.ts';
import { loadCompiled } from './compiled-bundle.ts';
import { forgetOpens, mayBeNothing, openedSince } from './opened-files.ts';
import { makeTree, readsAreNoted, type TreeDirectory } from './tree-directory.ts';

/** Directories are kept for a while, because a store may still work in one after its answer. */
const DIRECTORIES_KEPT = 32;
/** Limit for cached file contents, in bytes. */
const CONTENTS_KEPT = 64 << 20;
/** Replaces the path of the directory in error messages, so that they do not differ from tree to tree. */
const DIRECTORY = '<dir>';

/** What this process has learnt from the batches of one call. */
interface Memory {
  readonly root: string;
  readonly readsAreNoted: boolean;
  readonly loads: Texts;
  readonly rests: Texts;
  readonly kinds: Map<string, Kind>;
  readonly contents: Contents;
  /** Oldest first. */
  readonly directories: UsedDirectory[];
}

interface UsedDirectory {
  readonly path: string;
  /** Its entries, if known. */
  readonly names: readonly string[] | undefined;
}

/** By root, least recently used first: several calls may share the process. */
const memories = new Map<string, Memory>();
const MEMORIES_KEPT = 8;

function memoryOf(root: string): Memory {
  const memory = memories.get(root) ?? newMemory(root);
  memories.delete(root);
  memories.set(root, memory);
  const [oldest] = memories.keys();
  if (memories.size > MEMORIES_KEPT && oldest !== undefined) memories.delete(oldest);
  return memory;
}

let probes = 0;

function newMemory(root: string): Memory {
  probes += 1;
  return {
    root,
    readsAreNoted: readsAreNoted(`${root}/${process.pid}-probe-${probes}`),
    loads: new Texts(),
    rests: new Texts(),
    kinds: new Map(),
    contents: new Contents(`${root}/contents`),
    directories: [],
  };
}

/** `isDropped` returns true once other processes recover the rest. */
export async function recoverTrees(batch: TreeBatch, isDropped: () => boolean): Promise<void> {
  const answers = fs.openSync(batch.answers, 'a');
  const write = (line: string): void => void fs.writeSync(answers, line);
  try {
    const recover = batchRecovery(batch, memoryOf(batch.root), write);
    for (let index = 0; index < batch.trees.length && !isDropped(); index += 1) {
      await recover(index);
      await new Promise(setImmediate); // lets the store finish pending work, and a `drop` request arrive
    }
  } catch (error) {
    write(answerLine.failed(String(error)));
  } finally {
    fs.closeSync(answers);
  }
}

function batchRecovery(batch: TreeBatch, known: Memory, write: (line: string) => void): (index: number) => Promise<void> {
  const { loads, rests, kinds, contents, directories } = known;
  const next = JSON.stringify(batch.next);
  const written = { load: new Set<number>(), rest: new Set<number>() };
  const writeOnce = (what: 'load' | 'rest', number: number, texts: Texts): number => {
    if (!written[what].has(number)) write(answerLine[what](number, texts.at(number)));
    written[what].add(number);
    return number;
  };
  const goOn = async (store: ModuleStore, directory: string): Promise<Rest> => {
    write(answerLine.stage());
    const saved = await save(store, directory, JSON.parse(next) as Json); // a new value: some stores modify their arguments
    if (saved.kind !== 'saved') return { save: saved, left: listFiles(directory) };
    write(answerLine.stage());
    const secondLoad = await load(store, directory);
    await store.close?.(directory);
    return { save: saved, secondLoad, left: listFiles(directory) };
  };
  const openedOf = (entries: readonly BatchEntry[], tree: TreeDirectory, directory: string): string[] => {
    const wasOpened = openedSince();
    return entries.flatMap((entry) => {
      const [path, kind, , content] = entry;
      if (kind !== 'file') return [];
      return tree.wasRead(entry) || wasOpened(`${directory}/${path}`, contents.of(content).length === 0) ? [path] : [];
    });
  };
  return async (index) => {
    const { shape = 0, entries: places = [] } = batch.trees[index] ?? {};
    const entries = places.map((place) => batch.entries[place] as BatchEntry); // every place is an index of `batch.entries`
    const directory = `${batch.root}/${process.pid}-${batch.id}-${index}`;
    const inWords = (found: AfterLoad | Rest): string => {
      const text = JSON.stringify(found);
      return 'load' in found && found.load.kind === 'loaded' ? text : text.replaceAll(directory, DIRECTORY);
    };
    const tree = makeTree(directory, entries, (hash) => contents.of(hash));
    const store = await loadCompiled(batch.bundle);
    forgetOpens();
    const first = await load(store, directory);
    const opened = known.readsAreNoted && mayBeNothing(first, store) ? openedOf(entries, tree, directory) : undefined;
    const loaded = loads.numberOf(inWords({ load: first, ...(opened && { opened }) }));
    const kind = kinds.get(`${shape} ${loaded}`) ?? new Kind();
    kinds.set(`${shape} ${loaded}`, kind);
    const untouched = tree.isUntouched();
    const before = untouched ? kind.restOf(entries) : undefined;
    let rest = before;
    if (rest === undefined) {
      rest = rests.numberOf(inWords(await goOn(store, directory)));
      if (untouched) kind.learn(entries, known.readsAreNoted ? (entry) => tree.wasRead(entry) : () => true, rest);
    }
    write(answerLine.tree(index, writeOnce('load', loaded, loads), writeOnce('rest', rest, rests)));
    tree.close();
    directories.push({ path: directory, names: before === undefined ? undefined : entries.map(([path]) => path) });
    if (directories.length > DIRECTORIES_KEPT) remove(directories.shift());
  };
}

/** Trees of one shape with the same loaded value: maps the contents that their recovery reads to the rest of the recovery. */
class Kind {
  #read: readonly string[] = [];
  #known: (readonly [contents: ReadonlyMap<string, string>, rest: number])[] = [];
  #rests = new Map<string, number>();

  restOf(entries: readonly BatchEntry[]): number | undefined {
    return this.#known.length === 0 ? undefined : this.#rests.get(this.#key(contentsOf(entries)));
  }

  learn(entries: readonly BatchEntry[], wasRead: (entry: BatchEntry) => boolean, rest: number): void {
    const contents = contentsOf(entries);
    this.#known.push([contents, rest]);
    const read = entries.filter((entry) => wasRead(entry)).map(([path]) => path);
    if (read.some((path) => !this.#read.includes(path))) {
      this.#read = [...new Set([...this.#read, ...read])];
      this.#rests = new Map(this.#known.map(([those, one]) => [this.#key(those), one]));
    } else {
      this.#rests.set(this.#key(contents), rest);
    }
  }

  #key(contents: ReadonlyMap<string, string>): string {
    return this.#read.map((path) => contents.get(path) ?? '').join(' ');
  }
}

const contentsOf = (entries: readonly BatchEntry[]): ReadonlyMap<string, string> =>
  new Map(entries.map(([path, , , content]) => [path, content]));

/** Numbers texts. */
class Texts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  at(number: number): string {
    return this.#texts[number] ?? '';
  }
}

/** Reads and caches file contents by hash. */
class Contents {
  readonly #directory: string;
  readonly #kept = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  of(hash: string): Uint8Array {
    const kept = this.#kept.get(hash);
    if (kept !== undefined) return kept;
    const bytes = fs.readFileSync(`${this.#directory}/${hash}`);
    this.#bytes += bytes.length;
    if (this.#bytes > CONTENTS_KEPT) {
      this.#kept.clear();
      this.#bytes = bytes.length;
    }
    this.#kept.set(hash, bytes);
    return bytes;
  }
}

/** Whatever cannot be removed now is removed later, with the root of all batches. */
function remove(directory: UsedDirectory | undefined): void {
  if (directory === undefined) return;
  const { path, names } = directory;
  try {
    for (const name of names ?? fs.readdirSync(path)) fs.unlinkSync(`${path}/${name}`);
    fs.rmdirSync(path);
  } catch {
    try {
      fs.rmSync(path, { recursive: true, force: true });
    } catch {}
  }
}
