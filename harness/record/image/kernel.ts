/**
 * Mounts and loop devices, through system calls by koffi: starting a tool for each would take ten times as long.
 *
 * Everything happens in a mount namespace of the calling thread and the processes that it starts. When they end, for any reason, the
 * kernel removes the mounts, and the loop devices with them (LO_FLAGS_AUTOCLEAR): nothing is left to clean up.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';

const CLONE_NEWNS = 0x20000;
/** Reading a tree must not make the file system write: no access times. */
const MS = { noAccessTimes: 1024, slave: 1 << 19, recursive: 1 << 14 } as const;
const MNT_DETACH = 2;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const LOOP_CONFIGURE = 0x4c0a;
const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_AUTOCLEAR = 4;
/** struct loop_config: fd, block_size, struct loop_info64 (232 bytes, its flags at 52), 64 reserved bytes. */
const LOOP_CONFIG_BYTES = 8 + 232 + 64;
const LOOP_FLAGS_AT = 8 + 52;
const BTRFS_START_SYNC = 0x80089418;
const BTRFS_WAIT_SYNC = 0x40089416;
/** Flags of sync_file_range(2): wait for started writes; or start all writes and wait for them. */
const SYNC_RANGE = { wait: 1, writeAndWait: 7 } as const;
const EBUSY = 'EBUSY';
/** How often another process may take the free loop device first. */
const LOOP_TRIES = 50;

export interface Kernel {
  /** Gives the calling thread its own mount namespace. Mounts of the system still appear in it; its mounts appear nowhere else. */
  enterPrivateMounts(): void;
  mount(source: string, target: string, type: string, options: string): void;
  /** The path is free immediately; processes that still use the mount keep it until they end. */
  unmount(target: string): void;
  /** Attaches an open image to a free loop device while `use` runs, and after that while it is mounted. */
  withLoop<Result>(image: number, use: (device: string, number: number) => Result): Result;
  /** The stretches of a file that hold data: offset and end. */
  extents(fd: number): [number, number][];
  syncfs(fd: number): void;
  /** Writes the data of an open file, and nothing else. */
  writeBack(fd: number): void;
  /** Waits for started writes of an open file's data, and starts none. On btrfs their metadata may follow later. */
  awaitWriteBack(fd: number): void;
  /** Commits a btrfs without writing back dirty data. */
  commitBtrfs(fd: number): void;
}

/** Throws if koffi is missing. Linux on a 64-bit little-endian machine. */
export function loadKernel(): Kernel {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  const unshare = library.func('int unshare(int flags)');
  const mount = library.func('int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)');
  const umount = library.func('int umount2(const char *target, int flags)');
  const ioctl = library.func('int ioctl(int fd, unsigned long request, void *argument)');
  const lseek = library.func('int64_t lseek(int fd, int64_t offset, int whence)');
  const syncfs = library.func('int syncfs(int fd)');
  const syncRange = library.func('int sync_file_range(int fd, int64_t offset, int64_t bytes, unsigned int flags)');
  const errorName = (): string => getSystemErrorName(-koffi.errno());
  const check = (result: number, what: string): void => {
    if (result < 0) throw new Error(`${what}: ${errorName()}`);
  };
  const attach = (image: number): { readonly device: number; readonly number: number } => {
    const control = openSync('/dev/loop-control', 'r+');
    try {
      for (let tries = 0; ; tries += 1) {
        const number = ioctl(control, LOOP_CTL_GET_FREE, null) as number;
        check(number, 'getting a free loop device');
        const device = openSync(`/dev/loop${number}`, 'r+');
        const config = Buffer.alloc(LOOP_CONFIG_BYTES);
        config.writeUInt32LE(image, 0);
        config.writeUInt32LE(LOOP_AUTOCLEAR, LOOP_FLAGS_AT);
        if (ioctl(device, LOOP_CONFIGURE, config) === 0) return { device, number };
        const error = errorName();
        closeSync(device);
        if (error !== EBUSY || tries === LOOP_TRIES) throw new Error(`/dev/loop${number} could not be set up: ${error}`);
      }
    } finally {
      closeSync(control);
    }
  };
  return {
    enterPrivateMounts: () => {
      check(unshare(CLONE_NEWNS), 'creating a mount namespace');
      check(mount('none', '/', null, MS.slave | MS.recursive, null), 'making mounts private');
    },
    mount: (source, target, type, options) =>
      check(mount(source, target, type, MS.noAccessTimes, options), `mounting ${type} at ${target}`),
    unmount: (target) => {
      if (umount(target, 0) < 0) check(umount(target, MNT_DETACH), `unmounting ${target}`);
    },
    withLoop: (image, use) => {
      const { device, number } = attach(image);
      try {
        return use(`/dev/loop${number}`, number);
      } finally {
        closeSync(device);
      }
    },
    extents: (fd) => {
      const found: [number, number][] = [];
      for (let at = 0; ; ) {
        const start = Number(lseek(fd, at, SEEK_DATA));
        if (start < 0) return found; // ENXIO: no data from here on
        at = Number(lseek(fd, start, SEEK_HOLE));
        found.push([start, at]);
      }
    },
    syncfs: (fd) => check(syncfs(fd), 'syncfs'),
    writeBack: (fd) => check(syncRange(fd, 0, 0, SYNC_RANGE.writeAndWait), 'sync_file_range'),
    awaitWriteBack: (fd) => check(syncRange(fd, 0, 0, SYNC_RANGE.wait), 'sync_file_range'),
    commitBtrfs: (fd) => {
      const transaction = Buffer.alloc(8);
      check(ioctl(fd, BTRFS_START_SYNC, transaction), 'starting a commit of btrfs');
      check(ioctl(fd, BTRFS_WAIT_SYNC, transaction), 'waiting for a commit of btrfs');
    },
  };
}

/** The counters of a loop device: while they are unchanged, so is its image. */
export interface LoopActivity {
  /** Counts of finished writes and discards, as text. */
  readonly finished: string;
  readonly inFlight: number;
}

/** Fields of /sys/block/…/stat. Reads change nothing, so their counts are left out. */
const STAT = { writes: 4, writtenSectors: 6, inFlight: 8, discards: 11, discardedSectors: 13 } as const;

export function activityOf(loop: number): LoopActivity {
  const fields = readFileSync(`/sys/block/loop${loop}/stat`, 'latin1').trim().split(/\s+/);
  const { writes, writtenSectors, inFlight, discards, discardedSectors } = STAT;
  const finished = [writes, writtenSectors, discards, discardedSectors].map((at) => fields[at]).join(' ');
  return { finished, inFlight: Number(fields[inFlight]) };
}
