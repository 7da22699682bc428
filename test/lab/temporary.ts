/** Directories of tests. */
import { existsSync, mkdtempSync, realpathSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An absolute path without symlinks; whoever asks removes it. */
export function temporaryDirectory(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'crash-test-')));
}

/** The same, removed when the test ends. */
export function freshDirectory(): string {
  const directory = temporaryDirectory();
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Waits until a file is there, however long that takes. Its directory must exist. */
export async function appears(path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (!existsSync(path)) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(dirname(path), look).on('error', reject);
    look();
  });
}
