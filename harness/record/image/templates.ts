/**
 * Fresh images, one per file system: made once per session, and copied for each run of a store.
 */
import { execFile } from 'node:child_process';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HarnessError } from '../../domain/errors.ts';
import type { FileSystem, FileSystemName } from './file-systems.ts';
import { findCommand } from './missing.ts';

export class Templates {
  readonly #directory: string;
  readonly #path: string;
  readonly #made = new Map<FileSystemName, Promise<string>>();

  /** `directory`: an existing directory for the images. `path`: the PATH to search for mkfs. */
  constructor(directory: string, path: string) {
    this.#directory = directory;
    this.#path = path;
  }

  /** The path of a fresh image. */
  of(fs: FileSystem): Promise<string> {
    const known = this.#made.get(fs.name) ?? this.#make(fs);
    this.#made.set(fs.name, known);
    return known;
  }

  async #make({ name, make, bytes }: FileSystem): Promise<string> {
    const [command, ...options] = make;
    const file = findCommand(command, this.#path);
    if (file === undefined) throw new HarnessError(`${command} no longer exists`);
    const image = join(this.#directory, `${name}.image`);
    writeFileSync(image, '');
    truncateSync(image, bytes);
    try {
      await promisify(execFile)(file, [...options, image], { env: { PATH: this.#path } });
    } catch (cause) {
      rmSync(image);
      throw new HarnessError(`${command} could not make an image`, { cause });
    }
    return image;
  }
}
