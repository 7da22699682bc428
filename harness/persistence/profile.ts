/** The persistence profiles: named rules. A new one is one file in `profiles/` and one line in `RULES`. */
import { apfs } from './profiles/apfs.ts';
import { btrfs } from './profiles/btrfs.ts';
import { ext4 } from './profiles/ext4.ts';
import { ext4Journal } from './profiles/ext4-journal.ts';
import { ext4NoAuto } from './profiles/ext4-noauto.ts';
import { f2fs } from './profiles/f2fs.ts';
import { ntfs } from './profiles/ntfs.ts';
import { posix } from './profiles/posix.ts';
import { xfs } from './profiles/xfs.ts';
import type { Rules } from './rules.ts';

/** In the order of reports. */
export const RULES = {
  posix,
  ext4,
  'ext4-noauto': ext4NoAuto,
  xfs,
  btrfs,
  'ext4-journal': ext4Journal,
  f2fs,
  apfs,
  ntfs,
} satisfies {
  readonly [name: string]: Rules;
};

export type ProfileName = keyof typeof RULES;
export const PROFILE_NAMES = Object.keys(RULES) as readonly ProfileName[]; // a literal has no other keys

export interface Profile extends Rules {
  readonly name: ProfileName;
}
