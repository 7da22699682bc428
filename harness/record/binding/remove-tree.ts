/** Recursive `rmSync` as C++ does it since Node 23: what a directory lists is removed in that order, then the directory. */
import { join } from 'node:path';
import type { Effects } from './effects.ts';
import { pathText } from './inside.ts';
import { isDirectory, type NativePath, statOf } from './native.ts';

export function removeTree(effects: Effects, given: NativePath, recursive: boolean): void {
  const { fs } = effects.world;
  const path = pathText(given);
  const stat = effects.do(effects.onPath('stat', 'rmSync', path, false), () => statOf(fs, path, false));
  if (stat === undefined) return;
  if (!isDirectory(stat)) {
    effects.unlink(path, 'rmSync');
    return;
  }
  if (recursive) removeBelow(effects, path);
  effects.rmdir(path, 'rmSync');
}

function removeBelow(effects: Effects, directory: string): void {
  const { fs } = effects.world;
  const names = effects.do(effects.onPath('readdir', 'rmSync', directory, true), () => fs.readdir(directory, 'utf8', false));
  for (const name of names) {
    const path = join(directory, name);
    if (isDirectory(statOf(fs, path, false))) {
      removeBelow(effects, path);
      effects.rmdir(path, 'rmSync');
    } else {
      effects.unlink(path, 'rmSync');
    }
  }
}
