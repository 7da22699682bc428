/**
 * Which names btrfs may leave according to its kernel code: the last commit, plus a replay of the log tree.
 *
 * Method: assume a commit at each boundary since the last sync, and follow the later calls as fs/btrfs/tree-log.c and inode.c do: what an
 * fsync logs, what a rename, link or unlink of a logged inode changes in the log, and which of that the next fsync of anything writes.
 * So names can persist out of order, and the two halves of a rename can be separated.
 */
import { withChanges } from '../persistence/disk.ts';
import type { Action, NameChange } from '../persistence/micro-op.ts';
import type { MicroOpHistory } from '../persistence/micro-op-history.ts';
import { type Namespace, NOTHING, ROOT } from '../persistence/namespace.ts';

/** A name in a directory. `index` distinguishes an entry from one that was removed and recreated under the same name. */
interface Entry {
  readonly directory: number;
  readonly name: number;
  readonly inode: number;
  readonly index: number;
}

interface LoggedDirectory {
  readonly added: Map<string, Entry>;
  /** The indices of entries that are in the commit but removed since. */
  readonly removed: Set<number>;
}

interface Log {
  /** For each logged file, its names in the log. */
  readonly names: Map<number, Map<string, Entry>>;
  readonly directories: Map<number, LoggedDirectory>;
}

const keyOf = ({ directory, name }: { readonly directory: number; readonly name: number }): string => `${directory}/${name}`;

export interface NamesOnDisk {
  readonly namespace: Namespace;
  /** The boundary of the commit that the names are based on. */
  readonly commit: number;
}

/** The names that may be on disk at a boundary, for every time of the last commit and of an unrelated fsync after it. */
export function* namesAfter(history: MicroOpHistory, boundary: number): Generator<NamesOnDisk> {
  for (let commit = boundary; commit >= 0; commit -= 1) {
    for (const unlinked of ['gone', 'open'] as const) {
      const run = new Transaction(history, commit, unlinked);
      for (const action of history.actions.slice(commit, boundary)) run.follow(action);
      yield* run.onDisk;
    }
  }
}

class Transaction {
  readonly #history: MicroOpHistory;
  readonly #unlinkedFiles: 'gone' | 'open';
  #commit: number;
  #committed: Namespace;
  #entries = new Map<string, Entry>();
  #before = new Map<string, Entry>();
  #indices = 0;
  /** All inodes that existed at the commit. */
  #old = new Set<number>();
  #log: Log = { names: new Map(), directories: new Map() };
  /** The names that may be on disk: with the log as written by the last fsync of the run, or by an unrelated fsync since. */
  onDisk: NamesOnDisk[] = [];
  #logged = new Set<number>();
  #changed = new Set<number>();
  /** Logged since an fsync of the run last wrote the log. */
  #notSynced = new Set<number>();
  #linked = new Set<number>();
  /** `last_unlink_trans` of files and directories. */
  #unlinked = new Set<number>();
  #mustCommit = false;

  /** `unlinked`: whether an unlinked file still exists because it is open. If so, its old directory is not logged. */
  constructor(history: MicroOpHistory, commit: number, unlinked: 'gone' | 'open') {
    this.#history = history;
    this.#unlinkedFiles = unlinked;
    this.#commit = commit;
    this.#committed = history.start.namespace;
    for (const { microOps } of history.actions.slice(0, commit))
      for (const { effect } of microOps) if (effect.kind === 'names') this.#committed = withChanges(this.#committed, effect.changes);
    this.#begin();
  }

  #begin(): void {
    this.#entries = new Map();
    this.#old = new Set([ROOT]);
    const visit = (directory: number): void => {
      for (const [name, inode] of this.#committed.entries(directory)) {
        this.#put({ directory, name }, inode);
        if (this.#old.has(inode)) continue;
        this.#old.add(inode);
        visit(inode);
      }
    };
    visit(ROOT);
    this.#before = new Map(this.#entries);
    this.#log = { names: new Map(), directories: new Map() };
    this.onDisk = [{ namespace: this.#committed, commit: this.#commit }];
    for (const set of [this.#logged, this.#changed, this.#notSynced, this.#linked, this.#unlinked]) set.clear();
    this.#mustCommit = false;
  }

  /** The commit plus the current log, as a mount replays it. */
  #replayed(): NamesOnDisk {
    let namespace = this.#committed;
    const { names, directories } = this.#log;
    for (const [directory, { added, removed }] of directories) {
      for (const entry of this.#before.values())
        if (entry.directory === directory && removed.has(entry.index)) namespace = namespace.with(directory, entry.name, NOTHING);
      for (const { name, inode } of added.values())
        if (this.#old.has(inode) || names.has(inode) || directories.has(inode)) namespace = namespace.with(directory, name, inode);
    }
    for (const [inode, own] of names) {
      const parents = new Set([...own.values()].map(({ directory }) => directory));
      for (const directory of parents)
        for (const [name, there] of namespace.entries(directory))
          if (there === inode && !own.has(keyOf({ directory, name }))) namespace = namespace.with(directory, name, NOTHING);
      for (const { directory, name } of own.values()) namespace = namespace.with(directory, name, inode);
    }
    return { namespace, commit: this.#commit };
  }

  follow(action: Action): void {
    this.#carryOut(action);
    const { namespace, commit } = this.#replayed();
    if (!this.#mustCommit && this.onDisk.every((other) => !sameNames(other.namespace, namespace))) this.onDisk.push({ namespace, commit });
  }

  #carryOut({ op, microOps, events }: Action): void {
    for (const { inode, effect } of microOps) {
      this.#changed.add(inode);
      if (effect.kind !== 'names') continue;
      for (const { directory, was } of effect.changes) {
        this.#changed.add(directory);
        if (was !== NOTHING) this.#changed.add(was);
      }
      if (op.call === 'rename') this.#rename(inode, effect.changes);
      else if (op.call === 'link') this.#link(inode, effect.changes);
      else for (const change of effect.changes) this.#change(inode, change);
    }
    for (const event of events) {
      switch (event.kind) {
        case 'fsync':
        case 'fdatasync':
          this.#fsync(event.inode, op.index);
          break;
        case 'sync':
          this.#commitAt(op.index);
          break;
        case 'touched':
          this.#changed.add(event.inode);
          break;
        case 'close':
        case 'resized':
          break;
        default:
          event satisfies never;
      }
    }
  }

  #put(place: { readonly directory: number; readonly name: number }, inode: number): Entry {
    this.#indices += 1;
    const entry = { directory: place.directory, name: place.name, inode, index: this.#indices };
    this.#entries.set(keyOf(place), entry);
    return entry;
  }

  /** A name is added or removed, but not by a rename. */
  #change(inode: number, { directory, name, now }: NameChange): void {
    if (now !== NOTHING) {
      this.#put({ directory, name }, now);
      return;
    }
    this.#unlinked.add(inode);
    this.#remove({ directory, name });
  }

  /** Removes a name, and its entry in the log. */
  #remove(place: { readonly directory: number; readonly name: number }): void {
    const key = keyOf(place);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#log.names.get(entry.inode)?.delete(key);
    this.#log.directories.get(place.directory)?.added.delete(key);
  }

  #link(inode: number, changes: readonly NameChange[]): void {
    for (const { directory, name, now } of changes) this.#put({ directory, name }, now);
    this.#linked.add(inode);
    this.#unlinked.add(inode);
    if (this.#logged.has(inode)) this.#logName(inode);
  }

  #rename(inode: number, changes: readonly NameChange[]): void {
    const from = changes.find(({ now, was }) => was === inode && now !== inode);
    const to = changes.find(({ now }) => now === inode);
    if (from === undefined || to === undefined) {
      for (const change of changes) this.#change(inode, change);
      return;
    }
    const isLogged = this.#logged.has(inode);
    if (from.directory !== to.directory) {
      this.#unlinked.add(inode);
      if (!isLogged && !this.#logged.has(from.directory)) this.#unlinked.add(from.directory);
    }
    const old = this.#entries.get(keyOf(from));
    this.#entries.delete(keyOf(from));
    if (to.was !== NOTHING) this.#remove(to);
    this.#put(to, inode);
    if (!this.#isDirectory(inode)) this.#unlinked.add(inode);
    const fromLogged = this.#log.directories.get(from.directory);
    if (!isLogged && !this.#logged.has(from.directory)) return;
    if (fromLogged !== undefined && old !== undefined && !fromLogged.added.delete(keyOf(from))) fromLogged.removed.add(old.index);
    this.#logName(inode);
  }

  #logName(inode: number): void {
    if (this.#logWithParents(inode, 'new name') === 'commit') this.#mustCommit = true;
  }

  #fsync(inode: number, at: number): void {
    if (!this.#changed.has(inode) && !this.#notSynced.has(inode)) return;
    const how = this.#logWithParents(inode, 'all');
    if (how === 'commit' || this.#mustCommit) {
      this.#commitAt(at);
      return;
    }
    this.#notSynced.clear();
    this.onDisk = [this.#replayed()];
  }

  #logWithParents(inode: number, how: 'all' | 'new name'): 'logged' | 'commit' {
    if (this.#isDirectory(inode)) {
      if (how === 'all' && this.#logDirectory(inode) === 'commit') return 'commit';
      if (how === 'new name') this.#logFile(inode, how);
    } else {
      if (this.#namesOf(inode).length === 0) return 'logged';
      this.#logFile(inode, how);
      if (this.#old.has(inode) && !this.#unlinked.has(inode)) return 'logged';
    }
    if (this.#unlinked.has(inode)) {
      for (const entry of this.#before.values()) {
        if (entry.inode !== inode || !this.#needsLog(entry.directory)) continue;
        if (this.#logDirectory(entry.directory) === 'commit') return 'commit';
      }
    }
    this.#logAncestors(inode);
    return 'logged';
  }

  #logAncestors(inode: number): void {
    for (const { directory } of this.#namesOf(inode)) {
      if (directory === ROOT) continue;
      if (!this.#old.has(directory) && this.#needsLog(directory)) this.#logFile(directory, 'exists');
      this.#logAncestors(directory);
    }
  }

  #needsLog(inode: number): boolean {
    if (this.#isDirectory(inode) && !this.#changed.has(inode)) return false;
    return !this.#logged.has(inode) || this.#linked.has(inode);
  }

  #logFile(inode: number, how: 'all' | 'exists' | 'new name'): void {
    const fast = how === 'all' && (this.#old.has(inode) || this.#logged.has(inode)) && !this.#linked.has(inode);
    this.#logged.add(inode);
    this.#notSynced.add(inode);
    this.#changed.delete(inode);
    if (how === 'all') this.#linked.delete(inode);
    if (fast) return;
    const names = this.#namesOf(inode);
    this.#log.names.set(inode, new Map(names.map((entry) => [keyOf(entry), entry])));
    if (this.#old.has(inode)) return;
    for (const entry of names) {
      const replaced = this.#before.get(keyOf(entry));
      if (replaced === undefined || replaced.inode === inode) continue;
      // An inode replaced by a rename still exists when the rename logs; an unlinked one is gone, and its directory is logged instead.
      if (this.#namesOf(replaced.inode).length > 0) this.#logFile(replaced.inode, 'exists');
      else if (how !== 'new name' && this.#unlinkedFiles === 'gone' && this.#needsLog(entry.directory)) this.#logDirectory(entry.directory);
    }
  }

  #logDirectory(directory: number): 'logged' | 'commit' {
    if (this.#unlinked.has(directory)) return 'commit';
    this.#logged.add(directory);
    this.#notSynced.add(directory);
    this.#changed.delete(directory);
    const now = [...this.#entries.values()].filter((entry) => entry.directory === directory);
    const there = new Set(now.map(({ index }) => index));
    const was = [...this.#before.values()].filter((entry) => entry.directory === directory);
    const known = new Set(was.map(({ index }) => index));
    const added = now.filter(({ index }) => !known.has(index));
    this.#log.directories.set(directory, {
      added: new Map(added.map((entry) => [keyOf(entry), entry])),
      removed: new Set(was.filter(({ index }) => !there.has(index)).map(({ index }) => index)),
    });
    if (directory !== ROOT && !this.#old.has(directory)) this.#logFile(directory, 'exists');
    for (const { inode } of added) {
      if (!this.#needsLog(inode)) continue;
      if (!this.#isDirectory(inode)) this.#logFile(inode, 'exists');
      else if (this.#logDirectory(inode) === 'commit') return 'commit';
    }
    return 'logged';
  }

  #commitAt(boundary: number): void {
    let committed = this.#history.start.namespace;
    for (const { microOps } of this.#history.actions.slice(0, boundary))
      for (const { effect } of microOps) if (effect.kind === 'names') committed = withChanges(committed, effect.changes);
    this.#committed = committed;
    this.#commit = boundary;
    this.#begin();
  }

  #namesOf(inode: number): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.inode === inode);
  }

  #isDirectory(inode: number): boolean {
    return this.#history.inodeTable.born[inode]?.kind === 'directory';
  }
}

const sameNames = (left: Namespace, right: Namespace): boolean => left.hash.a === right.hash.a && left.hash.b === right.hash.b;
