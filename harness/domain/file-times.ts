/** The times of files on disk, of which only the order counts: see `tree-times.ts`. */
import { statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from './trace.ts';

/** When a file with this path and these contents was last changed: larger is later. */
export type TimeOf = (path: string, hash: string) => number;

/** The place of each time in their order, 0 for the oldest. */
export function placesOf<Time extends number | bigint>(times: Iterable<Time>): ReadonlyMap<Time, number> {
  const order = [...new Set(times)].sort((one, other) => (one < other ? -1 : 1));
  return new Map(order.map((time, place) => [time, place]));
}

/** When the files of a tree that lies in a directory were last changed: 0 for the newest, less for older ones. Links are followed. */
export function scanTimes(directory: string, tree: Tree): [path: string, time: number][] {
  const times = [...tree].flatMap(([path, { kind }]): [string, bigint][] => {
    const stat = kind === 'file' ? statSync(join(directory, path), { bigint: true, throwIfNoEntry: false }) : undefined;
    return stat === undefined ? [] : [[path, stat.mtimeNs]];
  });
  const places = placesOf(times.map(([, time]) => time));
  return times.map(([path, time]) => [path, (places.get(time) ?? 0) + 1 - places.size]);
}

/** The same, as a sighting has it. */
export function timesOnDisk(directory: string, tree: Tree): TimeOf {
  const times = new Map(scanTimes(directory, tree));
  return (path) => times.get(path) ?? 0;
}

/** More than a tick of the kernel's clock, which is at most 10 ms: whatever is changed from now on is newer. */
const BEFORE_NOW_MS = 20;

/**
 * How many ms before now each of these entries is to have been changed. The numbers differ, in the order of the changes; entries without a place
 * in it, and those that share one, keep their own order.
 */
export function agesOf(changed: readonly (number | undefined)[]): number[] {
  const newestFirst = [...changed.keys()].sort((one, other) => (changed[other] ?? 0) - (changed[one] ?? 0) || one - other);
  const ages: number[] = [];
  for (const [place, index] of newestFirst.entries()) ages[index] = BEFORE_NOW_MS + place;
  return ages;
}

/** The order of changes that a tree has: path -> place. */
export const timesIn = (tree: Tree): ReadonlyMap<string, number> =>
  new Map([...tree].flatMap(([path, entry]) => (entry.kind === 'file' && entry.changed !== undefined ? [[path, entry.changed]] : [])));

/** Gives the files of a tree that lies in a directory times in the order of its changes; none, if it has no order. */
export function setTimes(directory: string, tree: Tree): void {
  const times = timesIn(tree);
  const ages = agesOf([...times.values()]);
  const now = Date.now();
  for (const [index, path] of [...times.keys()].entries()) {
    const seconds = (now - (ages[index] ?? 0)) / 1000;
    utimesSync(join(directory, path), seconds, seconds);
  }
}
