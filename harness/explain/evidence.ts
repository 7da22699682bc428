/** Evidence of several cells, or of several shards, as one. */
import type { Evidence } from '../domain/evidence.ts';

const TABLES = ['lines', 'runs', 'trees', 'contents', 'values', 'cuts', 'cases', 'sources'] as const satisfies readonly (keyof Evidence)[];

/** Sorted by id, so that the order of the parts does not matter. Undefined if no part has evidence. */
export function joinedEvidence(parts: readonly (Evidence | undefined)[]): Evidence | undefined {
  const some = parts.filter((part) => part !== undefined);
  if (some.length === 0) return undefined;
  const joined = (table: keyof Evidence): object =>
    Object.fromEntries(some.flatMap((part) => Object.entries<unknown>(part[table])).sort(([one], [other]) => (one < other ? -1 : 1)));
  return Object.fromEntries(TABLES.map((table) => [table, joined(table)])) as Evidence; // each table is made of tables of its kind
}
