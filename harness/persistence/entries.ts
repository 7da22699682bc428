/** Entries of trees, compared and in words. */
import type { Entry } from '../domain/trace.ts';

export function sameEntry(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (a.kind === 'symlink') return b.kind === 'symlink' && a.target === b.target;
  if (a.kind !== b.kind || a.mode !== b.mode) return false;
  return a.kind !== 'file' || (b.kind === 'file' && a.hash === b.hash);
}

export function entryInWords(entry: Entry | undefined): string {
  if (entry === undefined) return 'nothing';
  if (entry.kind === 'symlink') return `a symlink to ${entry.target}`;
  const mode = entry.mode.toString(8);
  return entry.kind === 'file' ? `a file of ${entry.bytes.length} bytes (mode ${mode})` : `a ${entry.kind} (mode ${mode})`;
}
