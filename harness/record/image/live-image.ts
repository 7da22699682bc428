/**
 * A file system in an image, mounted for one run and cut while it is in use.
 *
 * Allows   a cut at any moment at which nothing is on its way to the device: what the image holds then is what a power cut leaves.
 * Forbids  cuts in the middle of a write: copying takes time, so the device must have been idle before it and after it, with the same
 *          counts of writes, or the copy is made again: it shows one moment. A write that a call only started ends before anything
 *          is forced. That a power cut, or a commit, may come before its end is for the profiles to say.
 * Real     the kernel's file systems, their own recovery at the next mount, and a disk that keeps what it was given, in order.
 */
import { closeSync, constants, fsyncSync, lstatSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '../../domain/trace.ts';
import { buildTree, scanTree } from '../../domain/tree.ts';
import type { Forcing } from './file-systems.ts';
import { activityOf, type Kernel, type LoopActivity } from './kernel.ts';
import { type Snapshot, takeSnapshot, writeSnapshot } from './snapshot.ts';

/** What an image is made from, and where. */
export interface ImageRequest {
  /** An existing directory: only processes in the mount namespace see what is mounted there. What it holds becomes the store's directory. */
  readonly root: string;
  /** A fresh image of the file system: its path. */
  readonly template: string;
  readonly type: string;
  readonly mountOptions: string;
  readonly bytes: number;
}

/** Where the store's directory lies on the image of a run. */
export const storeDirectoryOn = (root: string): string => join(root, 'live', STORE);

const STORE = 'store';
/** The file beside the store's directory that is written and forced. */
const UNRELATED = 'unrelated';
/** How often a cut may race with writes that nobody waits for. */
const CUT_TRIES = 1_000;
/** The device is at rest when it has been idle for so long: what follows on a write may be another, by a thread of the kernel's own. */
const IDLE_MS = 4;
/**
 * On btrfs the end of a write can be waited for, but not the note of its place, which a thread makes after it without a word to the device.
 * So much time is left to it before a commit.
 */
const BTRFS_NOTES_MS = 30;
/** It keeps files of up to so many bytes beside their names: those are written where they are noted. */
const BTRFS_INLINE_BYTES = 2048;

/** For waiting without an end in sight: this thread has nothing else to do. */
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
  /** The files whose writes were waited for, by their numbers. */
  readonly #held = new Map<number, number>();

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

  /** Everything so far is on disk from here on. */
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
   * A write that a rename or a close started, and did not wait for, ends before anything is forced: or the outcome would be left to chance.
   * Files stay open for it, because some file systems flush a file when anyone closes it.
   */
  #awaitStartedWrites(): void {
    const store = storeDirectoryOn(this.#request.root);
    let noted = true;
    for (const name of readdirSync(store, { recursive: true, encoding: 'utf8' })) {
      const file = join(store, name);
      const stats = lstatSync(file);
      if (!stats.isFile() || stats.size === 0) continue;
      const fd = this.#held.get(stats.ino) ?? openSync(file, constants.O_RDONLY);
      this.#held.set(stats.ino, fd);
      this.#kernel.awaitWriteBack(fd);
      noted &&= this.#request.type !== 'btrfs' || stats.size <= BTRFS_INLINE_BYTES;
    }
    if (!noted) Atomics.wait(NEVER_SET, 0, 0, BTRFS_NOTES_MS);
  }

  /** Of a file that changed, or the log would not have to reach the disk. */
  #fsync(file: number): void {
    writeSync(file, 'x');
    fsyncSync(file);
  }

  /** Keeps what the image holds now. Returns the number of the cut; one at which nothing had changed since the last is that one. */
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

  /** What the device had done when it had nothing more to do. */
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

  /** Unmounts it, and finds out what a machine would find after each cut. Nothing is left mounted. */
  close(wanted: 'trees' | 'nothing' = 'trees'): Tree[] {
    const { root } = this.#request;
    try {
      if (this.#unrelated !== undefined) closeSync(this.#unrelated);
      for (const fd of this.#held.values()) closeSync(fd);
      this.#held.clear();
      this.#kernel.unmount(join(root, 'live'));
      closeSync(this.#image);
      return wanted === 'trees' ? this.#cuts.map((snapshot) => this.#recover(snapshot)) : [];
    } finally {
      this.#kernel.unmount(root);
    }
  }

  /** Mounting a copy replays its journal. One at a time, so that no two that take themselves for the same are there at once. */
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
