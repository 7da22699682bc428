import type { SessionEntries, SessionEntry } from './entries.ts';

export interface MaintenanceLimits {
  /** Entries not updated for longer than this many milliseconds are dropped. */
  readonly maxAgeMs: number;
  /** Of the others, only this many are kept: those updated last. */
  readonly maxEntries: number;
}

export const DEFAULT_LIMITS: MaintenanceLimits = { maxAgeMs: 30 * 24 * 60 * 60 * 1000, maxEntries: 500 };

/**
 * Divides entries into those to keep, in their order, and those to remove. `now` in milliseconds since the epoch.
 * An entry without `updatedAt` never expires, but is the first to be removed when there are too many.
 */
export function maintain(
  entries: SessionEntries,
  limits: MaintenanceLimits,
  now: number,
): { readonly kept: SessionEntries; readonly removed: readonly SessionEntry[] } {
  const all = Object.entries(entries);
  const recent = all.filter(([, entry]) => (updatedAt(entry) ?? now) >= now - limits.maxAgeMs);
  const newestFirst = [...recent].sort(
    ([, a], [, b]) => (updatedAt(b) ?? Number.MIN_SAFE_INTEGER) - (updatedAt(a) ?? Number.MIN_SAFE_INTEGER),
  );
  const keep = new Set(newestFirst.slice(0, limits.maxEntries));
  if (keep.size === all.length) return { kept: entries, removed: [] };
  return {
    kept: Object.fromEntries(all.filter((pair) => keep.has(pair))),
    removed: all.filter((pair) => !keep.has(pair)).map(([, entry]) => entry),
  };
}

/** The fields of an entry are unchecked JSON: `updatedAt` may be missing, and the entry may not even be an object. */
function updatedAt(entry: SessionEntry | null | undefined): number | undefined {
  const time: unknown = entry?.updatedAt;
  return Number.isFinite(time) ? (time as number) : undefined; // isFinite is true of numbers only
}
