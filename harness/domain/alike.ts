/**
 * Whether a store gave back what was saved, where it adds members of its own: defaults, a version, a time. Pure.
 *
 * What a store adds is learnt once, from a run without a crash. A member that was saved and is missing or changed is never alike.
 */
import { isDeepStrictEqual } from 'node:util';
import { isObject } from './json.ts';
import type { Json } from './trace.ts';

/** Keys from the top to a member; `*` stands for any key and any place in a list. */
export type Path = readonly string[];

export interface Likeness {
  /** Members that only one of the two may have. */
  readonly adds?: readonly Path[];
  /** Members that do not count. */
  readonly ignore?: readonly Path[];
}

/** `*.updatedAt` */
export const parsePath = (text: string): Path => text.split('.');

/** Equal as JSON, whatever the order of keys. `at`: where both stand in the loaded value. */
export function alike(one: Json | undefined, other: Json | undefined, { adds = [], ignore = [] }: Likeness, at: Path = []): boolean {
  if (isDeepStrictEqual(one, other)) return true;
  if (adds.length === 0 && ignore.length === 0) return false;
  return isAlike(one, other, { adds, ignore }, at);
}

function isAlike(one: Json | undefined, other: Json | undefined, likeness: Required<Likeness>, at: Path): boolean {
  if (isNamed(at, likeness.ignore)) return true;
  if (one === undefined || other === undefined) return one === other || isNamed(at, likeness.adds);
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => isAlike(item, other[index], likeness, [...at, String(index)]));
  if (!isObject(one) || !isObject(other)) return isDeepStrictEqual(one, other);
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((key) => isAlike(one[key], other[key], likeness, [...at, key]));
}

/**
 * The members that `loaded` has and `saved` has not; keys and places that both have are `*`. Undefined if `loaded` does not have all that was saved.
 */
export function addedTo(saved: Json | undefined, loaded: Json | undefined, ignore: readonly Path[]): Path[] | undefined {
  const added = new Map<string, Path>();
  const look = (before: Json | undefined, after: Json | undefined, at: Path, general: Path): boolean => {
    if (isNamed(at, ignore)) return true;
    if (Array.isArray(before) && Array.isArray(after))
      return (
        before.length === after.length && before.every((item, index) => look(item, after[index], [...at, String(index)], [...general, ANY]))
      );
    if (!isObject(before) || !isObject(after)) return isDeepStrictEqual(before, after);
    for (const key of Object.keys(after)) {
      const path = [...general, key];
      if (before[key] === undefined && !isNamed([...at, key], ignore)) added.set(path.join('\0'), path);
    }
    return Object.keys(before).every((key) => look(before[key], after[key], [...at, key], [...general, ANY]));
  };
  return look(saved, loaded, [], []) ? [...added.values()] : undefined;
}

const ANY = '*';

const isNamed = (at: Path, paths: readonly Path[]): boolean =>
  paths.some((path) => path.length === at.length && path.every((key, index) => key === ANY || key === at[index]));
