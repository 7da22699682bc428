/** Recorded runs to and from trace files. Pure. */
import { changesContents } from '../domain/calls.ts';
import type { Entry, Mark, Op, RecordedRun, Site, Tree } from '../domain/trace.ts';
import type { ChangeInFile, EntryInFile, TraceFile } from '../domain/trace-file.ts';
import { equalEntries, hashBytes } from '../domain/tree.ts';
import { withData } from './record.ts';

/** What a trace file says beside the run itself. */
export type AboutTrace = Pick<TraceFile, 'version' | 'platform' | 'store' | 'program' | 'scenario'>;

export function traceFileOf({ trace, before, sites, notes }: RecordedRun, about: AboutTrace): TraceFile {
  const { recorder, marks, startTimes, variation, unmeasured } = trace;
  const contents = new Map<string, Uint8Array>();
  const start = [...(trace.trees[0] ?? [])].map(([path, entry]) => entryInFile(path, entry, contents));
  const ops = trace.ops.map((op): TraceFile['ops'][number] => {
    const { index, data: _, stack: __, ...rest } = op;
    const site = sites.sites.get(index);
    const changed = changesBetween(trace.trees[index - 1], trace.trees[index], contents);
    return {
      ...rest,
      ...(op.flags && { flags: [...op.flags] }),
      ...(site && { site }),
      ...(changed.length > 0 && { changed }),
    } as TraceFile['ops'][number];
  });
  return {
    schema: 'crash-matrix-trace/1',
    ...about,
    recorder,
    ...(before !== undefined && { before }),
    start,
    ...(startTimes && { startTimes: Object.fromEntries(startTimes) }),
    ops,
    marks: [...marks],
    variation: {
      names: variation.names.map(({ further, except, ...rule }) => ({
        ...rule,
        ...(further && { further: [...further] }),
        except: [...except],
      })),
      contents: [...variation.contents],
    },
    unmeasured: [...unmeasured],
    notes: [...notes],
    mismatches: [...sites.mismatches],
    ...(sites.readByPromises && { readByPromises: [...sites.readByPromises] }),
    contents: Object.fromEntries([...contents].map(([hash, bytes]) => [hash, textOrBase64(bytes)])),
  };
}

function changesBetween(before: Tree = new Map(), after: Tree = before, contents: Map<string, Uint8Array>): ChangeInFile[] {
  if (before === after) return [];
  const gone = [...before.keys()].filter((path) => !after.has(path)).map((path): ChangeInFile => ({ kind: 'gone', path }));
  const others = [...after].filter(([path, entry]) => !equalEntries(entry, before.get(path)));
  return [...gone, ...others.map(([path, entry]) => entryInFile(path, entry, contents))];
}

function entryInFile(path: string, entry: Entry, contents: Map<string, Uint8Array>): EntryInFile {
  if (entry.kind !== 'file') return { ...entry, path };
  contents.set(entry.hash, entry.bytes);
  return { kind: 'file', path, mode: entry.mode, contents: entry.hash };
}

function textOrBase64(bytes: Uint8Array): TraceFile['contents'][string] {
  try {
    // Without the option a BOM would be lost.
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}

/** What may be written to a file that is in no tree, because it has no name any more, in bytes. */
const LONGEST_UNSEEN = 64 << 20;

/** The run of a trace file. Throws `DamagedTrace` where its parts do not fit together. */
export function runOfTraceFile(file: TraceFile): RecordedRun {
  const read = contentsOf(file);
  const longest = Object.keys(file.contents).reduce((most, hash) => Math.max(most, read(hash).length), LONGEST_UNSEEN);
  const trees: Tree[] = [possible(treeAfter(new Map(), file.start, read), file.start, 'start')];
  const sites = new Map<number, Site>();
  const ops = file.ops.map(({ site, changed, ...rest }, at): Op => {
    const index = at + 1;
    if (site !== undefined) sites.set(index, site as Site);
    const { offset = 0, length = 0 } = rest.range ?? {};
    if (offset + length > longest && changesContents({ call: rest.call, flags: rest.flags ?? [] }))
      throw new DamagedTrace(`ops[${at}].range: it ends at byte ${offset + length}, and no file of this trace is that long`);
    const before = trees[at] ?? new Map();
    const after = changed === undefined ? before : possible(treeAfter(before, changed, read), changed, `ops[${at}].changed`);
    trees.push(after);
    return withData({ index, ...rest } as Op, after);
  });
  const late = file.marks.findIndex(({ afterOp }) => afterOp > ops.length);
  if (late >= 0) throw new DamagedTrace(`marks[${late}]: it comes after op ${file.marks[late]?.afterOp}, and there are ${ops.length}`);
  const { recorder, variation, unmeasured, mismatches, readByPromises, before, notes } = file;
  return {
    trace: {
      recorder,
      ops,
      marks: file.marks as readonly Mark[],
      trees,
      ...(file.startTimes && { startTimes: new Map(Object.entries(file.startTimes)) }),
      variation: { names: variation.names as RecordedRun['trace']['variation']['names'], contents: new Set(variation.contents) },
      unmeasured,
    },
    before,
    sites: { sites, mismatches, ...(readByPromises && { readByPromises: new Set(readByPromises) }) },
    notes,
  };
}

/** The parts of a trace file do not fit together; the message says which and why. */
export class DamagedTrace extends Error {
  override readonly name = 'DamagedTrace';
}

type Read = (hash: string) => Uint8Array;

/** Contents by their hashes, each checked against it: a file that was edited or damaged is not believed. */
function contentsOf({ contents }: TraceFile): Read {
  const known = new Map<string, Uint8Array>();
  for (const [hash, held] of Object.entries(contents)) {
    const bytes = 'text' in held ? Buffer.from(held.text) : Buffer.from(held.base64, 'base64');
    if (hashBytes(bytes) !== hash) throw new DamagedTrace(`contents.${hash}: the contents have another SHA-1, ${hashBytes(bytes)}`);
    known.set(hash, bytes);
  }
  return (hash) => {
    const bytes = known.get(hash);
    if (bytes === undefined) throw new DamagedTrace(`contents: there are none for ${hash}`);
    return bytes;
  };
}

function entryOf(entry: EntryInFile, read: Read): Entry {
  switch (entry.kind) {
    case 'file':
      return { kind: 'file', mode: entry.mode, bytes: read(entry.contents), hash: entry.contents };
    case 'symlink':
      return { kind: 'symlink', target: entry.target };
    case 'directory':
    case 'other':
      return { kind: entry.kind, mode: entry.mode };
    default:
      return entry satisfies never;
  }
}

function treeAfter(before: Tree, changed: readonly ChangeInFile[], read: Read): Tree {
  const after = new Map(before);
  for (const change of changed) {
    if (change.kind === 'gone') after.delete(change.path);
    else after.set(change.path, entryOf(change, read));
  }
  return new Map([...after].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/**
 * Throws `DamagedTrace` for a tree that no directory can hold. Trees are built, and no path may lead out of where they are built: neither by
 * itself nor through a symlink.
 */
function possible(tree: Tree, changed: readonly ChangeInFile[], where: string): Tree {
  const isSafe = changed.every(({ kind }) => kind === 'file' || kind === 'directory');
  for (const path of isSafe ? changed.map((one) => one.path) : tree.keys()) {
    const names = path.split('/');
    if (names.some((name) => name === '' || name === '.' || name === '..' || name.includes('\0')))
      throw new DamagedTrace(`${where}: ${JSON.stringify(path)} is no path of a file in the directory`);
    const parent = names.slice(0, -1).join('/');
    if (parent !== '' && tree.get(parent)?.kind !== 'directory')
      throw new DamagedTrace(`${where}: ${JSON.stringify(path)} is in no directory`);
  }
  return tree;
}
