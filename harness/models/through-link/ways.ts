/**
 * Ways in which a store's files belong to others too, and what such a start looks like on disk.
 *
 *   symlink     each file is a symlink to one in another directory, as those who keep their dotfiles in a repository have it
 *   hard-link   each file has a second name in another directory
 *   mode        each file may be read by its group, whatever mode the store gave it
 *   owner       each file belongs to another user (root)
 *   xattr       each file has an extended attribute, as backup tools, security modules and users give them (Linux, with koffi)
 */
import { chmodSync, chownSync, linkSync, lstatSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { Entry, Tree } from '../../domain/trace.ts';
import { buildTree, scanTree } from '../../domain/tree.ts';
import { type Attributes, attributesHere } from '../../machine/attributes.ts';

export const WAYS = ['symlink', 'hard-link', 'mode', 'owner', 'xattr'] as const;

export type Way = (typeof WAYS)[number];

export const WAY_WORDS = {
  symlink: 'each file is a symlink to one in another directory',
  'hard-link': 'each file has a second name in another directory',
  mode: 'each file may be read by its group (mode 640)',
  owner: 'each file belongs to another user',
  xattr: 'each file has an extended attribute',
} as const satisfies { readonly [way in Way]: string };

const GROUP_READS = 0o640;
/** `nobody`, who has no files of his own. */
const OTHER_USER = 65_534;
/** Users may set it on their own files. */
const ATTRIBUTE = { name: 'user.crash-matrix', value: 'kept' } as const;

/** Builds a tree in an empty directory, for others to have a part in. `elsewhere` must not exist. Throws what the system refuses. */
export function buildShared(tree: Tree, way: Way, directory: string, elsewhere: string): void {
  const files = filesIn(tree);
  switch (way) {
    case 'symlink':
      buildTree(new Map([...tree].filter(([, { kind }]) => kind !== 'file')), directory);
      mkdirSync(elsewhere);
      buildTree(new Map([...tree].filter(([, { kind }]) => kind === 'file' || kind === 'directory')), elsewhere);
      for (const path of files) symlinkSync(relative(dirname(join(directory, path)), join(elsewhere, path)), join(directory, path));
      break;
    case 'hard-link':
      buildTree(tree, directory);
      mkdirSync(elsewhere);
      buildTree(new Map([...tree].filter(([, { kind }]) => kind === 'directory')), elsewhere);
      for (const path of files) linkSync(join(directory, path), join(elsewhere, path));
      break;
    case 'mode':
      buildTree(tree, directory);
      for (const path of files) chmodSync(join(directory, path), GROUP_READS);
      break;
    case 'owner':
      buildTree(tree, directory);
      for (const path of files) chownSync(join(directory, path), OTHER_USER, OTHER_USER);
      break;
    case 'xattr':
      buildTree(tree, directory);
      setAttributes(files.map((path) => join(directory, path)));
      break;
    default:
      way satisfies never;
  }
}

function setAttributes(paths: readonly string[]): void {
  const { set } = attributes();
  for (const path of paths) set(path, ATTRIBUTE.name, ATTRIBUTE.value);
}

function attributes(): Attributes {
  const here = attributesHere();
  if (here === undefined) throw new Error('extended attributes need Linux and koffi');
  return here;
}

export const filesIn = (tree: Tree): string[] => [...tree].flatMap(([path, { kind }]) => (kind === 'file' ? [path] : []));

/** What the store has, links followed that lead to the others' directory. */
export function ownView(directory: string, elsewhere: string): Tree {
  const others = scanIfThere(elsewhere);
  const followed = [...scanTree(directory)].map(([path, entry]): readonly [string, Entry] => {
    if (entry.kind !== 'symlink') return [path, entry];
    const target = realPath(join(directory, path));
    const inside = target?.startsWith(elsewhere + sep) ? others.get(relative(elsewhere, target)) : undefined;
    return [path, inside ?? entry];
  });
  return new Map(followed);
}

/** What others have; nothing where they have no directory. */
export function scanIfThere(elsewhere: string): Tree {
  return lstatSync(elsewhere, { throwIfNoEntry: false }) === undefined ? new Map() : scanTree(elsewhere);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // it leads nowhere
  }
}

/** How others may no longer, or may now, use a file that is still there. */
export interface AccessChange {
  readonly path: string;
  readonly is: 'wider' | 'narrower';
  /** `mode 600, which was 640` */
  readonly words: string;
}

/** The first change of access to a file with which a store started. `own`: its directory now, with links followed. */
export function changeOf(way: Way, files: readonly string[], own: Tree, directory: string): AccessChange | undefined {
  switch (way) {
    case 'mode':
      return accessChange(files, own);
    case 'owner':
      return ownerChange(files, directory);
    case 'xattr':
      return attributeChange(files, directory);
    case 'symlink':
    case 'hard-link':
      return undefined; // others show it
    default:
      return way satisfies never;
  }
}

const READS = 0o444;

/** Of the files that a store started with: the first that other users may read now, else one that they may not read any more. */
function accessChange(files: readonly string[], after: Tree): AccessChange | undefined {
  const changes = files.flatMap((path): AccessChange[] => {
    const entry = after.get(path);
    if (entry?.kind !== 'file') return [];
    const more = entry.mode & READS & ~GROUP_READS;
    const less = GROUP_READS & READS & ~entry.mode;
    const words = `mode ${entry.mode.toString(8)}, which was ${GROUP_READS.toString(8)}`;
    return more !== 0 ? [{ path, is: 'wider', words }] : less !== 0 ? [{ path, is: 'narrower', words }] : [];
  });
  return changes.find(({ is }) => is === 'wider') ?? changes[0];
}

/** The first of the files that belongs to somebody else than before. */
function ownerChange(files: readonly string[], directory: string): AccessChange | undefined {
  const path = files.find((name) => {
    const stat = lstatSync(join(directory, name), { throwIfNoEntry: false });
    return stat?.isFile() === true && stat.uid !== OTHER_USER;
  });
  return path === undefined ? undefined : { path, is: 'narrower', words: 'another owner than before' };
}

/** The first of the files that lost its attribute. */
function attributeChange(files: readonly string[], directory: string): AccessChange | undefined {
  const { get } = attributes();
  const path = files.find((name) => {
    const at = join(directory, name);
    return lstatSync(at, { throwIfNoEntry: false })?.isFile() === true && get(at, ATTRIBUTE.name) !== ATTRIBUTE.value;
  });
  return path === undefined ? undefined : { path, is: 'narrower', words: `no ${ATTRIBUTE.name}, which it had` };
}
