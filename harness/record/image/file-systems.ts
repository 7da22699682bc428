/**
 * How to make and mount the file systems of images.
 *
 * Allows   mkfs and mount defaults of Linux 6, except lazy initialisation, which would write to the image during a run, and commit
 *          timers, for which a run is too short anyway.
 * Forbids  options that make data safer or less safe than the name of the file system says.
 */
export type FileSystemName = 'ext4' | 'ext4-noauto' | 'ext4-writeback' | 'ext4-journal' | 'xfs' | 'btrfs';

export interface FileSystem {
  readonly name: FileSystemName;
  /** The type for mount(2). */
  readonly type: 'ext4' | 'xfs' | 'btrfs';
  /** The command that makes it, without the image's path. */
  readonly make: readonly [command: string, ...options: string[]];
  /** The Debian package with that command. */
  readonly package: string;
  /** The size of the image. It is sparse: this costs nothing. */
  readonly bytes: number;
  readonly mountOptions: string;
  /** What else may force the store's changes to disk while it runs. */
  readonly forcings: readonly Forcing[];
}

/**
 * What forces data to disk besides the store's own calls. `commit`: as by the timer of the file system; on ext4 and xfs, which have no
 * call for it, through the fsync of another file. `fsync`: of another file, where that does not commit. `sync`: syncfs(2), data and
 * metadata.
 */
export type Forcing = 'commit' | 'fsync' | 'sync';

const MIB = 1 << 20;

const ext4: FileSystem = {
  name: 'ext4',
  type: 'ext4',
  make: [
    'mkfs.ext4',
    '-q',
    '-F',
    '-T',
    'default',
    '-b',
    '4096',
    '-E',
    'lazy_itable_init=0,lazy_journal_init=1,nodiscard',
    '-N',
    '4096',
    '-J',
    'size=4',
  ],
  package: 'e2fsprogs',
  bytes: 256 * MIB,
  mountOptions: 'commit=60',
  forcings: ['commit', 'sync'],
};

export const FILE_SYSTEMS: { readonly [name in FileSystemName]: FileSystem } = {
  ext4,
  'ext4-noauto': { ...ext4, name: 'ext4-noauto', mountOptions: 'commit=60,noauto_da_alloc' },
  'ext4-writeback': { ...ext4, name: 'ext4-writeback', mountOptions: 'commit=60,data=writeback' },
  'ext4-journal': { ...ext4, name: 'ext4-journal', mountOptions: 'commit=60,data=journal' },
  xfs: {
    name: 'xfs',
    type: 'xfs',
    make: ['mkfs.xfs', '-q', '-f'],
    package: 'xfsprogs',
    bytes: 320 * MIB,
    mountOptions: 'nouuid', // several copies of one fresh image are mounted at a time
    forcings: ['commit', 'sync'],
  },
  btrfs: {
    name: 'btrfs',
    type: 'btrfs',
    make: ['mkfs.btrfs', '-q'],
    package: 'btrfs-progs',
    bytes: 256 * MIB,
    mountOptions: '',
    forcings: ['commit', 'fsync', 'sync'],
  },
};
