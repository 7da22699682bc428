/**
 * What an op does, whichever syscall carried it: the vocabulary that both recorders share, and for each call what it changes, needs and
 * can fail with. Each stage asks this table, so that no two of them can disagree.
 */

export interface CallRow {
  /**
   * What may be different after it. `contents`, `names` and `mode` stand in a tree; `attributes` (times, extended attributes) do not.
   * `mode` is also what a change of owner clears. `as-opened`: the flags say.
   */
  readonly changes: 'contents' | 'names' | 'mode' | 'attributes' | 'as-opened' | 'nothing';
  /** Whether it forces earlier changes to disk. */
  readonly forces: boolean;
  /**
   * What it needs room on the disk for: the bytes that it puts into a file, a new name of its own path, or a new name at its target.
   * `as-opened`: the flags say.
   */
  readonly needs: 'bytes' | 'name' | 'target' | 'as-opened' | 'nothing';
  /**
   * Whether a recorder that did not see it missed something. Recorders may count the others differently: they change nothing that
   * survives, or Node's fs has no call for them.
   */
  readonly compared: boolean;
  /**
   * The errnos that it can fail with on Linux, from the manual pages of section 2, in the order in which they are tried. An errno that every
   * store would treat like another one is left out.
   */
  readonly errnos: readonly (string | ErrnosWhen)[];
  /** The errnos for which a store may go another way, and for no others: to copy where a rename crosses file systems, for instance. */
  readonly fallsBack?: readonly string[];
}

/** Errnos of an op under a circumstance that is no matter of its call. */
export interface ErrnosWhen {
  /**
   * `by-path`: it names a path, not a descriptor. `to-change`: it opens a file to change it. `needs-space`: on this disk it does.
   * `new-name`: it makes a name. `written`: its file was written to before.
   */
  readonly when: 'by-path' | 'to-change' | 'needs-space' | 'new-name' | 'written';
  readonly errnos: readonly string[];
}

const FULL = ['ENOSPC', 'EDQUOT'] as const;
const FOR_SPACE = { when: 'needs-space', errnos: FULL } as const;
const WRITTEN_BACK = { when: 'written', errnos: FULL } as const;
/** File systems differ in how long a name may be: with encryption, 143 bytes. */
const TOO_LONG = { when: 'new-name', errnos: ['ENAMETOOLONG'] } as const;
const ON_PATH = { when: 'by-path', errnos: ['EACCES'] } as const;

const LOOK = { changes: 'nothing', forces: false, needs: 'nothing', compared: false, errnos: ['EIO', ON_PATH] } as const;
const FORCE = { changes: 'nothing', forces: true, needs: 'nothing', compared: true, errnos: ['EIO', WRITTEN_BACK] } as const;
const NAME = { changes: 'names', forces: false, needs: 'nothing', compared: true, errnos: ['EIO', 'EACCES', 'EPERM', 'EROFS'] } as const;
const NEW_NAME = { ...NAME, needs: 'name', errnos: [...NAME.errnos, ...FULL, TOO_LONG] } as const;
const NEW_TARGET = { ...NEW_NAME, needs: 'target' } as const;
const MODE = { changes: 'mode', forces: false, needs: 'nothing', compared: true, errnos: ['EIO', ON_PATH, 'EPERM', 'EROFS'] } as const;
const BYTES = { changes: 'contents', forces: false, needs: 'bytes', compared: true } as const;

export const CALLS = {
  open: {
    changes: 'as-opened',
    forces: false,
    needs: 'as-opened',
    compared: true,
    errnos: ['EIO', 'EACCES', 'EMFILE', { when: 'to-change', errnos: ['EROFS', 'EPERM'] }, FOR_SPACE, TOO_LONG],
  },
  close: { ...LOOK, errnos: ['EIO', WRITTEN_BACK] },
  read: { ...LOOK, errnos: ['EIO'] },
  write: { ...BYTES, errnos: ['EIO', FOR_SPACE] },
  copy: { ...BYTES, errnos: ['EIO', 'EPERM', FOR_SPACE] },
  truncate: { ...BYTES, needs: 'nothing', errnos: ['EIO', ON_PATH, 'EPERM', { when: 'by-path', errnos: ['EROFS'] }] },
  allocate: { ...BYTES, errnos: ['EIO', 'EPERM', FOR_SPACE] },
  fsync: FORCE,
  fdatasync: FORCE,
  sync: FORCE,
  rename: { ...NEW_TARGET, errnos: [...NEW_TARGET.errnos, 'EXDEV', 'EBUSY'], fallsBack: ['EACCES', 'EPERM', 'EXDEV', 'EBUSY'] },
  link: { ...NEW_TARGET, errnos: [...NEW_TARGET.errnos, 'EXDEV', 'EMLINK'], fallsBack: ['EPERM', 'EXDEV', 'EMLINK'] },
  symlink: NEW_TARGET,
  unlink: NAME,
  mkdir: NEW_NAME,
  mknod: NEW_NAME,
  rmdir: NAME,
  chmod: MODE,
  chown: MODE, // it clears setuid
  utimes: { ...MODE, changes: 'attributes' },
  stat: LOOK,
  access: LOOK,
  readdir: { ...LOOK, errnos: ['EIO', { when: 'by-path', errnos: ['EACCES', 'EMFILE'] }] },
  readlink: LOOK,
  lock: { ...LOOK, errnos: ['ENOLCK', 'EIO'] },
  unlock: { ...LOOK, errnos: [] }, // on a local file system it cannot fail
  xattr: { ...MODE, changes: 'attributes', compared: false, errnos: [...MODE.errnos, ...FULL] }, // Node's fs has no call for it
  mmap: { ...LOOK, errnos: ['ENOMEM'] }, // and munmap, mremap, mprotect
  mapwrite: { changes: 'contents', forces: false, needs: 'nothing', compared: false, errnos: [] }, // stores to memory, which is no call
  msync: { ...FORCE, compared: false },
} as const satisfies { readonly [call: string]: CallRow };

export type Call = keyof typeof CALLS;

/** Whether the contents of a file may be others after it. */
export function changesContents({ call, flags = [] }: { readonly call: Call; readonly flags?: readonly string[] }): boolean {
  const { changes } = CALLS[call];
  return changes === 'contents' || (changes === 'as-opened' && flags.includes('truncate'));
}

/** Whether a tree may be another one after it. */
export function changesTree(call: Call): boolean {
  const { changes } = CALLS[call];
  return changes !== 'nothing' && changes !== 'attributes';
}

/** Whether it makes something where nothing may be yet, as locks are made. */
export function makesAnew({ call, flags = [] }: { readonly call: Call; readonly flags?: readonly string[] }): boolean {
  return call === 'mkdir' || call === 'link' || call === 'symlink' || (call === 'open' && flags.includes('exclusive'));
}
