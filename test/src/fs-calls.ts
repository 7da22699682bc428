import fs from 'node:fs';
import { vi } from 'vitest';

const NOTED = ['copyFile', 'link', 'rename', 'unlink', 'writeFile'] as const;

/**
 * The calls that `save` makes on a store's files, in order, without those on its lock: `rename temp live`, `fsync file`, …
 * Every mock is restored when it returns.
 */
export async function callsOf(save: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  for (const name of NOTED) {
    const real = fs.promises[name] as (...args: unknown[]) => Promise<void>;
    vi.spyOn(fs.promises, name).mockImplementation((async (...args: unknown[]) => {
      const files = args.flatMap(roleOf);
      if (files.length > 0) calls.push([name, ...files].join(' '));
      return real(...args);
    }) as never);
  }
  const prototype = await fileHandlePrototype();
  const sync = prototype.sync;
  vi.spyOn(prototype, 'sync').mockImplementation(async function (this: fs.promises.FileHandle) {
    calls.push((await this.stat()).isDirectory() ? 'fsync directory' : 'fsync file');
    return sync.call(this);
  });
  try {
    await save();
  } finally {
    vi.restoreAllMocks();
  }
  return calls;
}

/** What `handle.sync` and the like are methods of: Node exports no name for it. */
export async function fileHandlePrototype(): Promise<fs.promises.FileHandle> {
  const handle = await fs.promises.open(import.meta.filename, 'r');
  await handle.close();
  return Object.getPrototypeOf(handle);
}

function roleOf(argument: unknown): string[] {
  const path = String(argument);
  if (/sessions\.json\.[0-9a-f-]{36}\.tmp$/.test(path)) return ['temp'];
  if (/\.bak\.\d+$/.test(path)) return ['backup'];
  return path.endsWith('sessions.json') ? ['live'] : [];
}
