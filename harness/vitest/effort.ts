/** What tests try unless they say otherwise: they are run at each change, and wait for the answer. */
export const EFFORT = 'quick';
