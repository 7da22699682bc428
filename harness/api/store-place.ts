/** From what a program names a store by to what the command line would say. */
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { below } from '../domain/below.ts';
import { UsageError } from '../domain/errors.ts';

/** `place` is a `StorePlace`, if the caller keeps to the types. Relative paths begin at `from`; the answer is relative to `cwd` where it can be. */
export function storeArgument(place: unknown, { from, cwd }: { readonly from: string; readonly cwd: string }): string {
  if (typeof place === 'object' && place !== null && 'href' in place) return pathFrom(cwd, fileOf(String(place.href)));
  if (typeof place !== 'string')
    throw new UsageError(`a store is given by the path of its file, not as ${whatIs(place)}. ${PASS_ITS_PATH}`);
  if (place.startsWith('file:')) return pathFrom(cwd, fileOf(place));
  return isName(place) ? place : pathFrom(cwd, resolve(from, place));
}

const PASS_ITS_PATH =
  "The processes that are killed load that file. Pass its path, as in './notes.ts', or its URL, as in new URL('./notes.ts', import.meta.url).";

/** A built-in store has neither in its name. */
const isName = (place: string): boolean => !/[\\/.]/.test(place);

function fileOf(href: string): string {
  if (href.startsWith('file:')) return fileURLToPath(href);
  throw new UsageError(`a store is a file, and ${href} is the address of none. ${PASS_ITS_PATH}`);
}

function whatIs(place: unknown): string {
  if (place === undefined || place === null) return String(place);
  if (typeof place !== 'object') return `a ${typeof place}`;
  const members = Object.keys(place).slice(0, 5);
  return members.length === 0 ? 'an object' : `an object (with ${members.join(', ')})`;
}

/** As a person would write it: `./notes.ts`. */
function pathFrom(cwd: string, file: string): string {
  const path = below(cwd, file);
  return path === undefined || path === '' ? file : `.${sep}${path}`;
}
