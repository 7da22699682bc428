/**
 * Names that someone may have meant.
 */
import { distance } from 'fastest-levenshtein';

const MOST_LISTED = 20;

/** The known names that come nearest to the wanted one, best first; none that has little to do with it. */
export function nearestNames(wanted: string, known: readonly string[], most = 3): string[] {
  const want = wanted.toLowerCase();
  return known
    .map((name) => ({ name, far: farness(want, name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(2, Math.ceil(Math.max(want.length, name.length) / 3)))
    .sort((one, other) => one.far - other.far || (one.name < other.name ? -1 : 1))
    .slice(0, most)
    .map(({ name }) => name);
}

/** Edits between the two; a name that begins with what was typed, or has it as a part, is near. */
function farness(want: string, name: string): number {
  const edits = distance(want, name);
  if (want.length < 3) return edits;
  if (name.startsWith(want)) return Math.min(edits, 1);
  return name.includes(want) ? Math.min(edits, 2) : edits;
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
