/**
 * Suggestions for a misspelt name.
 */
import { distance as levenshtein } from 'fastest-levenshtein';

const MOST_LISTED = 20;

/** The known names nearest to the wanted one, best first, without those that are too far from it. */
export function nearestNames(wanted: string, known: readonly string[], most = 3): string[] {
  const want = wanted.toLowerCase();
  return known
    .map((name) => ({ name, distance: distanceTo(want, name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.ceil(Math.max(want.length, name.length) / 3)))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map(({ name }) => name);
}

/** The edit distance, but at most 1 for a name that begins with the wanted one and at most 2 for one that contains it. */
function distanceTo(want: string, name: string): number {
  const edits = levenshtein(want, name);
  if (want.length < 3) return edits;
  if (name.startsWith(want)) return Math.min(edits, 1);
  return name.includes(want) ? Math.min(edits, 2) : edits;
}

const boundaryIn = (id: string): number => Number(/@(\d+)/.exec(id)?.[1]);

/** Of the ids of a cell's cases those at the nearest boundary, and of these the ones that are spelt most alike. */
export function nearestCases(wanted: string, known: readonly string[], most = 3): string[] {
  const away = (id: string): number => Math.abs(boundaryIn(id) - boundaryIn(wanted));
  return known
    .map((id) => ({ id, away: away(id), edits: levenshtein(wanted, id) }))
    .sort((one, other) => one.away - other.away || one.edits - other.edits)
    .slice(0, most)
    .map(({ id }) => id);
}

/** `unknown store "renam-away"; did you mean rename-away? Known: copy-then-replace, rename-away, …`. */
export function didYouMean(kind: string, wanted: string, known: readonly string[]): string {
  const near = nearestNames(wanted, known);
  const guess = near.length === 0 ? '.' : `; did you mean ${oneOf(near)}?`;
  const more = known.length > MOST_LISTED ? `, and ${known.length - MOST_LISTED} more` : '';
  const list = known.length === 0 ? 'None is known' : `Known: ${known.slice(0, MOST_LISTED).join(', ')}${more}`;
  return `unknown ${kind} ${JSON.stringify(wanted)}${guess} ${list}`;
}

/** `a, b or c`. */
export function oneOf(names: readonly string[]): string {
  return names.length === 1 ? `${names[0]}` : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
