/**
 * Where a path leads on a disk, as the kernel would follow it.
 */
import type { Disk } from './disk.ts';
import { NOTHING, ROOT } from './namespace.ts';

/** A name in a directory. `inode` is NOTHING where the directory has no such name. */
export interface Place {
  readonly directory: number;
  readonly name: number;
  readonly inode: number;
  /** Without symlinks and `..`: a key of the run's trees. */
  readonly path: string;
}

const MOST_SYMLINKS = 40; // as on Linux

/** Undefined: outside the store's directory, or in a directory that is not there. `follow`: the last name too, if it is a symlink. */
export function placeAt(disk: Disk, path: string, follow: boolean, links = 0): Place | undefined {
  if (path.startsWith('/') || links > MOST_SYMLINKS) return undefined;
  const parents: Place[] = [];
  let place: Place = { directory: NOTHING, name: 0, inode: ROOT, path: '' };
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  for (const [index, part] of parts.entries()) {
    if (part === '..') {
      const parent = parents.pop();
      if (parent === undefined) return undefined;
      place = parent;
      continue;
    }
    if (place.inode === NOTHING) return undefined;
    const name = disk.world.names.idOf(part);
    const directory = place.inode;
    const inode = disk.namespace.at(directory, name);
    const prefix = place.path === '' ? '' : `${place.path}/`;
    const found = inode === NOTHING ? undefined : disk.inode(inode);
    if (found?.kind === 'symlink' && (follow || index < parts.length - 1)) {
      const rest = parts.slice(index + 1).join('/');
      if (found.target.startsWith('/')) return undefined;
      return placeAt(disk, `${prefix}${found.target}/${rest}`, follow, links + 1);
    }
    parents.push(place);
    place = { directory, name, inode, path: prefix + part };
  }
  return place;
}
