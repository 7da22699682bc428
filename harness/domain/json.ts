/** Stored values taken for what a contract says they are: a map of keys, or a list of records. */
import type { Json } from './trace.ts';

export type Keys = { readonly [key: string]: Json };

export function isObject(value: Json | undefined): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** No keys where it is no object. */
export const keysOf = (value: Json | undefined): Keys => (isObject(value) ? value : {});

/** No records where it is no list. */
export const recordsOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
