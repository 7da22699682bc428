let last = 0;

/**
 * The time in milliseconds since the epoch, for names: every call in this process returns a larger one, even within one
 * millisecond or after the clock was set back. `after` is a further time that it must exceed.
 */
export function increasingTime(after = 0): number {
  last = Math.max(Date.now(), last + 1, after + 1);
  return last;
}
