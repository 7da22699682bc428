/**
 * Which of the names that ran these are, in the fewest letters: `all` where it is each of several, else `all but reset` or
 * `replace, large`. Names stand in the order in which they ran.
 */
export function among(some: readonly string[], ran: readonly string[], all: string): string {
  const names = ran.filter((name) => some.includes(name));
  const others = ran.filter((name) => !some.includes(name));
  if (others.length === 0 && names.length > 1) return all;
  const named = names.join(', ');
  const butOthers = `all but ${others.join(', ')}`;
  return names.length > 1 && butOthers.length < named.length ? butOthers : named;
}
