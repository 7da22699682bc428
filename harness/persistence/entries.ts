/** Entries of trees in words. */
import type { Entry } from '../domain/trace.ts';

export function entryInWords(entry: Entry | undefined): string {
  if (entry === undefined) return 'nothing';
  if (entry.kind === 'symlink') return `a symlink to ${entry.target}`;
  const mode = entry.mode.toString(8);
  return entry.kind === 'file' ? `a file of ${entry.bytes.length} bytes (mode ${mode})` : `a ${entry.kind} (mode ${mode})`;
}
