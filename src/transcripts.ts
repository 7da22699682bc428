import fs from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { SessionEntries, SessionEntry } from './entries.ts';
import { increasingTime } from './increasing-time.ts';

/**
 * Renames the transcripts of removed entries to `<id>.jsonl.deleted.<ISO time>` (`:` as `-`, for Windows). A transcript that
 * a kept entry shares stays, and so does one outside the store's directory. Transcripts that are missing, or cannot be
 * renamed, are skipped: they must not fail the save.
 */
export async function setAsideTranscripts(storePath: string, removed: readonly SessionEntry[], kept: SessionEntries): Promise<void> {
  if (removed.length === 0) return;
  const inUse = new Set(Object.values(kept).map((entry) => transcriptPath(storePath, entry)));
  for (const path of new Set(removed.map((entry) => transcriptPath(storePath, entry)))) {
    if (path === undefined || inUse.has(path)) continue;
    const time = new Date(increasingTime()).toISOString().replaceAll(':', '-');
    await fs.promises.rename(path, `${path}.deleted.${time}`).catch(() => {});
  }
}

function transcriptPath(storePath: string, entry: SessionEntry | null | undefined): string | undefined {
  const directory = dirname(storePath);
  const { sessionFile, sessionId }: { sessionFile?: unknown; sessionId?: unknown } = entry ?? {};
  if (typeof sessionFile === 'string') {
    const path = resolve(directory, sessionFile);
    const inside = relative(directory, path);
    return path.endsWith('.jsonl') && !inside.startsWith('..') && !isAbsolute(inside) ? path : undefined;
  }
  if (typeof sessionId !== 'string' || sessionId === '' || basename(sessionId) !== sessionId) return undefined;
  return join(directory, `${sessionId}.jsonl`);
}
