import type { SessionEntries, SessionEntry } from '../entries.ts';

/** One way to keep the store's file and its backups. Paths are absolute; saves and rotations happen under the store's lock. */
export interface Strategy {
  /** The name of its file. */
  readonly name: string;
  readonly load: (storePath: string) => SessionEntries;
  /** Makes a backup of the store if it is larger than `rotateBytes`. Resolves to whether it did, as far as it knows. */
  readonly rotate: (storePath: string, rotateBytes: number) => Promise<boolean>;
  /** Resolves when the entries are stored, as durably as this strategy stores them. */
  readonly replace: (replacement: Replacement) => Promise<void>;
}

/** A save, after maintenance. */
export interface Replacement {
  readonly storePath: string;
  readonly entries: SessionEntries;
  /** Entries that maintenance removed. Their transcripts must be set aside. */
  readonly removed: readonly SessionEntry[];
  readonly rotateBytes: number;
  /** The lock file that is held. */
  readonly lockPath: string;
  /** Whether the owner of the previous lock died: an earlier save was cut short. */
  readonly lastOwnerDied: boolean;
}
