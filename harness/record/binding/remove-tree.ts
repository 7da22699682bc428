/** Recursive `rmSync` as C++ does it since Node 23: removes the entries in the order of the listing, then the directory. */
import { join } from 'node:path';
import type { FileOps } from './file-ops.ts';
import { pathText } from './inside.ts';
import { isDirectory, type NativePath, statOf } from './native.ts';

export function removeTree(ops: FileOps, given: NativePath, recursive: boolean): void {
  const { fs } = ops.context;
  const path = pathText(given);
  const stat = ops.perform(ops.onPath('stat', 'rmSync', path, false), () => statOf(fs, path, false));
  if (stat === undefined) return;
  if (!isDirectory(stat)) {
    ops.unlink(path, 'rmSync');
    return;
  }
  if (recursive) removeBelow(ops, path);
  ops.rmdir(path, 'rmSync');
}

function removeBelow(ops: FileOps, directory: string): void {
  const { fs } = ops.context;
  const names = ops.perform(ops.onPath('readdir', 'rmSync', directory, true), () => fs.readdir(directory, 'utf8', false));
  for (const name of names) {
    const path = join(directory, name);
    if (isDirectory(statOf(fs, path, false))) {
      removeBelow(ops, path);
      ops.rmdir(path, 'rmSync');
    } else {
      ops.unlink(path, 'rmSync');
    }
  }
}
