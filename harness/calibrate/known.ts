/**
 * Known deviations of this kernel from the profiles, by kind: reported and counted, but not a failure of the calibration.
 *
 * Each is a rule that derives the additional trees from the history before the cut: any other forbidden tree is a failure.
 */
import type { Entry, Op, Trace, Tree } from '../domain/trace.ts';
import { hashBytes } from '../domain/tree.ts';
import { historyOf } from '../persistence/micro-op-history.ts';
import type { Profile, ProfileName } from '../persistence/profile.ts';
import { allows, allowsWithNames } from './allows.ts';
import { namesAfter } from './btrfs-log.ts';

export const KNOWN = {
  'logged-names':
    'btrfs: a rename, link or unlink of a file forced since the last commit, or in a directory forced since, is added to the log of forced files, and reaches the disk with the next fsync of anything: ahead of older names, and with the two halves of a rename independent. Only the names that `harness/calibrate/btrfs-log.ts` computes, which follows the kernel call by call, each with contents that the profile allows',
  'stale-bytes':
    'ext4 with data=writeback: bytes that a truncation cut off reappear if the file grows over them again before its last page is written. Only the bytes that were cut off, at their old offsets, in a tree that posix allows with zeros there',
} as const;
export type KnownKind = keyof typeof KNOWN;

/** The kind of a tree that a profile forbids; undefined if it is of no known kind. */
export function knownKind(profile: Profile, trace: Trace, boundary: number, tree: Tree): KnownKind | undefined {
  const kind = KIND_ON[profile.name];
  return kind !== undefined && IS_KNOWN[kind](profile, trace, boundary, tree) ? kind : undefined;
}

/** Profiles with a known deviation. Only ext4 with data=writeback is checked against posix. */
const KIND_ON: { readonly [name in ProfileName]?: KnownKind } = { posix: 'stale-bytes', btrfs: 'logged-names' };

type IsKnown = (profile: Profile, trace: Trace, boundary: number, tree: Tree) => boolean;

const IS_KNOWN: { readonly [kind in KnownKind]: IsKnown } = {
  'logged-names': (profile, trace, boundary, tree) =>
    allowsWithNames(trace, profile, boundary, tree, namesAfter(historyOf(trace), boundary)),
  'stale-bytes': (profile, trace, boundary, tree) => {
    const without = withoutStaleBytes(trace, boundary, tree);
    return without !== undefined && allows(trace, profile, boundary, without);
  },
};

/** The tree with zeros in place of bytes that a truncation cut off and that reappeared; undefined if there are none. */
function withoutStaleBytes(trace: Trace, boundary: number, tree: Tree): Tree | undefined {
  const cuts = trace.ops.slice(0, boundary).filter(isCut);
  let found = false;
  const entries = [...tree].map(([path, entry]): [string, Entry] => {
    if (entry.kind !== 'file') return [path, entry];
    const now = trace.trees[boundary]?.get(path);
    const bytes = Uint8Array.from(entry.bytes);
    for (const { index, file } of cuts) {
      const was = trace.trees[index - 1]?.get(file.actual);
      const cut = trace.trees[index]?.get(file.actual);
      if (was?.kind !== 'file' || cut?.kind !== 'file') continue;
      for (let at = cut.bytes.length; at < Math.min(was.bytes.length, bytes.length); at += 1) {
        if (bytes[at] === 0 || bytes[at] !== was.bytes[at]) continue;
        if (now?.kind === 'file' && now.bytes[at] === bytes[at]) continue; // it was written again
        bytes[at] = 0;
        found = true;
      }
    }
    return [path, { ...entry, bytes, hash: hashBytes(bytes) }];
  });
  return found ? new Map(entries) : undefined;
}

const isCut = (op: Op): boolean => op.error === undefined && (op.call === 'truncate' || (op.flags?.includes('truncate') ?? false));
