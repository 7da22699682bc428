/**
 * Which changes of names an fsync brings to disk with a file or a directory, where it does so without all those before them.
 */
import type { NameChange } from './micro-op.ts';
import type { NamePiece } from './piece.ts';

/** A name in a directory, as a key. */
export const keyOfName = ({ directory, name }: Pick<NameChange, 'directory' | 'name'>): string => `${directory}/${name}`;

export const changesIn = ({ changes }: NamePiece, directory: number): boolean => changes.some((change) => change.directory === directory);

const brings = ({ changes }: NamePiece, inode: number): boolean => changes.some(({ now }) => now === inode);
const takes = ({ changes }: NamePiece, inode: number): boolean => changes.some(({ was }) => was === inode);

/** The names that a file got or lost, and what they stand on. */
export function namesOfFile(all: readonly NamePiece[], inode: number): ReadonlySet<NamePiece> {
  return withWhatTheyStandOn(
    all,
    all.filter((piece) => brings(piece, inode) || takes(piece, inode)),
  );
}

/** The entries of a directory, what they stand on, and the directory's own name. */
export function entriesAndPathOf(all: readonly NamePiece[], directory: number): ReadonlySet<NamePiece> {
  const chosen = withWhatTheyStandOn(
    all,
    all.filter((piece) => changesIn(piece, directory)),
  );
  for (const piece of all) if (brings(piece, directory)) chosen.add(piece);
  return chosen;
}

/** Some changes of names, and all before them that a replay of these needs: of the same names, and of the directories they are in. */
function withWhatTheyStandOn(all: readonly NamePiece[], some: readonly NamePiece[]): Set<NamePiece> {
  const chosen = new Set(some);
  for (let before = -1; before !== chosen.size; ) {
    before = chosen.size;
    const [names, directories] = [new Set<string>(), new Set<number>()];
    // From the newest on, so that only what is older than the chosen is looked at.
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
