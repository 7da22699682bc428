/** Trees written down by hand. */
import type { Entry, Tree } from '../domain/trace.ts';
import { hashBytes } from '../domain/tree.ts';

/** A file by its text, or by its text and mode; a directory by its mode; a symlink by its target. */
export type Sketch =
  | string
  | Uint8Array
  | { readonly text: string; readonly mode: number }
  | { readonly directory: number }
  | { readonly link: string };

export function treeOf(sketch: { readonly [path: string]: Sketch }): Tree {
  return new Map(
    Object.entries(sketch)
      .map(([path, entry]): [string, Entry] => [path, entryOf(entry)])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

function entryOf(sketch: Sketch): Entry {
  if (typeof sketch === 'string') return file(Buffer.from(sketch), 0o600);
  if (sketch instanceof Uint8Array) return file(sketch, 0o600);
  if ('link' in sketch) return { kind: 'symlink', target: sketch.link };
  return 'directory' in sketch ? { kind: 'directory', mode: sketch.directory } : file(Buffer.from(sketch.text), sketch.mode);
}

const file = (bytes: Uint8Array, mode: number): Entry => ({ kind: 'file', mode, bytes, hash: hashBytes(bytes) });
