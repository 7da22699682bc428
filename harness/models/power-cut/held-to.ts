/** The persistence profile that each real file system is held to. */
import type { ProfileName } from '../../persistence/profile.ts';
import type { FileSystemName } from '../../record/image/file-systems.ts';

export const PROFILE_OF = {
  ext4: 'ext4',
  'ext4-noauto': 'ext4-noauto',
  'ext4-writeback': 'posix',
  'ext4-journal': 'ext4-journal',
  xfs: 'xfs',
  btrfs: 'btrfs',
} as const satisfies { readonly [name in FileSystemName]: ProfileName };

/** File systems on which a claim for all power cuts gates. */
export const GATES: ReadonlySet<FileSystemName> = new Set(['ext4', 'xfs', 'btrfs']);
