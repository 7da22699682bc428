/**
 * The contents of an image at one moment: its chunks that are not zero. Snapshots of one image share unchanged chunks, so that
 * hundreds cost little more than one.
 */
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { Kernel } from './kernel.ts';

/** Chunk number -> its bytes. */
export type Snapshot = ReadonlyMap<number, Buffer>;

const CHUNK_BYTES = 1 << 14;
const ZEROS = Buffer.alloc(CHUNK_BYTES);

/** Reads an image. The result is `before` itself if nothing changed since. */
export function takeSnapshot(kernel: Kernel, image: number, before: Snapshot): Snapshot {
  const chunks = new Map<number, Buffer>();
  const scratch = Buffer.alloc(CHUNK_BYTES);
  let changed = false;
  for (const [start, end] of kernel.extents(image)) {
    for (let chunk = Math.floor(start / CHUNK_BYTES); chunk * CHUNK_BYTES < end; chunk += 1) {
      if (chunks.has(chunk)) continue; // two stretches in one chunk
      scratch.fill(0, readSync(image, scratch, 0, CHUNK_BYTES, chunk * CHUNK_BYTES));
      if (scratch.equals(ZEROS)) continue;
      const known = before.get(chunk);
      if (known?.equals(scratch)) {
        chunks.set(chunk, known);
      } else {
        chunks.set(chunk, Buffer.from(scratch));
        changed = true;
      }
    }
  }
  return changed || chunks.size !== before.size ? chunks : before;
}

/** Reads an image by its path. */
export function readSnapshot(kernel: Kernel, path: string): Snapshot {
  const image = openSync(path, 'r');
  try {
    return takeSnapshot(kernel, image, new Map());
  } finally {
    closeSync(image);
  }
}

/** Writes it as a sparse image. Returns the open file. */
export function writeSnapshot(snapshot: Snapshot, path: string, bytes: number): number {
  const image = openSync(path, 'w+');
  ftruncateSync(image, bytes);
  for (const [chunk, content] of snapshot) {
    writeSync(image, content, 0, Math.min(CHUNK_BYTES, bytes - chunk * CHUNK_BYTES), chunk * CHUNK_BYTES);
  }
  return image;
}
