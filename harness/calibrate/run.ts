/**
 * Traces for tests: carries out calls on a real directory, one by one, and writes down what a recorder would.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Call, FileRef, Mark, Op, OpenFlag, Trace, Tree } from '../domain/trace.ts';
import { buildTree, equalTrees, scanTree } from '../domain/tree.ts';
import { treeOf } from './tree-sketch.ts';

/** One call, or a mark. A call that fails is an op with its error. */
export type Do = (run: Run) => void;

/** How to open: exclusively a new file, a file to truncate, to append to, or to write into. */
type How = 'new' | 'truncate' | 'append' | 'write' | 'create';
const HOW: { readonly [how in How]: { readonly bits: number; readonly flags: readonly OpenFlag[] } } = {
  new: { bits: constants.O_CREAT | constants.O_EXCL, flags: ['write', 'create', 'exclusive'] },
  truncate: { bits: constants.O_CREAT | constants.O_TRUNC, flags: ['write', 'create', 'truncate'] },
  append: { bits: constants.O_CREAT | constants.O_APPEND, flags: ['write', 'create', 'append'] },
  write: { bits: 0, flags: ['write'] },
  create: { bits: constants.O_CREAT, flags: ['write', 'create'] },
};

/** Files are opened under a handle's name: their path when they were opened. */
export const open =
  (path: string, how: How): Do =>
  (run) =>
    run.open(path, how);
export const write =
  (handle: string, data: string | Uint8Array, offset?: number): Do =>
  (run) =>
    run.write(handle, data, offset);
export const truncate =
  (handle: string, size: number): Do =>
  (run) =>
    run.onHandle('truncate', handle, (fd) => ftruncateSync(fd, size));
export const fsync =
  (handle: string): Do =>
  (run) =>
    run.onHandle('fsync', handle, fsyncSync);
export const fdatasync =
  (handle: string): Do =>
  (run) =>
    run.onHandle('fdatasync', handle, fdatasyncSync);
export const close =
  (handle: string): Do =>
  (run) =>
    run.close(handle);
export const sync: Do = (run) => run.op('sync', '.', {}, () => {});
export const chmod =
  (path: string, mode: number): Do =>
  (run) =>
    run.op('chmod', path, {}, () => chmodSync(run.at(path), mode));
export const rename =
  (from: string, to: string): Do =>
  (run) =>
    run.two('rename', from, to, () => renameSync(run.at(from), run.at(to)));
export const link =
  (from: string, to: string): Do =>
  (run) =>
    run.two('link', from, to, () => linkSync(run.at(from), run.at(to)));
export const symlink =
  (target: string, path: string): Do =>
  (run) =>
    run.two('symlink', target, path, () => symlinkSync(target, run.at(path)));
export const unlink =
  (path: string): Do =>
  (run) =>
    run.op('unlink', path, {}, () => unlinkSync(run.at(path)));
export const mkdir =
  (path: string): Do =>
  (run) =>
    run.op('mkdir', path, {}, () => mkdirSync(run.at(path)));
export const rmdir =
  (path: string): Do =>
  (run) =>
    run.op('rmdir', path, {}, () => rmdirSync(run.at(path)));
/** The step resolves here. */
export const resolved: Do = (run) => run.mark();
/** fsync of a directory, as one op. */
export const fsyncDir =
  (path = '.'): Do =>
  (run) => {
    run.op('fsync', path, {}, () => {});
  };
/** Only if the file is open under that path. */
export const ifOpen =
  (handle: string, call: Do): Do =>
  (run) => {
    if (run.isOpen(handle)) call(run);
  };
export const writeFile = (path: string, data: string | Uint8Array, how: How = 'new'): Do[] => [
  open(path, how),
  write(path, data),
  close(path),
];
export const writeSynced = (path: string, data: string | Uint8Array, how: How = 'new'): Do[] => [
  open(path, how),
  write(path, data),
  fsync(path),
  close(path),
];
/** The ops of a run, for the message of a law that fails. */
export const inWords = (trace: Trace): string =>
  trace.ops
    .map(({ index, call, file, to, flags, range, error }) =>
      [index, call, file.path, to?.path, flags?.join(), range && `${range.offset}+${range.length}`, error]
        .filter((word) => word !== undefined)
        .join(' '),
    )
    .join('\n');
/** What a busy system does between two ops of a store: another file is written and forced. */
export const unrelatedFsync: Do[] = writeSynced('unrelated', 'x', 'create');

export function traceOfRun(before: Parameters<typeof treeOf>[0], calls: readonly Do[]): Trace {
  const run = new Run(treeOf(before));
  try {
    for (const call of calls) call(run);
    return run.trace();
  } finally {
    run.end();
  }
}

interface Handle {
  readonly fd: number;
  readonly append: boolean;
  position: number;
}

export class Run {
  readonly #directory = realpathSync(mkdtempSync(join(tmpdir(), 'crash-test-')));
  readonly #handles = new Map<string, Handle>();
  readonly #ids = new Map<number, number>();
  readonly #ops: Op[] = [];
  readonly #marks: Mark[] = [];
  readonly #trees: Tree[];
  #lastId = 0;

  constructor(before: Tree) {
    buildTree(before, this.#directory);
    this.#trees = [scanTree(this.#directory)];
  }

  at(path: string): string {
    return join(this.#directory, path);
  }

  open(path: string, how: How): void {
    if (this.isOpen(path)) this.close(path);
    const existed = this.#ino(path) !== undefined;
    const { bits, flags } = HOW[how];
    this.op('open', path, { flags }, () => {
      const fd = openSync(this.at(path), constants.O_RDWR | bits, 0o600);
      this.#handles.set(path, { fd, append: how === 'append', position: 0 });
      if (!existed) this.#ids.delete(statSync(this.at(path)).ino);
    });
  }

  isOpen(name: string): boolean {
    return this.#handles.has(name);
  }

  isFile(path: string): boolean {
    return this.#kind(path)?.isFile() ?? false;
  }

  isDirectory(path: string): boolean {
    return this.#kind(path)?.isDirectory() ?? false;
  }

  /** Everything that there is now. */
  paths(): readonly string[] {
    return [...(this.#trees.at(-1)?.keys() ?? [])];
  }

  /** Opens a file for its fsync only. */
  synced(path: string): void {
    const open = this.isOpen(path);
    this.open(path, 'write');
    this.onHandle('fsync', path, fsyncSync);
    if (!open) this.close(path);
  }

  write(name: string, data: string | Uint8Array, offset?: number): void {
    const handle = this.#handle(name);
    const bytes = Buffer.from(data);
    const start = handle.append ? statSync(`/proc/self/fd/${handle.fd}`).size : (offset ?? handle.position);
    const range = { offset: start, length: bytes.length };
    this.onHandle('write', name, (fd) => writeSync(fd, bytes, 0, bytes.length, handle.append ? null : start), { range, data: bytes });
    handle.position = start + bytes.length;
  }

  close(name: string): void {
    this.onHandle('close', name, closeSync);
    this.#handles.delete(name);
  }

  onHandle(call: Call, name: string, carryOut: (fd: number) => void, details: Partial<Op> = {}): void {
    const { fd } = this.#handle(name);
    const path = `/proc/self/fd/${fd}`;
    const named = readlinkSync(path)
      .slice(this.#directory.length + 1)
      .replace(/ \(deleted\)$/, '');
    const id = this.#idOf(statSync(path).ino);
    const size = call === 'truncate' ? () => ({ range: { offset: statSync(path).size, length: 0 } }) : () => ({});
    this.#add(call, { id, path: named, actual: named }, details, () => {
      carryOut(fd);
      return size();
    });
  }

  op(call: Call, path: string, details: Partial<Op>, carryOut: () => void): void {
    this.#add(call, () => this.#ref(path), details, carryOut);
  }

  two(call: Call, from: string, to: string, carryOut: () => void): void {
    const [file, target] = [this.#ref(from), this.#ref(to)];
    this.#add(call, file, { to: target }, carryOut);
  }

  mark(): void {
    this.#marks.push({ kind: 'resolved', step: this.#marks.length, afterOp: this.#ops.length });
  }

  trace(): Trace {
    return {
      recorder: 'ptrace',
      ops: this.#ops,
      marks: this.#marks,
      trees: this.#trees,
      variation: { names: [], contents: new Set() },
      unmeasured: [],
    };
  }

  end(): void {
    for (const { fd } of this.#handles.values()) closeSync(fd);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** A ref that is a function is asked after the call: what an open made has its id then. */
  #add(call: Call, file: FileRef | (() => FileRef), details: Partial<Op>, carryOut: () => unknown): void {
    const before = typeof file === 'function' && call !== 'open' ? file() : file;
    const index = this.#ops.length + 1;
    let outcome: object = {};
    try {
      outcome = Object(carryOut() ?? {});
    } catch (error) {
      outcome = { error: (error as NodeJS.ErrnoException).code ?? 'EIO' };
    }
    const ref = typeof before === 'function' ? before() : before;
    this.#ops.push({ index, call, via: call, process: 0, file: ref, ...details, ...outcome });
    const [last, now] = [this.#trees.at(-1) ?? new Map(), scanTree(this.#directory)];
    this.#trees.push(equalTrees(last, now) ? last : now);
  }

  #handle(name: string): Handle {
    const handle = this.#handles.get(name);
    if (handle === undefined) throw new Error(`${name} is not open`);
    return handle;
  }

  #ref(path: string): FileRef {
    const ino = this.#ino(path);
    return { id: ino === undefined ? this.#newId() : this.#idOf(ino), path, actual: path };
  }

  #ino(path: string): number | undefined {
    return this.#kind(path)?.ino;
  }

  #kind(path: string): Stats | undefined {
    try {
      return lstatSync(this.at(path));
    } catch {
      return undefined; // ENOENT, or ENOTDIR
    }
  }

  #idOf(ino: number): number {
    const known = this.#ids.get(ino);
    if (known !== undefined) return known;
    const id = this.#newId();
    this.#ids.set(ino, id);
    return id;
  }

  #newId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}
