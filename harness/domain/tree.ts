/**
 * Trees on disk: reads one, keeps its contents in a spool, builds it again, and compares the trees of two runs.
 */
import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RawTree } from './events.ts';
import { setTimes } from './file-times.ts';
import { canonicalPath } from './names.ts';
import type { Entry, NameRule, Tree, Variation } from './trace.ts';

/** Files as last read, by inode, so that a scan reads only changed files; see `isUnchanged`. */
export type ScanCache = Map<bigint, { readonly stat: BigIntStats; readonly entry: Entry; readonly readAt: bigint }>;

/** Reads everything below a directory. Symlinks are not followed. Files that vanish while it reads are left out. */
export function scanTree(directory: string, cache?: ScanCache): Tree {
  const entries: [string, Entry][] = [];
  const visit = (relative: string): void => {
    for (const name of namesIn(join(directory, relative))) {
      const path = relative === '' ? name : `${relative}/${name}`;
      const entry = readEntry(join(directory, path), cache);
      if (entry === undefined) continue;
      entries.push([path, entry]);
      if (entry.kind === 'directory') visit(path);
    }
  };
  visit('');
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Looks up the kind of entry at a path below a directory; none if the name is too long for a file. Symlinks are not followed. */
export function lookIn(directory: string): (path: string) => 'directory' | 'other' | undefined {
  return (path) => {
    try {
      const stat = lstatSync(join(directory, path), { throwIfNoEntry: false });
      return stat === undefined ? undefined : stat.isDirectory() ? 'directory' : 'other';
    } catch {
      return undefined;
    }
  };
}

const namesIn = (directory: string): string[] => unlessGone(() => readdirSync(directory)).sort();

/** Empty if the directory has been removed meanwhile. */
function unlessGone<Item>(read: () => Item[]): Item[] {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function readEntry(path: string, cache: ScanCache | undefined): Entry | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const mode = Number(stat.mode) & 0o7777;
  if (stat.isDirectory()) return { kind: 'directory', mode };
  if (stat.isSymbolicLink()) return { kind: 'symlink', target: readlinkSync(path) };
  if (!stat.isFile()) return { kind: 'other', mode };
  const cached = cache?.get(stat.ino);
  if (cached !== undefined && isUnchanged(cached, stat)) return cached.entry;
  const readAt = BigInt(Date.now()) * 1_000_000n;
  const bytes = readFileSync(path);
  const entry: Entry = { kind: 'file', mode, bytes, hash: hashBytes(bytes) };
  cache?.set(stat.ino, { stat, entry, readAt });
  return entry;
}

/** Twice the granularity of a kernel timestamp, which is a timer tick of at most 10 ms. */
const TICK_NS = 20_000_000n;

/**
 * Whether a file is unchanged since it was read. Two writes of the same length can have the same timestamp, so a file that was read
 * within this time of its last change is read again.
 */
function isUnchanged({ stat: before, readAt }: { readonly stat: BigIntStats; readonly readAt: bigint }, now: BigIntStats): boolean {
  return readAt - before.ctimeNs > TICK_NS && before.ctimeNs === now.ctimeNs && before.mtimeNs === now.mtimeNs && before.size === now.size;
}

export function hashBytes(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}

/** True if the two trees are the same to the byte, names included. */
export function equalTrees(first: Tree, second: Tree): boolean {
  if (first === second) return true;
  if (first.size !== second.size) return false;
  for (const [path, entry] of first) {
    const match = second.get(path);
    if (!equalEntries(entry, match)) return false;
  }
  return true;
}

/** The same of two entries; undefined: there is none. */
export function equalEntries(first: Entry | undefined, second: Entry | undefined): boolean {
  if (first === second) return true;
  if (first === undefined || second === undefined) return false;
  if (first.kind === 'symlink') return second.kind === 'symlink' && first.target === second.target;
  if (first.kind !== second.kind || first.mode !== second.mode) return false;
  return first.kind !== 'file' || (second.kind === 'file' && first.hash === second.hash);
}

/** A text that is equal for two trees exactly if they are the same to the byte, and were changed in the same order where they have one. */
export function treeKey(tree: Tree): string {
  return [...tree].map(([path, entry]) => `${path}\0${fingerprint(entry)}`).join('\n');
}

/** Everything about an entry except its name, on one line. */
function fingerprint(entry: Entry): string {
  switch (entry.kind) {
    case 'file':
      return `file ${entry.mode.toString(8)} ${entry.hash}${entry.changed === undefined ? '' : ` changed ${entry.changed}`}`;
    case 'directory':
      return `directory ${entry.mode.toString(8)}`;
    case 'symlink':
      return `symlink ${entry.target}`;
    case 'other':
      return `other ${entry.mode.toString(8)}`;
    default:
      return entry satisfies never;
  }
}

/** Writes the contents of a tree's files to the spool, each once, and returns the tree in the form of an event. */
export function spoolTree(tree: Tree, spool: string): RawTree {
  return [...tree].map(([path, entry]) => {
    switch (entry.kind) {
      case 'file': {
        const file = join(spool, entry.hash);
        if (!existsSync(file)) writeFileSync(file, entry.bytes);
        return [path, entry.kind, entry.mode, entry.hash] as const;
      }
      case 'symlink':
        return [path, entry.kind, 0, entry.target] as const;
      case 'directory':
      case 'other':
        return [path, entry.kind, entry.mode, ''] as const;
      default:
        return entry satisfies never;
    }
  });
}

/** The tree of an event. `contents` caches the files of one spool. */
export function unspoolTree(raw: RawTree, spool: string, contents: Map<string, Uint8Array>): Tree {
  const read = (hash: string): Uint8Array => {
    const bytes = contents.get(hash) ?? readFileSync(join(spool, hash));
    contents.set(hash, bytes);
    return bytes;
  };
  return new Map(
    raw.map(([path, kind, mode, content]): [string, Entry] => {
      switch (kind) {
        case 'file':
          return [path, { kind, mode, bytes: read(content), hash: content }];
        case 'symlink':
          return [path, { kind, target: content }];
        case 'directory':
        case 'other':
          return [path, { kind, mode }];
        default:
          return kind satisfies never;
      }
    }),
  );
}

/**
 * Builds a tree in an existing, empty directory. Its files get times in the order of its changes, where it has one. Entries that are neither file,
 * directory nor symlink are left out.
 */
export function buildTree(tree: Tree, directory: string): void {
  const directories: [string, number][] = [];
  for (const [path, entry] of tree) {
    const target = join(directory, path);
    if (entry.kind === 'directory') {
      mkdirSync(target);
      directories.push([target, entry.mode]);
    } else if (entry.kind === 'symlink') {
      symlinkSync(entry.target, target);
    } else if (entry.kind === 'file') {
      writeFileSync(target, entry.bytes);
      chmodSync(target, entry.mode);
    }
  }
  setTimes(directory, tree);
  for (const [target, mode] of directories.reverse()) chmodSync(target, mode); // last, because a read-only directory cannot be filled
}

/** A tree, and the id of the process that made it, which the contents may include. */
export interface RunTree {
  readonly tree: Tree;
  readonly pid: number;
}

/** The paths of everything below a directory, relative to it, sorted. Empty if a store has removed it. */
export function listFiles(directory: string): string[] {
  // Not with a recursive readdir: in Node 20 it follows symlinks, even in cycles.
  const visit = (relative: string): string[] =>
    unlessGone(() => readdirSync(join(directory, relative), { withFileTypes: true })).flatMap((entry) => {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      return entry.isDirectory() ? [path, ...visit(path)] : [path];
    });
  return visit('').sort();
}

/** How the trees of two runs of the same ops differ, in words; undefined if only the varying parts differ. */
export function differenceBetweenRuns(expected: RunTree, found: RunTree, variation: Variation): string | undefined {
  if (equalTrees(expected.tree, found.tree)) return undefined;
  const { missing, extra } = unmatched(expected, found, variation);
  if (missing.length === 0 && extra.length === 0) return undefined;
  return [...missing.map(({ masked }) => `expected ${masked}`), ...extra.map(({ masked }) => `found ${masked}`)].join('; ');
}

/** The paths of files and symlinks whose contents or targets differ between two runs of the same ops, though their names agree. */
export function varyingContents(expected: RunTree, found: RunTree, names: readonly NameRule[]): string[] {
  const { missing, extra } = unmatched(expected, found, { names, contents: new Set() });
  return missing
    .filter(({ holds, path }) => holds && extra.some((entry) => entry.holds === holds && entry.path === path))
    .map(({ path }) => path);
}

/** An entry of a run's tree in words, exact and with the varying parts masked. */
interface EntryText {
  readonly path: string;
  /** What a store may make up anew in each run. */
  readonly holds?: 'contents' | 'target';
  readonly exact: string;
  readonly masked: string;
}

/**
 * The entries that have no counterpart in the other tree. Entries that are the same to the byte are matched first, because digits in
 * ordinary contents can look like a process id, and masking them must not separate equal entries.
 */
function unmatched(
  expected: RunTree,
  found: RunTree,
  variation: Variation,
): { readonly missing: readonly EntryText[]; readonly extra: readonly EntryText[] } {
  const have = textsOf(found, variation);
  const match = (wanted: readonly EntryText[], by: 'exact' | 'masked'): EntryText[] =>
    wanted.filter((text) => {
      const at = have.findIndex((entry) => entry[by] === text[by]);
      if (at >= 0) have.splice(at, 1);
      return at < 0;
    });
  return { missing: match(match(textsOf(expected, variation), 'exact'), 'masked'), extra: have };
}

function textsOf({ tree, pid }: RunTree, { names, contents }: Variation): EntryText[] {
  return [...tree].map(([actual, entry]) => {
    const path = canonicalPath(actual, names);
    const exact = `${path} (${fingerprint(entry)})`;
    if (entry.kind === 'symlink') {
      const target = contents.has(path) ? 'target varies' : `to ${maskTarget(entry.target, pid, names)}`;
      return { path, holds: 'target', exact, masked: `${path} (symlink, ${target})` };
    }
    if (entry.kind !== 'file') return { path, exact, masked: exact };
    const mode = entry.mode.toString(8);
    if (contents.has(path)) return { path, holds: 'contents', exact, masked: `${path} (file ${mode}, contents vary)` };
    const maskedContents = maskContents(entry.bytes, pid);
    const hash = hashBytes(maskedContents).slice(0, 12);
    return { path, holds: 'contents', exact, masked: `${path} (file ${mode}, ${maskedContents.length} bytes ${hash})` };
  });
}

/** An entry of a tree as it is in every run. */
export interface MaskedEntry {
  /** Equal for entries that differ only in what runs make up: the names, times, UUIDs and hashes in them, and process ids. */
  readonly text: string;
  /** The canonical path. */
  readonly path: string;
  /** Whether the path is another one in each run. */
  readonly isMadeUp: boolean;
  readonly isEmpty: boolean;
}

/** `pids`: of the processes that made the tree. */
export function maskedEntries(tree: Tree, [pid = 0, ...others]: readonly number[], variation: Variation): MaskedEntry[] {
  const masked = new Map([...tree].map(([path, entry]) => [path, withoutPids(entry, others)]));
  const texts = textsOf({ tree: masked, pid }, variation);
  return [...tree].map(([actual, entry], index) => {
    const { path = actual, masked: text = '' } = texts[index] ?? {};
    return { text, path, isMadeUp: path !== actual, isEmpty: entry.kind === 'file' && entry.bytes.length === 0 };
  });
}

function withoutPids(entry: Entry, pids: readonly number[]): Entry {
  if (entry.kind === 'file') return { ...entry, bytes: pids.reduce((bytes, pid) => maskContents(bytes, pid), entry.bytes) };
  return entry.kind === 'symlink' ? { ...entry, target: pids.reduce((target, pid) => maskText(target, pid), entry.target) } : entry;
}

/** Contents with times, UUIDs, hashes and the process id masked. */
export function maskContents(bytes: Uint8Array, pid: number): Uint8Array {
  return Buffer.from(maskText(Buffer.from(bytes).toString('latin1'), pid), 'latin1');
}

/** The same of what a symlink holds. It may be a path: names in it are written as in every run. */
export function maskTarget(target: string, pid: number, names: readonly NameRule[]): string {
  return canonicalPath(maskText(target, pid), names);
}

function maskText(text: string, pid: number): string {
  return canonicalPath(text, []).replaceAll(new RegExp(`(?<![0-9A-Za-z])${pid}(?![0-9A-Za-z])`, 'g'), '<pid>');
}
