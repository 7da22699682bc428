/** The persistence profiles by name. */
import type { Profile, ProfileName } from './profile.ts';
import { btrfs } from './profiles/btrfs.ts';
import { ext4 } from './profiles/ext4.ts';
import { ext4NoAuto } from './profiles/ext4-noauto.ts';
import { posix } from './profiles/posix.ts';
import { xfs } from './profiles/xfs.ts';

export const PROFILES: { readonly [name in ProfileName]: Profile } = { posix, ext4, 'ext4-noauto': ext4NoAuto, xfs, btrfs };
