/**
 * Random histories of a directory as stores write them: whole files, parts of files and names, sometimes forced; and random disturbances
 * between the calls.
 */
import * as fc from 'fast-check';
import type { Forcing } from '../record/image/file-systems.ts';
import type { Disturbance } from './image-run.ts';
import {
  chmod,
  close,
  type Do,
  fdatasync,
  fsync,
  fsyncDir,
  ifOpen,
  link,
  mkdir,
  open,
  rename,
  rmdir,
  symlink,
  sync,
  truncate,
  unlink,
  write,
} from './run.ts';

export const BEFORE = { a: 'aaaa', b: 'b'.repeat(9000), d: { directory: 0o755 }, 'd/a': 'da' };

const FILES = ['a', 'b', 'c', 'd/a', 'd/b'] as const;
const path = fc.constantFrom(...FILES);
const forced = fc.constantFrom(undefined, undefined, fsync, fdatasync);
const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(4095, 4096, 4097, 9000, 20_000));
const bytes = fc.tuple(fc.constantFrom('x', 'y', 'z'), size).map(([letter, times]) => letter.repeat(times));
const offset = fc.oneof(fc.nat(10), fc.constantFrom(4000, 4096, 8192, 8999, 9000, 12_000));

/** Opened, written, forced or not, and closed or not. */
const written = fc
  .record({
    at: path,
    how: fc.constantFrom('new', 'truncate', 'append', 'write', 'create'),
    bytes,
    offset: fc.option(offset),
    forced,
    closed: fc.nat(3),
  })
  .map(({ at, how, ...rest }): Do[] => [
    open(at, how),
    ifOpen(at, write(at, rest.bytes, rest.offset ?? undefined)),
    ...(rest.forced === undefined ? [] : [ifOpen(at, rest.forced(at))]),
    ...(rest.closed === 0 ? [] : [ifOpen(at, close(at))]),
  ]);
const replaced = fc.record({ at: path, bytes, forced }).map(({ at, bytes: data, forced: force }): Do[] => {
  const temp = `${at}.tmp`;
  const forcing = force === undefined ? [] : [ifOpen(temp, force(temp))];
  return [open(temp, 'truncate'), ifOpen(temp, write(temp, data)), ...forcing, ifOpen(temp, close(temp)), rename(temp, at)];
});
const resized = fc
  .record({ at: path, size: fc.oneof(size, fc.constant(0)), bytes: fc.option(bytes), forced })
  .map(({ at, size: to, bytes: data, forced: force }): Do[] => [
    open(at, 'write'),
    ifOpen(at, truncate(at, to)),
    ...(data === null ? [] : [ifOpen(at, write(at, data))]),
    ...(force === undefined ? [] : [ifOpen(at, force(at))]),
    ifOpen(at, close(at)),
  ]);
const named: fc.Arbitrary<Do[]> = fc
  .oneof(
    { weight: 4, arbitrary: fc.tuple(path, path).map(([from, to]) => rename(from, to)) },
    { weight: 2, arbitrary: fc.tuple(path, path).map(([from, to]) => link(from, to)) },
    { weight: 2, arbitrary: path.map(unlink) },
    { weight: 1, arbitrary: fc.tuple(path, fc.constantFrom(0o600, 0o644)).map(([at, mode]) => chmod(at, mode)) },
    { weight: 1, arbitrary: fc.constantFrom(mkdir('c'), mkdir('e'), rmdir('e'), rename('d', 'e'), rename('e', 'd'), symlink('a', 'c')) },
  )
  .map((call) => [call]);
const synced: fc.Arbitrary<Do[]> = fc
  .oneof({ weight: 4, arbitrary: fc.constantFrom('.', 'd').map(fsyncDir) }, { weight: 1, arbitrary: fc.constant(sync) })
  .map((call) => [call]);

export const histories: fc.Arbitrary<Do[]> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: written },
      { weight: 2, arbitrary: replaced },
      { weight: 2, arbitrary: resized },
      { weight: 4, arbitrary: named },
      { weight: 2, arbitrary: synced },
    ),
    { minLength: 1, maxLength: 7 },
  )
  .map((parts) => parts.flat());

/** Disturbances after the last call do not happen. */
const MAX_CALLS = 20;

export const disturbancesOf = (forcings: readonly Forcing[]): fc.Arbitrary<Disturbance[]> => {
  const after = fc.nat(MAX_CALLS);
  return fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ after, how: fc.constantFrom(...forcings) }) },
      { weight: 1, arbitrary: fc.record({ after, how: fc.constant('write-back' as const), path }) },
    ),
    { maxLength: 4 },
  );
};
