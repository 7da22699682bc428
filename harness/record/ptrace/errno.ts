import { constants } from 'node:os';

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** `ENOENT` for 2. Node has no names for the kernel's internal restart codes. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** 2 for `ENOENT`. Throws for a name that this system does not have. */
export function errnoNumber(name: string): number {
  const number = (constants.errno as { readonly [name: string]: number | undefined })[name];
  if (number === undefined) throw new Error(`this system has no errno ${name}`);
  return number;
}
