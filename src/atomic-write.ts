import fs from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from './directory.ts';
import { errorCode } from './error-code.ts';
import { tempPath, writeNewFile } from './temp-file.ts';

/**
 * The atomic write of the real store: temp file, fsync, close, rename over, fsync of the directory, temp removed in `finally`.
 *
 * Under kill and power loss the file holds the old text or the new one. It is best effort in two places: a directory that
 * cannot be synced is ignored (the old text may come back after a power cut, though this resolved), and on Windows, where
 * an open target refuses the rename, it copies over the live file, and after 5 attempts warns and *resolves*.
 * `replaceDurably` has neither weakness.
 */
export interface AtomicWriteOptions {
  /** Permissions of the new file; the umask applies. Default: 0o600. */
  readonly mode?: number;
  /** Whether to force file and directory to disk. Default: true. */
  readonly sync?: boolean;
}

const WINDOWS_ATTEMPTS = 5;
const WINDOWS_PAUSE_MS = 50;

/** Replaces the file at `path` (which may be missing) by one with this text. Rejects with the system's error. */
export async function writeTextAtomic(path: string, text: string, { mode = 0o600, sync = true }: AtomicWriteOptions = {}): Promise<void> {
  const temp = tempPath(path);
  try {
    await writeNewFile(temp, text, { mode, sync });
    await moveOver(temp, path);
    if (sync) await syncDirectory(dirname(path)).catch(() => {});
  } finally {
    await fs.promises.rm(temp, { force: true }).catch(() => {});
  }
}

async function moveOver(temp: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await fs.promises.rename(temp, path);
      return;
    } catch (error) {
      if (!refusedByWindows(error)) throw error;
    }
    try {
      await fs.promises.copyFile(temp, path);
      return;
    } catch (error) {
      if (attempt === WINDOWS_ATTEMPTS) {
        process.emitWarning(`${path} was not saved: ${String(error)}`);
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, WINDOWS_PAUSE_MS * attempt));
  }
}

function refusedByWindows(error: unknown): boolean {
  const code = errorCode(error);
  return process.platform === 'win32' && (code === 'EPERM' || code === 'EEXIST');
}
