/** Evidence of several cells, or of several shards, as one. */
import type { Evidence } from '../domain/evidence.ts';

const TABLES = ['lines', 'runs', 'trees', 'contents', 'values', 'cuts', 'cases', 'sources'] as const satisfies readonly (keyof Evidence)[];

/** Sorted by id, so that it is the same in whatever order the parts come. Undefined where there is none. */
export function joinedEvidence(parts: readonly (Evidence | undefined)[]): Evidence | undefined {
  const some = parts.filter((part) => part !== undefined);
  if (some.length === 0) return undefined;
  const joined = (table: keyof Evidence): object =>
    Object.fromEntries(some.flatMap((part) => Object.entries<unknown>(part[table])).sort(([one], [other]) => (one < other ? -1 : 1)));
  return Object.fromEntries(TABLES.map((table) => [table, joined(table)])) as Evidence; // each table is made of tables of its kind
}
