/** Resolves a path on a disk as the kernel would. */
import type { Disk } from './disk.ts';
import { NOTHING, ROOT } from './namespace.ts';

/** A name in a directory. `inode` is NOTHING if the directory has no such name. */
export interface ResolvedPath {
  readonly directory: number;
  readonly name: number;
  readonly inode: number;
  /** The path without symlinks and `..`: a key of the run's trees. */
  readonly path: string;
}

const MAX_SYMLINKS = 40; // as on Linux

/** Undefined: outside the store's directory, or the parent does not exist. `follow`: also follow the last name if it is a symlink. */
export function resolvePath(disk: Disk, path: string, follow: boolean, links = 0): ResolvedPath | undefined {
  if (path.startsWith('/') || links > MAX_SYMLINKS) return undefined;
  const parents: ResolvedPath[] = [];
  let place: ResolvedPath = { directory: NOTHING, name: 0, inode: ROOT, path: '' };
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  for (const [index, part] of parts.entries()) {
    if (part === '..') {
      const parent = parents.pop();
      if (parent === undefined) return undefined;
      place = parent;
      continue;
    }
    if (place.inode === NOTHING) return undefined;
    const name = disk.inodeTable.names.idOf(part);
    const directory = place.inode;
    const inode = disk.namespace.at(directory, name);
    const prefix = place.path === '' ? '' : `${place.path}/`;
    const found = inode === NOTHING ? undefined : disk.inode(inode);
    if (found?.kind === 'symlink' && (follow || index < parts.length - 1)) {
      const rest = parts.slice(index + 1).join('/');
      if (found.target.startsWith('/')) return undefined;
      return resolvePath(disk, `${prefix}${found.target}/${rest}`, follow, links + 1);
    }
    parents.push(place);
    place = { directory, name, inode, path: prefix + part };
  }
  return place;
}
