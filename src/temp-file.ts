import { randomUUID } from 'node:crypto';
import fs from 'node:fs';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** A new name in the directory of `path`, so that the file can be renamed over `path`. */
export function tempPath(path: string): string {
  return `${path}.${randomUUID()}.tmp`;
}

/** Whether `name` is one that `tempPath` makes for a file called `base` (both without their directory). */
export function isTempName(name: string, base: string): boolean {
  return name.startsWith(`${base}.`) && new RegExp(`^${UUID}\\.tmp$`).test(name.slice(base.length + 1));
}

/** Identifies a file and its last write: another file, or another write to it, differs in at least one member. */
export interface FileStamp {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** Creates `path`, which must not exist, with this text; `sync` forces it to disk before it resolves. */
export async function writeNewFile(path: string, text: string, { mode, sync }: { mode: number; sync: boolean }): Promise<FileStamp> {
  const handle = await fs.promises.open(path, 'wx', mode);
  try {
    await handle.writeFile(text, 'utf8');
    if (sync) await handle.sync();
    return stampOf(await handle.stat({ bigint: true }));
  } finally {
    await handle.close();
  }
}

export function stampOf({ dev, ino, size, mtimeNs }: fs.BigIntStats): FileStamp {
  return { dev, ino, size, mtimeNs };
}

export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs;
}
