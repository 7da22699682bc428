/**
 * The smallest effects that a power cut can separate: what each op of a trace does to the inodes.
 *
 * A write is one data block per 4096 bytes (per 512 when tearing), and, where the file grows, one size change per 4096-byte page.
 * A name change is one micro-op, however many names it changes: a rename is atomic on every supported file system. This file is
 * independent of profiles.
 */
import type { Op, Range } from '../domain/trace.ts';
import { grownTo, type Inode, resizedTo, withBytes, withMode } from './inode.ts';

/** The page size of file system writes, in bytes. */
export const PAGE_BYTES = 4096;

/** The bytes that a disk writes atomically: a page or, when tearing, a sector. */
export type Unit = 4096 | 512;

export interface NameChange {
  readonly directory: number;
  /** An id in `Names`. */
  readonly name: number;
  /** The inode at the name before and after, or NOTHING. */
  readonly was: number;
  readonly now: number;
}

export type InodeEffect =
  /**
   * Bytes of one unit of a file. `fresh`: its page had no data before the op, so it is not allocated on disk yet. `appended`: all
   * of it lies beyond the file's old end.
   */
  | {
      readonly kind: 'data';
      readonly at: number;
      readonly from: number;
      readonly bytes: Uint8Array;
      readonly fresh: boolean;
      readonly appended: boolean;
    }
  /** One step of growth. If it is an allocation, no data comes with it. */
  | { readonly kind: 'grow'; readonly size: number; readonly by: 'write' | 'allocate' }
  /** The size set by truncate, up or down; `before` is the old size. */
  | { readonly kind: 'resize'; readonly size: number; readonly before: number }
  | { readonly kind: 'mode'; readonly mode: number };

export type Effect =
  | InodeEffect
  /** `made`: the inode is new. `over`: a rename replaced a file of this size. */
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
  /** The inode that it changes; for a name change, the inode that gets or loses a name. */
  readonly inode: number;
  readonly effect: Effect;
}

/** Bytes of a file, up to `end`. */
export interface FilePart {
  readonly from: number;
  readonly end: number;
}

/** The pages that a range touches. */
export function pagesOf({ offset, length }: Range): FilePart {
  return { from: Math.floor(offset / PAGE_BYTES) * PAGE_BYTES, end: Math.ceil((offset + length) / PAGE_BYTES) * PAGE_BYTES };
}

/** An effect of an op other than a change: it forces data to disk, or affects what later ops force. */
export type Event =
  /** `part`: it forces the data of these bytes only. */
  | { readonly kind: 'fsync' | 'fdatasync'; readonly inode: number; readonly part?: FilePart }
  | { readonly kind: 'sync' }
  | { readonly kind: 'close'; readonly inode: number }
  /** A size was set, even if it did not change. */
  | { readonly kind: 'resized'; readonly inode: number; readonly from: number; readonly to: number }
  /** Times, owner or attributes changed: trees do not contain them, but the log does. */
  | { readonly kind: 'touched'; readonly inode: number };

/** One op of a trace as the profiles see it. */
export interface Action {
  readonly op: Op;
  readonly microOps: readonly MicroOp[];
  /** In order; they follow the micro-ops. */
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
