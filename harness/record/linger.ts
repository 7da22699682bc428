/**
 * How a run that is observed stays for what the store still throws: an error in a timer, or in a promise that nobody awaits, may come when
 * all steps have resolved and been recorded.
 *
 * Allows   nothing to be recorded: what is done to the directory meanwhile is not part of the run, and no later stage looks at it.
 * Forbids  waiting for a store that sets its timers again and again: the time is short.
 */

/** The variable that says how long, in ms; a run without it ends at once. */
export const LINGER_VARIABLE = 'CRASH_MATRIX_LINGER_MS';

/** For timers. Without any that are pending, a run stays for one turn of the event loop. */
export const LINGER_MS = 100;
