/**
 * How long an observed run stays after its last step: an error in a timer, or in a promise that nobody awaits, may come later.
 *
 * Allows   errors to be noted. What happens to the directory meanwhile is not recorded, and no later stage looks at it.
 * Forbids  waiting for a store that sets timers again and again: the time is short.
 */

/** The variable with the time in ms; a run without it ends at once. */
export const LINGER_VARIABLE = 'CRASH_MATRIX_LINGER_MS';

/** For timers and calls of fs. Where none is pending, a run stays for one turn of the event loop. */
export const LINGER_MS = 100;
