/**
 * A file system in an image, mounted for one run and copied (cut) while it is in use.
 *
 * Allows   a cut whenever the device is idle: the image then holds what a power cut would leave.
 * Forbids  cuts in the middle of a write. Copying takes time, so the copy is repeated unless the device was idle before and after it with
 *          the same counts of writes. A write that a call has only started ends before anything is forced; the profiles, not this
 *          module, say that a power cut or a commit may come before its end.
 * Real     the kernel's file systems, their own recovery at the next mount, and a disk that keeps all writes, in order.
 */
import { closeSync, constants, fsyncSync, lstatSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '../../domain/trace.ts';
import { buildTree, scanTree } from '../../domain/tree.ts';
import type { Forcing } from './file-systems.ts';
import { activityOf, type Kernel, type LoopActivity } from './kernel.ts';
import { type Snapshot, takeSnapshot, writeSnapshot } from './snapshot.ts';

/** What an image is made from, and where it is mounted. */
export interface ImageRequest {
  /** An existing directory: only processes in the mount namespace see what is mounted there. What it holds becomes the store's directory. */
  readonly root: string;
  /** The path of a new image of the file system. */
  readonly template: string;
  readonly type: string;
  readonly mountOptions: string;
  readonly bytes: number;
}

/** The store's directory on the image of a run. */
export const storeDirectoryOn = (root: string): string => join(root, 'live', STORE);

const STORE = 'store';
/** The file beside the store's directory that is written and synced to force data to disk. */
const UNRELATED = 'unrelated';
/** How often a cut may race with background writes. */
const CUT_TRIES = 1_000;
/** The device counts as idle after this long without a request, because a kernel thread may follow a write with another. */
const IDLE_MS = 4;
/**
 * On btrfs one can wait for the end of a write, but not for the record of its location, which a kernel thread makes afterwards without
 * a request to the device. Before a commit it gets this much time.
 */
const BTRFS_NOTES_MS = 30;
/** btrfs stores files up to this size inside its metadata, so they have no separate location. */
const BTRFS_INLINE_BYTES = 2048;

/** For `Atomics.wait`, which blocks this thread. */
const NEVER_SET = new Int32Array(new SharedArrayBuffer(4));

export class LiveImage {
  readonly #kernel: Kernel;
  readonly #request: ImageRequest;
  readonly #image: number;
  readonly #loop: number;
  #unrelated: number | undefined;
  /** The last snapshot, and what the device had done by then. */
  #snapshot: Snapshot;
  #activity = '';
  readonly #cuts: Snapshot[] = [];
  /** Open descriptors of files whose writes were awaited, by inode number. */
  readonly #awaited = new Map<number, number>();

  /** Mounts a copy of the template, with a directory for the store. Throws, with nothing left mounted, where that fails. */
  constructor(kernel: Kernel, template: Snapshot, request: ImageRequest) {
    this.#kernel = kernel;
    this.#request = request;
    this.#snapshot = template;
    const held = scanTree(request.root);
    kernel.mount('crash-matrix', request.root, 'tmpfs', 'size=2g,mode=700');
    try {
      for (const name of ['live', 'cut']) mkdirSync(join(request.root, name));
      this.#image = writeSnapshot(template, join(request.root, 'live.image'), request.bytes);
      this.#loop = this.#mount(this.#image, 'live');
    } catch (error) {
      kernel.unmount(request.root);
      throw error;
    }
    mkdirSync(storeDirectoryOn(request.root));
    buildTree(held, storeDirectoryOn(request.root));
  }

  /** Forces everything so far to disk. */
  start(): void {
    this.#unrelated = openSync(join(this.#request.root, 'live', UNRELATED), 'w');
    writeSync(this.#unrelated, 'x');
    this.force('sync');
  }

  force(how: Forcing): void {
    if (this.#unrelated === undefined) throw new Error('the image was not started');
    this.#awaitStartedWrites();
    this.#whenIdle();
    switch (how) {
      case 'commit':
        if (this.#request.type === 'btrfs') this.#kernel.commitBtrfs(this.#unrelated);
        else this.#fsync(this.#unrelated);
        return;
      case 'fsync':
        this.#fsync(this.#unrelated);
        return;
      case 'sync':
        this.#kernel.syncfs(this.#unrelated);
        return;
      default:
        how satisfies never;
    }
  }

  /**
   * Awaits writes that a rename or a close only started, so that the result of a forcing does not depend on timing. The files stay
   * open, because some file systems flush a file when it is closed.
   */
  #awaitStartedWrites(): void {
    const store = storeDirectoryOn(this.#request.root);
    let isRecorded = true;
    for (const name of readdirSync(store, { recursive: true, encoding: 'utf8' })) {
      const file = join(store, name);
      const stats = lstatSync(file);
      if (!stats.isFile() || stats.size === 0) continue;
      const fd = this.#awaited.get(stats.ino) ?? openSync(file, constants.O_RDONLY);
      this.#awaited.set(stats.ino, fd);
      this.#kernel.awaitWriteBack(fd);
      isRecorded &&= this.#request.type !== 'btrfs' || stats.size <= BTRFS_INLINE_BYTES;
    }
    if (!isRecorded) Atomics.wait(NEVER_SET, 0, 0, BTRFS_NOTES_MS);
  }

  /** Changes the file first: otherwise fsync need not write the log. */
  #fsync(file: number): void {
    writeSync(file, 'x');
    fsyncSync(file);
  }

  /** Copies the image. Returns the number of the cut, which is that of the last cut if nothing has changed since. */
  cut(): number {
    for (let tries = 0; tries < CUT_TRIES; tries += 1) {
      const before = this.#whenIdle();
      if (before.finished === this.#activity && this.#cuts.length > 0) return this.#cuts.length - 1;
      const snapshot = takeSnapshot(this.#kernel, this.#image, this.#snapshot);
      const after = activityOf(this.#loop);
      if (after.finished !== before.finished || after.inFlight > 0) continue;
      this.#activity = after.finished;
      if (snapshot === this.#snapshot && this.#cuts.length > 0) return this.#cuts.length - 1;
      this.#snapshot = snapshot;
      return this.#cuts.push(snapshot) - 1;
    }
    throw new Error(`the ${this.#request.type} image never came to rest`);
  }

  /** Waits until the device is idle; returns its counters then. */
  #whenIdle(): LoopActivity {
    let now = activityOf(this.#loop);
    if (now.finished === this.#activity && now.inFlight === 0) return now;
    for (let tries = 0; tries < CUT_TRIES; tries += 1) {
      Atomics.wait(NEVER_SET, 0, 0, IDLE_MS);
      const later = activityOf(this.#loop);
      if (later.inFlight === 0 && later.finished === now.finished) return later;
      now = later;
    }
    throw new Error(`the ${this.#request.type} image never came to rest`);
  }

  /** Unmounts the image and returns the tree that recovery finds after each cut. Nothing is left mounted. */
  close(wanted: 'trees' | 'nothing' = 'trees'): Tree[] {
    const { root } = this.#request;
    try {
      if (this.#unrelated !== undefined) closeSync(this.#unrelated);
      for (const fd of this.#awaited.values()) closeSync(fd);
      this.#awaited.clear();
      this.#kernel.unmount(join(root, 'live'));
      closeSync(this.#image);
      return wanted === 'trees' ? this.#cuts.map((snapshot) => this.#recover(snapshot)) : [];
    } finally {
      this.#kernel.unmount(root);
    }
  }

  /** Mounts a copy, which replays its journal. One at a time: two images with one UUID must never be mounted together. */
  #recover(snapshot: Snapshot): Tree {
    const { root, bytes } = this.#request;
    const image = writeSnapshot(snapshot, join(root, 'cut.image'), bytes);
    try {
      this.#mount(image, 'cut');
    } finally {
      closeSync(image);
    }
    try {
      return scanTree(join(root, 'cut', STORE));
    } finally {
      this.#kernel.unmount(join(root, 'cut'));
    }
  }

  #mount(image: number, name: string): number {
    const { root, type, mountOptions } = this.#request;
    return this.#kernel.withLoop(image, (device, number) => {
      this.#kernel.mount(device, join(root, name), type, mountOptions);
      return number;
    });
  }
}
