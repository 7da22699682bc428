/**
 * Recovers the trees of a batch: builds each in a directory of its own, and loads it with a new evaluation of the store.
 *
 * The next save and the second load run once for all trees that recovery cannot distinguish: those with the same names, kinds, modes,
 * sizes (by orders of magnitude) and loaded value, and the same contents of every file that recovery read. The load runs once for those of
 * them that also have the same exact sizes; they are not even built. Where the kernel does not record reads, the contents of all files must be
 * the same. If load itself changed the directory, all of it always runs.
 */
import fs from 'node:fs';
import type { AfterLoad, BatchEntry, Loaded, Recovery, Stage, TreeBatch } from '../domain/recovery.ts';
import type { StoreCalls } from '../domain/store.ts';
import type { Json } from '../domain/trace.ts';
import { listFiles } from '../domain/tree.ts';
import { answerLine, type Rest } from '../recover/answers.ts';
import { load, loadAfterSave, type NextLoad, release, save } from '../store/calls.ts';
import { callsAtOnce } from './calls-at-once.ts';
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
  /** What the save and the second load find, by shape and loaded value. */
  readonly restsOf: Map<string, Known<number>>;
  /** Whole answers, by shape. */
  readonly answersOf: Map<number, Known<Answer>>;
  readonly contents: Contents;
  /** Calls of the store were carried out at once. */
  atOnce: boolean;
  /** Oldest first. */
  readonly directories: UsedDirectory[];
}

/** The numbers of what load returned, and of what came after it. */
interface Answer {
  readonly load: number;
  readonly rest: number;
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
    restsOf: new Map(),
    answersOf: new Map(),
    contents: new Contents(`${root}/contents`),
    atOnce: false,
    directories: [],
  };
}

/** `isDropped` returns true once other processes recover the rest. */
export async function recoverTrees(batch: TreeBatch, isDropped: () => boolean): Promise<void> {
  const trees = new BatchTrees(batch);
  try {
    for (let index = 0; index < batch.trees.length && !isDropped(); index += 1) {
      if (trees.answerKnown(index)) continue;
      const built = trees.build(index);
      const store = await loadCompiled(batch.bundle);
      const calls = callsAtOnce();
      const found = await trees.recover(
        built,
        store,
        () => trees.stage(),
        () => loadCompiled(batch.bundle),
      );
      if (callsAtOnce() > calls) trees.noteAtOnce();
      trees.settle(built, found);
      await new Promise(setImmediate); // lets the store finish pending work, and a `drop` request arrive
    }
  } catch (error) {
    trees.fail(error);
  } finally {
    trees.close();
  }
}

/** A tree on disk, to be recovered. */
export interface BuiltTree {
  readonly index: number;
  readonly shape: number;
  readonly entries: readonly BatchEntry[];
  readonly directory: string;
  readonly tree: TreeDirectory;
}

/** What recovery found in a tree, as JSON. */
export interface FoundTree {
  readonly load: string;
  /** A number: what recovery would find is known. */
  readonly rest: string | number;
  /** It has saved, and another process has to load: see `withNextLoad`. */
  readonly waitsForLoad?: true;
  /** Paths that were read, if the answer may be reused for trees which are the same there: if load changed nothing. */
  readonly read?: readonly string[];
}

/** What comes after a load. */
interface GoOn {
  readonly first: AfterLoad;
  readonly begin: (stage: Stage, so: Recovery) => void;
  readonly nextLoad: NextLoad;
}

/** The trees of one batch, and the file of its answers. */
export class BatchTrees {
  readonly #batch: TreeBatch;
  readonly #known: Memory;
  readonly #answers: number;
  readonly #next: string;
  readonly #written = { load: new Set<number>(), rest: new Set<number>() };

  constructor(batch: TreeBatch) {
    this.#batch = batch;
    this.#known = memoryOf(batch.root);
    this.#answers = fs.openSync(batch.answers, 'a');
    this.#next = JSON.stringify(batch.next);
  }

  /** Answers a tree that recovery cannot distinguish from one that was recovered. False if it can. */
  answerKnown(index: number): boolean {
    const { shape, entries } = this.#treeAt(index);
    const known = this.#known.answersOf.get(shape)?.of(entries);
    if (known !== undefined) this.#answer(index, known);
    return known !== undefined;
  }

  build(index: number): BuiltTree {
    const { root, id } = this.#batch;
    const { shape, entries } = this.#treeAt(index);
    const directory = `${root}/${process.pid}-${id}-${index}`;
    return { index, shape, entries, directory, tree: makeTree(directory, entries, (hash) => this.#known.contents.of(hash)) };
  }

  #treeAt(index: number): Pick<BuiltTree, 'shape' | 'entries'> {
    const { trees, entries } = this.#batch;
    const { shape = 0, entries: places = [] } = trees[index] ?? {};
    return { shape, entries: places.map((place) => entries[place] as BatchEntry) }; // every place is an index of `entries`
  }

  /** The harness failed. */
  fail(error: unknown): void {
    this.#write(answerLine.failed(String(error)));
  }

  close(): void {
    fs.closeSync(this.#answers);
  }

  #write(line: string): void {
    fs.writeSync(this.#answers, line);
  }

  /** Calls of the store were carried out at once: what is found from now on may rest on that. */
  noteAtOnce(): void {
    this.#known.atOnce = true;
  }

  /** A save or a second load begins. */
  stage(): void {
    this.#write(answerLine.stage());
  }

  /**
   * Loads a tree with a store that has not been used. `begin` is called before each further stage. Where the load after the save is another
   * process's work, `withNextLoad` adds it.
   */
  async recover(built: BuiltTree, store: StoreCalls, begin: (stage: Stage, so: Recovery) => void, nextLoad: NextLoad): Promise<FoundTree> {
    const { directory, entries, tree, shape } = built;
    forgetOpens();
    const loaded = await load(store, directory);
    const opened = this.#known.readsAreNoted && mayBeNothing(loaded, store) ? this.#openedOf(built) : undefined;
    const first: AfterLoad = { load: loaded, ...(opened && { opened }) };
    const text = inWords(built, first);
    const untouched = tree.isUntouched();
    const wasRead = (entry: BatchEntry): boolean => !this.#known.readsAreNoted || tree.wasRead(entry);
    const read = (): { readonly read?: readonly string[] } => (untouched ? { read: entries.filter(wasRead).map(([path]) => path) } : {});
    const before = untouched ? this.#known.restsOf.get(`${shape} ${text}`)?.of(entries) : undefined;
    if (before !== undefined) {
      await release(store, directory);
      return { load: text, rest: before, ...read() };
    }
    const rest = await this.#goOn(store, directory, { first, begin, nextLoad });
    const waits = rest.save?.kind === 'saved' && rest.secondLoad === undefined;
    return { load: text, rest: inWords(built, rest), ...(waits && { waitsForLoad: true }), ...read() };
  }

  /** With what another process loads after the save. */
  withNextLoad(built: BuiltTree, found: FoundTree, secondLoad: Loaded): FoundTree {
    return { ...found, rest: inWords(built, { save: { kind: 'saved' }, secondLoad, left: listFiles(built.directory) }) };
  }

  /** What is known of a tree whose recovery did not come to an end. */
  endedIn(built: BuiltTree, { load: loaded, opened, ...rest }: Recovery): FoundTree {
    const afterLoad: AfterLoad = { load: loaded, ...(opened && { opened }) };
    return { load: inWords(built, afterLoad), rest: inWords(built, { ...rest, left: listFiles(built.directory) }) };
  }

  /** Writes the answer, and learns from it. */
  settle({ index, shape, entries, directory, tree }: BuiltTree, found: FoundTree): void {
    const { loads, rests, restsOf, answersOf, contents, directories } = this.#known;
    const answer = { load: loads.numberOf(found.load), rest: typeof found.rest === 'number' ? found.rest : rests.numberOf(found.rest) };
    if (found.read !== undefined) {
      const ofRests = made(restsOf, `${shape} ${found.load}`, () => new Known<number>(() => ''));
      if (typeof found.rest === 'string') ofRests.learn(entries, found.read, answer.rest);
      // A load may see the exact size of a file that it does not read.
      const ofAnswers = made(answersOf, shape, () => new Known<Answer>(([, , , content]) => String(contents.sizeOf(content))));
      ofAnswers.learn(entries, [...found.read, ...ofRests.read], answer);
    }
    this.#answer(index, answer);
    tree.close();
    const isUnchanged = typeof found.rest === 'number';
    directories.push({ path: directory, names: isUnchanged ? entries.map(([path]) => path) : undefined });
    if (directories.length > DIRECTORIES_KEPT) remove(directories.shift());
  }

  #answer(index: number, { load: loaded, rest }: Answer): void {
    this.#writeOnce('load', loaded, this.#known.loads);
    this.#writeOnce('rest', rest, this.#known.rests);
    this.#write(answerLine.tree(index, loaded, rest, this.#known.atOnce));
  }

  #writeOnce(what: 'load' | 'rest', number: number, texts: Texts): void {
    if (!this.#written[what].has(number)) this.#write(answerLine[what](number, texts.at(number)));
    this.#written[what].add(number);
  }

  async #goOn(store: StoreCalls, directory: string, { first, begin, nextLoad }: GoOn): Promise<Rest> {
    begin('save', first);
    const saved = await save(store, directory, JSON.parse(this.#next) as Json); // a new value: some stores modify their arguments
    if (saved.kind !== 'saved') {
      await release(store, directory);
      return { save: saved, left: listFiles(directory) };
    }
    begin('secondLoad', { ...first, save: saved });
    const again = await loadAfterSave(store, directory, nextLoad);
    return { save: saved, ...(again && { secondLoad: again.found }), left: listFiles(directory) };
  }

  #openedOf({ entries, tree, directory }: BuiltTree): string[] {
    const wasOpened = openedSince();
    return entries.flatMap((entry) => {
      const [path, kind, , content] = entry;
      if (kind !== 'file') return [];
      return tree.wasRead(entry) || wasOpened(`${directory}/${path}`, this.#known.contents.of(content).length === 0) ? [path] : [];
    });
  }
}

function inWords({ directory }: BuiltTree, found: AfterLoad | Rest): string {
  const text = JSON.stringify(found);
  return 'load' in found && found.load.kind === 'loaded' ? text : text.replaceAll(directory, DIRECTORY);
}

/** What recovery found in trees of one shape, by the contents of the files that any of these recoveries read. */
class Known<Value> {
  readonly #unread: (file: BatchEntry) => string;
  #read: ReadonlySet<string> = new Set();
  readonly #known: (readonly [entries: readonly BatchEntry[], value: Value])[] = [];
  #values = new Map<string, Value>();

  /** `unread`: what else counts of a file that no recovery read. */
  constructor(unread: (file: BatchEntry) => string) {
    this.#unread = unread;
  }

  get read(): Iterable<string> {
    return this.#read;
  }

  of(entries: readonly BatchEntry[]): Value | undefined {
    return this.#known.length === 0 ? undefined : this.#values.get(this.#key(entries));
  }

  learn(entries: readonly BatchEntry[], read: readonly string[], value: Value): void {
    this.#known.push([entries, value]);
    if (read.some((path) => !this.#read.has(path))) {
      this.#read = new Set([...this.#read, ...read]);
      this.#values = new Map(this.#known.map(([those, one]) => [this.#key(those), one]));
    } else {
      this.#values.set(this.#key(entries), value);
    }
  }

  #key(entries: readonly BatchEntry[]): string {
    return entries.map((entry) => (entry[1] !== 'file' ? '' : this.#read.has(entry[0]) ? entry[3] : this.#unread(entry))).join(' ');
  }
}

function made<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}

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
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** In bytes. */
  sizeOf(hash: string): number {
    const size = this.#sizes.get(hash) ?? fs.statSync(`${this.#directory}/${hash}`).size;
    this.#sizes.set(hash, size);
    return size;
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
