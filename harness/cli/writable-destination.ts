/** Where a user wants results. Whether they can be written there is found out before the work, not after it. */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UnavailableError, UsageError } from '../domain/errors.ts';
import { replaceFile } from '../machine/replace-file.ts';

/** Makes it if it is not there, and tries to write. Returns its absolute path. Throws UsageError, which names `flag` with what was given to it. */
export function writableDirectory(flag: string, path: string, given = path): string {
  const directory = resolve(path);
  const probe = join(directory, `.crash-matrix-${process.pid}`);
  try {
    if (existsSync(directory) && !statSync(directory).isDirectory()) throw new Error('it is a file');
    makeDirectory(directory);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new UsageError(`${flag} ${given}: nothing can be written there: ${error instanceof Error ? error.message : error}`);
  }
  return directory;
}

/** Makes the directory of a file that is written later. Throws UsageError, which names `flag`. */
export function writableFile(flag: string, path: string): void {
  writableDirectory(flag, dirname(path), path);
  if (existsSync(path) && statSync(path).isDirectory())
    throw new UsageError(`${flag} ${path}: it is a directory, and a file is to be written there`);
}

/** Writes a result, whole or not at all. Throws UnavailableError. */
export async function writeResult(path: string, text: string): Promise<void> {
  await replaceFile(path, text).catch((error: Error) => {
    throw new UnavailableError(error.message, { cause: error });
  });
}

/** One by one: Node's recursive mkdir never ends where the kernel says that a directory which is there is not (in /proc). */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeDirectory(dirname(path));
  mkdirSync(path);
}
