/**
 * Makes calls on a real file system in an image, which is cut after every call, with disturbances between the calls.
 *
 * Runs in this process: the caller must have its own mount namespace, and all calls are synchronous. The same calls are also made, and
 * recorded, in a directory outside the image: reading files on the image could change what its file system does, because some file
 * systems flush a file whenever it is closed.
 */
import { closeSync, constants, fsyncSync, lstatSync, openSync, type Stats, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Call, Trace, Tree } from '../domain/trace.ts';
import { buildTree } from '../domain/tree.ts';
import type { FileSystem, Forcing } from '../record/image/file-systems.ts';
import type { Kernel } from '../record/image/kernel.ts';
import { LiveImage, storeDirectoryOn } from '../record/image/live-image.ts';
import type { Snapshot } from '../record/image/snapshot.ts';
import { type Do, Run } from './run.ts';
import { treeOf } from './tree-sketch.ts';

/** Something that the machine does after a call. `write-back`: it writes the data of one file, and nothing else. */
export type Disturbance =
  | { readonly after: number; readonly how: Forcing }
  | { readonly after: number; readonly how: 'write-back'; readonly path: string };

export interface ImageSetup {
  readonly kernel: Kernel;
  readonly fileSystem: FileSystem;
  readonly template: Snapshot;
  /** An empty directory for mounts, reused by each run. */
  readonly root: string;
}

export interface ImageRun {
  readonly trace: Trace;
  readonly cuts: readonly { readonly boundary: number; readonly tree: Tree }[];
  /** Different images among the cuts. */
  readonly images: number;
}

export function runOnImage(
  { kernel, fileSystem, template, root }: ImageSetup,
  before: Parameters<typeof treeOf>[0],
  calls: readonly Do[],
  disturbances: readonly Disturbance[],
): ImageRun {
  const { type, mountOptions, bytes } = fileSystem;
  const image = new LiveImage(kernel, template, { root, template: '', type, mountOptions, bytes });
  const tree = treeOf(before);
  const recorded = new Run(tree);
  const mirror = new Mirror(kernel, storeDirectoryOn(root));
  const cuts: { readonly boundary: number; readonly image: number }[] = [];
  let trees: readonly Tree[] | undefined;
  try {
    buildTree(tree, mirror.at(''));
    image.start();
    cuts.push({ boundary: 0, image: image.cut() });
    for (const [index, call] of calls.entries()) {
      call(recorded);
      call(mirror as unknown as Run); // it has all members that calls use
      for (const disturbance of disturbances) {
        if (disturbance.after !== index) continue;
        if (disturbance.how === 'write-back') mirror.writeBack(disturbance.path);
        else image.force(disturbance.how);
      }
      cuts.push({ boundary: recorded.trace().ops.length, image: image.cut() });
    }
    mirror.end();
    trees = image.close();
  } finally {
    mirror.end();
    recorded.end();
    if (trees === undefined) image.close('nothing');
  }
  const found = trees;
  return {
    trace: recorded.trace(),
    cuts: cuts.map((cut) => ({ boundary: cut.boundary, tree: found[cut.image] ?? new Map() })),
    images: found.length,
  };
}

type How = Parameters<Run['open']>[1];
const BITS: { readonly [how in How]: number } = {
  new: constants.O_CREAT | constants.O_EXCL,
  truncate: constants.O_CREAT | constants.O_TRUNC,
  append: constants.O_CREAT | constants.O_APPEND,
  write: 0,
  create: constants.O_CREAT,
};

interface Handle {
  readonly fd: number;
  readonly append: boolean;
  position: number;
}

/** Makes the calls of a run without recording them. Unlike in `Run`, fsync of a directory and sync are real. */
class Mirror
  implements
    Pick<Run, 'at' | 'open' | 'isOpen' | 'isFile' | 'isDirectory' | 'synced' | 'write' | 'close' | 'onHandle' | 'op' | 'two' | 'mark'>
{
  readonly #kernel: Kernel;
  readonly #directory: string;
  readonly #handles = new Map<string, Handle>();

  constructor(kernel: Kernel, directory: string) {
    this.#kernel = kernel;
    this.#directory = directory;
  }

  at(path: string): string {
    return join(this.#directory, path);
  }

  open(path: string, how: How): void {
    if (this.isOpen(path)) this.close(path);
    const flags = constants.O_RDWR | BITS[how];
    attempt(() => this.#handles.set(path, { fd: openSync(this.at(path), flags, 0o600), append: how === 'append', position: 0 }));
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

  synced(path: string): void {
    this.#with(path, fsyncSync);
  }

  write(name: string, data: string | Uint8Array, offset?: number): void {
    const handle = this.#handles.get(name);
    if (handle === undefined) return;
    const bytes = Buffer.from(data);
    const { fd, append } = handle;
    const start = append ? statSync(`/proc/self/fd/${fd}`).size : (offset ?? handle.position);
    attempt(() => writeSync(fd, bytes, 0, bytes.length, append ? null : start));
    handle.position = start + bytes.length;
  }

  close(name: string): void {
    this.onHandle('close', name, closeSync);
    this.#handles.delete(name);
  }

  onHandle(_call: Call, name: string, carryOut: (fd: number) => void): void {
    const handle = this.#handles.get(name);
    if (handle !== undefined) attempt(() => carryOut(handle.fd));
  }

  op(call: Call, path: string, _details: object, carryOut: () => void): void {
    if (call === 'sync') this.#with(path, (fd) => this.#kernel.syncfs(fd));
    else if (call === 'fsync') this.#with(path, fsyncSync);
    else attempt(carryOut);
  }

  two(_call: Call, _from: string, _to: string, carryOut: () => void): void {
    attempt(carryOut);
  }

  mark(): void {}

  /** Not a call of the run. */
  writeBack(path: string): void {
    if (this.isFile(path)) this.#with(path, (fd) => this.#kernel.writeBack(fd));
  }

  end(): void {
    for (const { fd } of this.#handles.values()) closeSync(fd);
    this.#handles.clear();
  }

  #with(path: string, use: (fd: number) => void): void {
    attempt(() => {
      const fd = openSync(this.at(path), 'r');
      try {
        use(fd);
      } finally {
        closeSync(fd);
      }
    });
  }

  #kind(path: string): Stats | undefined {
    return lstatSync(this.at(path), { throwIfNoEntry: false });
  }
}

/** A failing call is part of a run: the recording has its error. */
function attempt(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
  }
}
