/**
 * Which name changes an fsync of a file or directory forces, on file systems where it does not force all earlier ones.
 */
import type { NameChange } from './micro-op.ts';
import type { NamePiece } from './piece.ts';

/** A name in a directory, as a key. */
export const keyOfName = ({ directory, name }: Pick<NameChange, 'directory' | 'name'>): string => `${directory}/${name}`;

export const changesIn = ({ changes }: NamePiece, directory: number): boolean => changes.some((change) => change.directory === directory);

const addsName = ({ changes }: NamePiece, inode: number): boolean => changes.some(({ now }) => now === inode);
const removesName = ({ changes }: NamePiece, inode: number): boolean => changes.some(({ was }) => was === inode);

/** The pieces that added or removed a name of the file, with their prerequisites. */
export function namesOfFile(all: readonly NamePiece[], inode: number): ReadonlySet<NamePiece> {
  return withPrerequisites(
    all,
    all.filter((piece) => addsName(piece, inode) || removesName(piece, inode)),
  );
}

/** The pieces that changed entries of a directory, with their prerequisites, and those that named the directory itself. */
export function entriesAndPathOf(all: readonly NamePiece[], directory: number): ReadonlySet<NamePiece> {
  const chosen = withPrerequisites(
    all,
    all.filter((piece) => changesIn(piece, directory)),
  );
  for (const piece of all) if (addsName(piece, directory)) chosen.add(piece);
  return chosen;
}

/** Adds the earlier pieces that a replay of these needs: those of the same names, and those of the directories the names are in. */
function withPrerequisites(all: readonly NamePiece[], seeds: readonly NamePiece[]): Set<NamePiece> {
  const chosen = new Set(seeds);
  for (let before = -1; before !== chosen.size; ) {
    before = chosen.size;
    const [names, directories] = [new Set<string>(), new Set<number>()];
    // Newest first: a piece can only require older ones.
    for (const piece of [...all].reverse()) {
      const needed = piece.changes.some((change) => names.has(keyOfName(change)) || directories.has(change.now));
      if (needed) chosen.add(piece);
      if (!chosen.has(piece)) continue;
      for (const change of piece.changes) {
        names.add(keyOfName(change));
        directories.add(change.directory);
      }
    }
  }
  return chosen;
}
