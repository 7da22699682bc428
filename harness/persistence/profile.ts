/**
 * What a persistence profile can say: the questions in which file systems differ, each with its possible answers.
 *
 * A profile is data; `pieces.ts` carries it out, with `grouping.ts` and `standing.ts`. Common to all profiles: what was there before the first op is on disk; sync and
 * syncfs force everything; a change of names is atomic; the sizes that one file grows to never come without the smaller ones
 * before them, except under `metadata: 'free'`; nobody's bytes ever appear in a file they were not written to. Unwritten places
 * read as zeros.
 */
export const PROFILE_NAMES = ['posix', 'ext4', 'ext4-noauto', 'xfs', 'btrfs'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

export interface Profile {
  readonly name: ProfileName;
  /**
   * Names, modes, and sizes set by truncate and fallocate. `logged`: they persist in the order in which they were made, up to
   * some point. `free`: each by itself.
   */
  readonly metadata: 'free' | 'logged';
  /**
   * The size of a file that a write makes grow. `free`: persists by itself, with or without the data. `with-data`: the two come
   * together, once the data is written; what was logged before the write comes first. `with-new-blocks`: so too, but where the file
   * ended inside a page that may have its place on disk already, the size may come first: that page then ends in zeros.
   */
  readonly growth: 'free' | 'with-data' | 'with-new-blocks';
  /**
   * Data put in the place of other data. `in-place`: reaches the disk at any time. `copied`: gets a new place, which is
   * metadata; what was logged before comes first.
   */
  readonly overwrite: 'in-place' | 'copied';
  /** Two writes to one page (one sector, when tearing). `in-order`: the later never comes without the earlier, as a page is written whole. */
  readonly samePage: 'free' | 'in-order';
  /** A size set by truncate. `waits`: it comes after the data up to that size. `at-once`: it does not; that data may read as zeros. */
  readonly resize: 'at-once' | 'waits';
  /** Which rename over an existing file comes only after the new file's data: none, any, or one over a file that was not empty. */
  readonly renameOver: 'not-flushed' | 'flushed' | 'flushed-if-not-empty';
  /**
   * After which truncation the close that follows flushes: what is logged after that close comes only after the file's data.
   * `emptied`: set to 0, whatever it was. `shortened`: set to less than it was, and only data in pages without a place on disk.
   */
  readonly close: 'not-flushed' | 'flushed-if-emptied' | 'flushed-if-shortened';
  /**
   * What fsync(file) forces. `file`: its data, size and mode. `log`: those, and everything logged up to the last change to the file.
   * `file-and-names`: those, and its names, with what it takes to replay them.
   */
  readonly fsyncFile: 'file' | 'log' | 'file-and-names';
  /** What fsync(dir) forces. `entries`: its entries. `log`: as for a file. `entries-and-path`: its entries, and its own path. */
  readonly fsyncDirectory: 'nothing' | 'entries' | 'log' | 'entries-and-path';
}
