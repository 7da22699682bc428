import type { Abilities } from '../../harness/domain/store.ts';

/** Of a store with `save` alone. */
export const SAVES: Abilities = { contract: 'value', updates: false, deletes: false };
/** Of a store with `save` and `update`. */
export const UPDATES: Abilities = { ...SAVES, updates: true };
/** Of a store with `set` and `delete`. */
export const SETS: Abilities = { contract: 'map', updates: false, deletes: true };
/** Of a store with `append`. */
export const APPENDS: Abilities = { contract: 'log', updates: false, deletes: false };
