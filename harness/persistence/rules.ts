/**
 * The rules in which file systems differ when the power goes, each with its possible values.
 *
 * Rules are data; `pieces.ts` applies them, with `grouping.ts` and `inode-tracker.ts`. Common to all file systems: everything that existed
 * before the first op is on disk; sync and syncfs force everything; a name change is atomic; a grown size persists only after the
 * smaller sizes before it, except under `metadata: 'free'`; bytes never appear in a file to which they were not written. Unwritten
 * ranges read as zeros.
 */
export interface Rules {
  /**
   * Names, modes, and sizes set by truncate and fallocate. `logged`: they persist in order, up to some point. `free`: each
   * persists independently.
   */
  readonly metadata: 'free' | 'logged';
  /**
   * The size of a file grown by a write. `free`: it persists independently of the data. `with-data`: size and data persist
   * together, after everything logged before the write. `with-new-blocks`: the same, except where the file ended inside a page that
   * may be allocated already: there the size may persist first, and the page then ends in zeros.
   */
  readonly growth: 'free' | 'with-data' | 'with-new-blocks';
  /**
   * Overwritten data. `in-place`: it persists at any time. `copied`: it goes to new blocks; their allocation is metadata, so
   * everything logged before persists first.
   */
  readonly overwrite: 'in-place' | 'copied';
  /** Two writes to one page (one sector, when tearing). `in-order`: the later never persists alone, as a page is written whole. */
  readonly samePage: 'free' | 'in-order';
  /**
   * What is written into files. `written-back`: it persists by itself. `journalled`: it is logged, in order with names, except what was
   * stored into mapped memory.
   */
  readonly data: 'written-back' | 'journalled';
  /** A size set by truncate. `waits`: it persists after the data below it. `at-once`: it may persist first; that data reads as zeros. */
  readonly resize: 'at-once' | 'waits';
  /** Which renames over an existing file persist only after the new file's data: none, all, or those over a file that was not empty. */
  readonly renameOver: 'not-flushed' | 'flushed' | 'flushed-if-not-empty';
  /**
   * After which truncation a close flushes the file: what is logged after that close persists only after the file's data.
   * `emptied`: the size was set to 0, from any size. `shortened`: the size was reduced; only data in unallocated pages is flushed.
   */
  readonly close: 'not-flushed' | 'flushed-if-emptied' | 'flushed-if-shortened';
  /**
   * What fsync(file) forces. `file`: its data, size and mode. `log`: also everything logged up to the last change to the file.
   * `file-and-names`: its data, size, mode and names, with what a replay of the names requires.
   */
  readonly fsyncFile: 'file' | 'log' | 'file-and-names';
  /** What fsync(dir) forces. `nothing`: none of them, as POSIX has it. `entries`: its entries. `log`: as for a file. `entries-and-path`: its entries, and its own path. */
  readonly fsyncDirectory: 'nothing' | 'entries' | 'log' | 'entries-and-path';
}
