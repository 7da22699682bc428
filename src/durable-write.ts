import fs from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from './directory.ts';
import { errorCode } from './error-code.ts';
import { removeQuietly } from './remove-quietly.ts';
import { type FileStamp, tempPath, writeNewFile } from './temp-file.ts';

export interface DurableWriteOptions {
  /** Permissions of the new file; the umask applies. Default: 0o600. */
  readonly mode?: number;
  /** Called when the new text is on disk under its temporary name, just before the rename. */
  readonly beforeRename?: () => Promise<void>;
}

const WINDOWS_ATTEMPTS = 5;
const WINDOWS_PAUSE_MS = 50;

/**
 * Replaces the file at `path` (which may be missing) by one with this text: temp file, fsync, rename, fsync of the directory.
 *
 * When it resolves, the text is on disk under its name; at every instant before, the file is whole, the old or the new one.
 * When it rejects, either may be there. A failed attempt is never reused: after a failed fsync the kernel may have marked
 * unwritten pages as clean, so the next attempt writes a new temp file. It never writes into the live file, not even on
 * Windows, where an open target refuses the rename: it tries 5 times, then rejects.
 */
export async function replaceDurably(path: string, text: string, options: DurableWriteOptions = {}): Promise<FileStamp> {
  const { mode = 0o600, beforeRename } = options;
  const temp = tempPath(path);
  let stamp: FileStamp;
  try {
    stamp = await writeNewFile(temp, text, { mode, sync: true });
    await beforeRename?.();
    await renameOver(temp, path);
  } catch (error) {
    await removeQuietly(temp);
    throw error;
  }
  await syncDirectory(dirname(path));
  return stamp;
}

async function renameOver(temp: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await fs.promises.rename(temp, path);
      return;
    } catch (error) {
      if (attempt === WINDOWS_ATTEMPTS || !targetIsOpen(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, WINDOWS_PAUSE_MS * attempt));
  }
}

function targetIsOpen(error: unknown): boolean {
  const code = errorCode(error);
  return process.platform === 'win32' && (code === 'EPERM' || code === 'EEXIST' || code === 'EACCES' || code === 'EBUSY');
}
