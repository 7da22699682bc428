/**
 * The writer of the harness's own result files. It is also a store of the matrix: see `store/result-writer.ts`.
 *
 * Allows   several writers of one file, each with a temporary file of its own: the last rename wins.
 * Forbids  a file that is cut off, empty or mixed, at any instant; an answer before file and name are on disk.
 * Window   after a rejection the old or the new text is there; the temporary file of a process that was killed stays behind.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { dirname } from 'node:path';

/** With the path in its message, and the system's error as its cause. */
export class WriteError extends Error {
  override readonly name = 'WriteError';
}

/** Windows refuses to rename over a file that somebody has open. */
const WINDOWS_ATTEMPTS = 5;
const WINDOWS_PAUSE_MS = 50;
const OPEN_ON_WINDOWS: ReadonlySet<string | undefined> = new Set(['EPERM', 'EEXIST', 'EACCES', 'EBUSY']);
/** Windows has no fsync for directories; NTFS logs names by itself. */
const NO_DIRECTORY_FSYNC: ReadonlySet<string | undefined> = new Set(['EPERM', 'EISDIR', 'EINVAL']);

/**
 * Replaces the file at `path`, which may be missing. The umask applies to `mode`. Resolves when the text is on disk under its name.
 * Rejects with a `WriteError`.
 */
export async function replaceFile(path: string, text: string, mode = 0o644): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeNew(temporary, Buffer.from(text), mode);
    await renameOver(temporary, path);
  } catch (cause) {
    await fs.promises.rm(temporary, { force: true }).catch(() => {}); // the first error says more
    throw new WriteError(`${path} could not be written: ${messageOf(cause)}`, { cause });
  }
  try {
    await syncDirectory(dirname(path));
  } catch (cause) {
    throw new WriteError(`${path} was written, but a power cut may take it back: ${messageOf(cause)}`, { cause });
  }
}

async function writeNew(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const handle = await fs.promises.open(path, 'wx', mode);
  try {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written);
      if (bytesWritten === 0) throw new Error(`the system wrote ${written} of ${bytes.length} bytes, and then none`);
      written += bytesWritten;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function renameOver(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fs.promises.rename(from, to);
    } catch (error) {
      if (process.platform !== 'win32' || attempt === WINDOWS_ATTEMPTS || !OPEN_ON_WINDOWS.has(codeOf(error))) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, WINDOWS_PAUSE_MS * attempt));
  }
}

async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await fs.promises.open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (process.platform !== 'win32' || !NO_DIRECTORY_FSYNC.has(codeOf(error))) throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
