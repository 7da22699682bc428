/**
 * The smallest effects that a power cut can part: what each op of a trace comes to on the inodes.
 *
 * A write is one block of data per 4096 bytes (one per 512 when tearing), and, where the file grows, one size change that may
 * be cut at each 4096-byte block of the file. A change of names is one micro-op, however many names it changes: a rename is
 * atomic on every file system here. Nothing in this file knows of a profile.
 */
import type { Op } from '../domain/trace.ts';
import { grownTo, type Inode, resizedTo, withBytes, withMode } from './inode.ts';

/** The pages in which file systems write, in bytes. */
export const PAGE_BYTES = 4096;

/** Bytes that a disk writes whole: a page, or with `tear` a sector. */
export type Unit = 4096 | 512;

export interface NameChange {
  readonly directory: number;
  /** As in `Names`. */
  readonly name: number;
  /** What was there, and what is there now: inodes, or NOTHING. */
  readonly was: number;
  readonly now: number;
}

export type InodeEffect =
  /**
   * Bytes of one unit of a file. `fresh`: its page had no data before the op, so it has no place on disk yet. `appended`: all of
   * it lies beyond the end that the file had.
   */
  | {
      readonly kind: 'data';
      readonly at: number;
      readonly from: number;
      readonly bytes: Uint8Array;
      readonly fresh: boolean;
      readonly appended: boolean;
    }
  /** One step of a growing size. By an allocation, it says nothing of data. */
  | { readonly kind: 'grow'; readonly size: number; readonly by: 'write' | 'allocate' }
  /** The size set by truncate, up or down; `before` is the size that the file had. */
  | { readonly kind: 'resize'; readonly size: number; readonly before: number }
  | { readonly kind: 'mode'; readonly mode: number };

export type Effect =
  | InodeEffect
  /** `made`: the inode is new. `over`: a rename replaced a file, which had this size. */
  | {
      readonly kind: 'names';
      readonly changes: readonly NameChange[];
      readonly made: boolean;
      readonly over?: { readonly size: number };
    };

export interface MicroOp {
  readonly op: Op;
  /** Its number within the op, from 1. */
  readonly part: number;
  /** The inode that it changes; of a change of names, the one that gets or loses a name. */
  readonly inode: number;
  readonly effect: Effect;
}

/** What an op does beyond changing something: it forces data to disk, or makes the file system do so. */
export type Event =
  | { readonly kind: 'fsync' | 'fdatasync'; readonly inode: number }
  | { readonly kind: 'sync' }
  | { readonly kind: 'close'; readonly inode: number }
  /** Asked to set a size, whether or not it was another one. */
  | { readonly kind: 'resized'; readonly inode: number; readonly from: number; readonly to: number }
  /** Times, owner or attributes changed: not in a tree, but in the log. */
  | { readonly kind: 'touched'; readonly inode: number };

/** One op of a trace as the profiles see it. */
export interface Action {
  readonly op: Op;
  readonly microOps: readonly MicroOp[];
  /** In the order in which they come, after the micro-ops. */
  readonly events: readonly Event[];
}

/** The inode after one micro-op. */
export function applied(inode: Inode, effect: InodeEffect, unit: Unit): Inode {
  if (effect.kind === 'mode') return withMode(inode, effect.mode);
  if (inode.kind !== 'file') return inode;
  switch (effect.kind) {
    case 'data':
      return withBytes(inode, unit, effect.at, effect.from, effect.bytes);
    case 'grow':
      return grownTo(inode, unit, effect.size);
    case 'resize':
      return resizedTo(inode, unit, effect.size);
    default:
      return effect satisfies never;
  }
}
